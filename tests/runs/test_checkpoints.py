"""Checkpoints: whole or absent, checked, and an older one in place of one that is damaged."""

import shutil
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import pixace
from pixace.errors import PixaceError, RunError
from pixace.runs.checkpoints import ASIDE, Checkpoints, saved
from pixace.runs.run_folder import Run
from pixace.storage import manifest, pytrees

STATE = {"step": jnp.int32(0), "weights": {"a": jnp.arange(6.0).reshape(2, 3)}}


def state(step):
    return {"step": jnp.int32(step), "weights": {"a": STATE["weights"]["a"] + step}}


def flip(path: Path, place: int = -1) -> None:
    """Damages one bit of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)


@pytest.fixture
def folder(tmp_path):
    """Three checkpoints, of which the second was the best."""
    with Checkpoints(tmp_path / "checkpoints", keep=3) as checkpoints:
        for step in (1, 2, 3):
            checkpoints.save(step, state(step), is_best=step == 2)
    return tmp_path / "checkpoints"


def restored(folder, keep=3):
    """The step and the weights that are gone on from."""
    with Checkpoints(folder, keep=keep) as checkpoints:
        found = checkpoints.restore(STATE)
    np.testing.assert_array_equal(found["weights"]["a"], state(found["step"])["weights"]["a"])
    return int(found["step"])


def test_the_last_is_gone_on_from(folder, capsys):
    assert saved(folder.parent) == [1, 2, 3]
    assert restored(folder) == 3
    assert capsys.readouterr().err == ""


def test_the_last_ones_and_the_best_are_kept(folder):
    with Checkpoints(folder, keep=1) as checkpoints:
        checkpoints.save(4, state(4), is_best=False)
    assert saved(folder.parent) == [2, 4]
    assert {path.name for path in folder.iterdir()} == {"2", "2.json", "4", "4.json"}


def files(folder):
    """All files of a checkpoint, and what is written down of it."""
    found = [path.relative_to(folder.parent) for path in folder.rglob("*") if path.is_file()]
    return sorted([*found, Path(f"{folder.name}.json")])


def test_whatever_is_damaged_the_one_before_is_taken_and_said(folder, tmp_path, capsys):
    for name in files(folder / "3"):
        place = shutil.copytree(folder, tmp_path / "copy" / "checkpoints", dirs_exist_ok=False)
        if not (place / name).stat().st_size:
            shutil.rmtree(place.parent)
            continue
        flip(place / name)
        assert restored(place) == 2
        said = capsys.readouterr().err
        what = name.relative_to("3") if name.parts[0] == "3" else name
        assert said.startswith(f"checkpoint {place / '3'} is damaged ({what})"), said
        assert said.endswith(f"and set aside as 3{ASIDE}\n")
        assert saved(place.parent) == [1, 2]
        shutil.rmtree(place.parent)


def test_a_file_that_is_missing_is_damage(folder, capsys):
    next(path for path in (folder / "3").rglob("*") if path.is_file()).unlink()
    assert restored(folder) == 2
    assert "is damaged" in capsys.readouterr().err


def test_where_all_are_damaged_nothing_is_begun_anew(folder):
    for step in (1, 2, 3):
        flip(manifest.place(folder / str(step)))
    with pytest.raises(RunError, match=r"all checkpoints in .* are damaged; .*train --from"):
        Checkpoints(folder, keep=3)


def test_one_that_was_not_finished_is_cleared(folder):
    manifest.place(folder / "3").unlink()
    assert restored(folder) == 2
    assert not (folder / "3").exists()


def test_older_ones_stay_until_a_new_one_reads_as_it_was_written(folder, monkeypatch):
    with Checkpoints(folder, keep=1) as checkpoints:
        usual = checkpoints._manager.restore

        def damaged(step, **settings):
            found = usual(step, **settings)
            return {name: leaf * 2 for name, leaf in found.items()}

        monkeypatch.setattr(checkpoints._manager, "restore", damaged)
        with pytest.raises(PixaceError, match="reads otherwise than it was written; see whether"):
            checkpoints.save(4, state(4), is_best=True)
    assert restored(folder) == 3


def test_a_run_goes_on_from_the_checkpoint_before(tiny_outcome, tmp_path, capsys):
    """And ends as if nothing had happened."""
    well = shutil.copytree(tiny_outcome.run.path, tmp_path / "well" / "run")
    pixace.resume(well, steps=12)
    run = Run(shutil.copytree(well, tmp_path / "damaged" / "run"))
    manifest.place(run.path / "checkpoints" / "12").unlink()
    run.describe(status="stopped", step=9)
    assert saved(run.path) == [3, 6, 9][-len(saved(run.path)) :]
    flip(max((run.path / "checkpoints" / "9").rglob("d/*"), key=lambda path: path.stat().st_size))
    capsys.readouterr()
    assert pixace.resume(run.path).step == 12
    assert "checkpoints/9 is damaged" in capsys.readouterr().err
    states = []
    for path in (well, run.path):
        with Checkpoints(path / "checkpoints", keep=3) as checkpoints:
            states.append(checkpoints._manager.restore(12, args=checkpoints._restore_args()))
    assert pytrees.sha256(states[0]) == pytrees.sha256(states[1])
