"""Token sets: same bytes however made, whole or absent, honest about what was left out."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from pixace import tokenizers
from pixace.data import parallel_encoding, shards, token_set, token_set_writer, tokenization
from pixace.data.preprocessing import Preprocessing
from pixace.data.splits import Survey
from pixace.data.token_set_header import Header, Origin
from pixace.errors import ImageError, PixaceError, SourceError, TokenError
from pixace.sources import Record
from pixace.storage import sealed

TOKENIZER = tokenizers.by_spec("pixel size=4x2 colors=grey:256 order=raster")


def picture(number):
    """The picture of a number below 65,536, unlike all others."""
    return np.repeat([number % 256, number // 256], 12).astype(np.uint8).reshape(2, 4, 3)


@dataclass(frozen=True)
class Numbers:
    """Picture i shows the number i, its low byte above; some are bad, one kills who reads it."""

    count: int
    bad: frozenset[int] = frozenset()
    group_of: int = 1
    described: bool = False
    deadly: frozenset = frozenset()
    first: int = 0
    spec: str = "numbers"

    def __len__(self):
        return self.count

    def record(self, i):
        caption = f"number {i}" if self.described else None
        return Record(f"{i}.png", f"group {i // self.group_of}", caption)

    def read(self, i):
        if i in self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if i in self.bad:
            return b"not a picture"
        return picture(self.first + i)

    def fingerprint(self):
        return f"{self.count} numbers"


def build(source, out, *, validation=None, validation_fraction=0.05, **settings):
    survey = Survey(source, validation, validation_fraction)
    return token_set_writer.write(survey, out, TOKENIZER, **settings)


def shown(opened, split):
    """The numbers that the rows of a split show, in order."""
    rows = opened.split(split)
    return TOKENIZER.decode(rows.rows(np.arange(len(rows))))[:, 0, 0, 0].tolist()


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_each_picture_is_in_one_split_in_order(tmp_path):
    opened = build(Numbers(200), tmp_path / "set", validation_fraction=0.1)
    train, validation = shown(opened, "train"), shown(opened, "validation")
    assert (len(train), len(validation)) == (180, 20)
    assert sorted(train + validation) == list(range(200))
    assert train == sorted(train)
    assert opened.header.splits == {"train": 180, "validation": 20}


def test_a_set_says_how_it_was_made(tmp_path):
    build(Numbers(10), tmp_path / "set", fit="pad", background=(1, 2, 3), validation_fraction=0.2)
    opened = token_set.open_set(tmp_path / "set")
    assert opened.tokenizer == TOKENIZER
    assert opened.header.origin == Origin("numbers", "10 numbers", 10)
    assert (opened.header.fit, opened.header.background) == ("pad", (1, 2, 3))
    assert opened.header.fitting
    assert (opened.header.validation, opened.header.validation_fraction) == (None, 0.2)
    assert (opened.header.skipped, opened.header.skipped_first) == (0, ())


def test_bytes_do_not_depend_on_the_number_of_workers(tmp_path):
    source = Numbers(1500, bad=frozenset({3, 700}), group_of=3, described=True)
    for workers in (1, 2, 3):
        build(source, tmp_path / str(workers), workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "2") == contents(tmp_path / "3")


def test_shards_have_a_fixed_number_of_rows_and_are_plain_numpy_files(tmp_path):
    writer = shards.Writer(tmp_path, "train", 3, np.dtype("<u2"), shard_rows=10)
    tokens = np.arange(3 * 25, dtype=np.uint16).reshape(25, 3)
    with writer:
        for part in np.split(tokens, [1, 1, 8, 23]):
            writer.append(part)
        files = writer.finish()
    assert [(file.name, file.rows) for file in files] == [
        ("train-00000.npy", 10), ("train-00001.npy", 10), ("train-00002.npy", 5)
    ]  # fmt: skip
    again = np.concatenate([np.load(tmp_path / file.name) for file in files])
    np.testing.assert_array_equal(again, tokens)
    for file in files:
        assert hashlib.sha256((tmp_path / file.name).read_bytes()).hexdigest() == file.sha256

    split = shards.Split(tmp_path, tuple(files), 3, int(tokens.max()) + 1)
    indices = np.array([24, 0, 9, 10, 19, 20, 0])
    rows = split.rows(indices)
    assert rows.dtype == np.int32
    np.testing.assert_array_equal(rows, tokens[indices])
    assert split.rows([]).shape == (0, 3)
    for outside in (-1, 25):
        with pytest.raises(IndexError, match=r"rows are 0\.\.24"):
            split.rows([outside])


@pytest.mark.parametrize(
    ("scheme", "kind"), [("grey:16", "<u1"), ("grey:256", "<u2"), ("hsv:5,4,4", "<u2")]
)
def test_tokens_take_the_smallest_type_that_fits(tmp_path, scheme, kind):
    tokenizer = tokenizers.by_spec(f"pixel size=4x2 colors={scheme} order=raster")
    token_set_writer.write(Survey(Numbers(2)), tmp_path / "set", tokenizer)
    assert np.load(tmp_path / "set" / "train-00000.npy").dtype == np.dtype(kind)


def test_a_million_photographs_of_32x32_need_at_most_2_2_gb():
    tokenizer = tokenizers.by_spec("pixel size=32x32 colors=hsv:5,4,4 order=raster")
    row = tokenizer.length * parallel_encoding.smallest_type(tokenizer.vocab_size).itemsize
    assert 1_000_000 * row + 16 * 128 < 2.2e9


def test_groups_stay_whole(tmp_path):
    opened = build(Numbers(250, group_of=7), tmp_path / "set", validation_fraction=0.2)
    train = {i // 7 for i in shown(opened, "train")}
    validation = {i // 7 for i in shown(opened, "validation")}
    assert not train & validation
    assert len(opened.split("validation")) == 49  # seven groups; an eighth would be too many


def test_hardly_any_picture_changes_sides_when_some_are_added(tmp_path):
    few = build(Numbers(200), tmp_path / "few", validation_fraction=0.1)
    more = build(Numbers(220), tmp_path / "more", validation_fraction=0.1)
    before, after = set(shown(few, "validation")), set(shown(more, "validation"))
    assert len(before - after) <= 4  # 20 new pictures bring 2 more places, and take about 2


def test_two_groups_are_enough_for_a_validation_split(tmp_path):
    opened = build(Numbers(30, group_of=20), tmp_path / "set")
    assert shown(opened, "validation") == list(range(20, 30))


def test_one_group_cannot_be_split(tmp_path):
    opened = build(Numbers(30, group_of=30), tmp_path / "set")
    assert opened.header.splits == {"train": 30, "validation": 0}
    assert opened.split("validation").rows([]).shape == (0, 8)


def test_no_fraction_means_no_validation(tmp_path):
    opened = build(Numbers(30), tmp_path / "set", validation_fraction=0.0)
    assert opened.header.splits == {"train": 30, "validation": 0}


def test_a_validation_source_of_its_own_wins(tmp_path):
    opened = build(
        Numbers(50),
        tmp_path / "set",
        validation=Numbers(3, first=70, spec="three"),
        validation_fraction=0.5,
    )
    assert shown(opened, "train") == list(range(50))
    assert shown(opened, "validation") == [70, 71, 72]
    assert opened.header.validation == Origin("three", "3 numbers", 3)
    assert opened.header.validation_fraction == 0


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
def test_an_impossible_fraction_is_refused(tmp_path, fraction):
    with pytest.raises(PixaceError, match="at least 0 and below 1"):
        build(Numbers(3), tmp_path / "set", validation_fraction=fraction)


def test_captions_come_back_row_by_row(tmp_path):
    source = Numbers(60, bad=frozenset({5}), described=True)
    opened = build(source, tmp_path / "set", validation_fraction=0.2)
    for split in ("train", "validation"):
        captions = [record["caption"] for record in opened.records(split)]
        assert captions == [f"number {i}" for i in shown(opened, split)]
    assert next(opened.records("train")).keys() == {"name", "caption", "label"}


def test_without_captions_there_are_no_records(tmp_path):
    opened = build(Numbers(5), tmp_path / "set")
    assert not (tmp_path / "set" / "records.jsonl").exists()
    assert list(opened.records("train")) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_pictures_are_counted_named_and_left_out(tmp_path, workers):
    source = Numbers(1000, bad=frozenset(range(0, 1000, 5)))
    opened = build(source, tmp_path / "set", validation_fraction=0.0, workers=workers)
    assert len(opened.split("train")) == 800
    assert opened.header.skipped == 200
    assert len(opened.header.skipped_first) == 100
    assert opened.header.skipped_first[1].startswith("5.png: ")


def test_captions_that_cannot_be_read_are_counted_and_named_and_their_pictures_kept(tmp_path):
    class Unread(Numbers):
        def record(self, i):
            return replace(super().record(i), unread="its caption is torn")

    opened = build(Unread(200), tmp_path / "set", validation=Unread(2, first=200))
    assert opened.header.splits == {"train": 200, "validation": 2}
    assert (opened.header.skipped, opened.header.unread) == (0, 202)
    assert len(opened.header.unread_first) == 100
    assert opened.header.unread_first[1] == "1.png: its caption is torn"


@pytest.mark.parametrize("workers", [1, 2])
def test_strict_stops_at_a_bad_picture_and_leaves_nothing(tmp_path, workers):
    with pytest.raises(ImageError, match=r"^7\.png: "):
        build(Numbers(600, bad=frozenset({7})), tmp_path / "set", strict=True, workers=workers)
    assert list(tmp_path.iterdir()) == []


def test_nothing_but_bad_pictures_is_an_error(tmp_path):
    with pytest.raises(SourceError, match=r"none of the 3 pictures of numbers can be read.*\.png:"):
        build(Numbers(3, bad=frozenset(range(3))), tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


def test_no_pictures_at_all_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="numbers has no pictures"):
        build(Numbers(0), tmp_path / "set")


def test_a_file_that_cannot_be_handed_out_is_a_bad_picture(tmp_path, monkeypatch):
    def read(self, i):
        if i == 1:
            raise OSError(errno.EACCES, "Permission denied")
        return picture(i)

    monkeypatch.setattr(Numbers, "read", read)
    opened = build(Numbers(3), tmp_path / "set")
    assert opened.header.skipped_first == ("1.png: Permission denied",)


def test_an_unknown_fit_is_named(tmp_path):
    with pytest.raises(PixaceError, match=r"no fit 'croop'.*Did you mean crop"):
        build(Numbers(3), tmp_path / "set", fit="croop")


def test_what_exists_is_never_written_over(tmp_path):
    (tmp_path / "set").mkdir()
    with pytest.raises(TokenError, match="exists already; choose another name or remove it"):
        tokenization.build(Preprocessing("4x2", "grey:256"), Numbers(3), tmp_path / "set")


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    def full(self, tokens):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shards.Writer, "append", full)
    with pytest.raises(PixaceError, match="set: no space left on disk"):
        build(Numbers(3), tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_a_worker_dies_of_costs_this_picture(tmp_path):
    deadly = build(Numbers(3000, deadly=frozenset({1000})), tmp_path / "deadly", workers=2)
    assert deadly.header.skipped_first == (f"1000.png: {parallel_encoding.DEADLY}",)
    build(Numbers(3000, bad=frozenset({1000})), tmp_path / "bad", workers=2)
    for name in ("train-00000.npy", "validation-00000.npy"):
        assert (tmp_path / "deadly" / name).read_bytes() == (tmp_path / "bad" / name).read_bytes()


def test_workers_that_die_again_and_again_end_the_build_and_say_where(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel_encoding, "MOST_DEATHS", 2)
    with pytest.raises(PixaceError, match=r"died while reading pictures (\d+) to (\d+) ") as why:
        build(Numbers(3000, deadly=frozenset({1000, 1500})), tmp_path / "set", workers=2)
    first, last = (int(word) for word in str(why.value).split() if word.isdigit())
    assert first <= 1500 <= last < 3000
    assert list(tmp_path.iterdir()) == []


SCRIPT = """
    import time
    from pathlib import Path

    import numpy as np
    from pixace import tokenizers
    from pixace.data import token_set_writer
    from pixace.data.splits import Survey
    from pixace.sources import Record

    class Source:
        spec = "script"
        __len__ = lambda self: 600
        record = lambda self, i: Record(str(i), str(i))
        fingerprint = lambda self: "1"

        def read(self, i):
            time.sleep(SECONDS)
            return np.repeat([i % 256, i // 256], 12).astype(np.uint8).reshape(2, 4, 3)

    tokenizer = tokenizers.by_spec("pixel size=4x2 colors=grey:256 order=raster")
    print("ready", flush=True)
    token_set_writer.write(Survey(Source()), Path("set"), tokenizer, workers=2)
    print("done")
"""


def start(folder, seconds):
    (folder / "script.py").write_text(textwrap.dedent(SCRIPT).replace("SECONDS", str(seconds)))
    path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_script_needs_no_main_guard(tmp_path):
    with start(tmp_path, 0) as script:
        output, errors = script.communicate(timeout=120)
    assert (script.returncode, errors) == (0, "")
    assert output == "ready\ndone\n"  # once: no worker ran the script again
    assert len(token_set.open_set(tmp_path / "set").split("train")) == 570


def test_ctrl_c_stops_at_once_and_leaves_nothing(tmp_path):
    with start(tmp_path, 0.2) as script:
        assert script.stdout.readline() == "ready\n"
        while script.poll() is None and not list(tmp_path.glob(".set.*.part")):
            time.sleep(0.05)
        time.sleep(1)  # somewhere between the start of the workers and their first chunk
        os.killpg(script.pid, signal.SIGINT)
        _, errors = script.communicate(timeout=60)
    assert errors.count("Traceback") == 1  # this process's own; workers are silent
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


def test_workers_end_with_the_process_that_started_them(tmp_path):
    """Killed, it can tell them nothing; and what it left is cleared by the next."""
    with start(tmp_path, 0.2) as script:
        assert script.stdout.readline() == "ready\n"
        me, until = psutil.Process(script.pid), time.monotonic() + 60
        while not (workers := me.children(recursive=True)) or not list(tmp_path.glob(".set.*")):
            assert time.monotonic() < until
            time.sleep(0.05)
        script.kill()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive
    assert list(tmp_path.glob(".set.*.part"))
    with start(tmp_path, 0) as script:
        script.communicate(timeout=120)
    assert {path.name for path in tmp_path.iterdir()} == {"script.py", "set"}


@pytest.fixture
def folder(tmp_path):
    build(Numbers(40), tmp_path / "set")
    return tmp_path / "set"


def change(folder, **fields):
    header = sealed.unsealed(json.loads((folder / "header.json").read_text()))
    (folder / "header.json").write_text(sealed.dumps({**header, **fields}))


def test_a_folder_that_is_no_set_is_told_apart(tmp_path, folder):
    assert token_set.is_set(folder)
    for other in (tmp_path, tmp_path / "nothing", folder / "header.json"):
        assert not token_set.is_set(other)
        with pytest.raises(TokenError, match="is no token set; make one with"):
            token_set.open_set(other)


def test_a_newer_format_asks_for_a_newer_pixace(folder):
    change(folder, format=4)
    with pytest.raises(TokenError, match=r"newer pixace \(format 4, this one reads 3\); update"):
        token_set.open_set(folder)


def test_an_older_format_is_to_be_made_again(folder):
    change(folder, format=2)
    with pytest.raises(
        TokenError,
        match=r"an older pixace \(format 2, this one reads 3\); make the token set again",
    ):
        token_set.open_set(folder)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": 3}', '{"format": "one"}'])
def test_a_damaged_header_is_named(folder, text):
    (folder / "header.json").write_text(text)
    with pytest.raises(TokenError, match=r"header\.json is damaged"):
        token_set.open_set(folder)


@pytest.mark.parametrize("name", [each.name for each in fields(Header)])
def test_every_field_of_a_header_is_looked_at(folder, name):
    """Missing, or of another type: one line that names it."""
    header = sealed.unsealed(json.loads((folder / "header.json").read_text()))
    for text in (
        sealed.dumps({key: value for key, value in header.items() if key != name}),
        sealed.dumps(header | {name: True}),
    ):
        (folder / "header.json").write_text(text)
        with pytest.raises(TokenError, match=rf"header\.json .*{name}.*make the token set") as why:
            token_set.open_set(folder)
        assert "\n" not in str(why.value)


def test_a_field_that_nobody_knows_is_refused(folder):
    change(folder, novel=1)
    with pytest.raises(TokenError, match=r"it has a field 'novel' that nobody knows"):
        token_set.open_set(folder)


def test_a_header_that_lost_a_shard_is_damaged(folder):
    change(folder, files=[])
    with pytest.raises(TokenError, match=r"header\.json is damaged"):
        token_set.open_set(folder)


def test_an_unknown_tokenizer_is_refused_when_opening(folder):
    change(folder, tokenizer="voxel size=4x2")
    with pytest.raises(TokenError, match="no tokenizer 'voxel'"):
        token_set.open_set(folder)


def test_a_shard_that_was_cut_short_is_named(folder):
    with (folder / "train-00000.npy").open("r+b") as file:
        file.truncate(200)
    with pytest.raises(TokenError, match=r"train-00000\.npy is damaged: 200 bytes instead of"):
        token_set.open_set(folder)


def test_a_shard_that_is_missing_is_named(folder):
    (folder / "validation-00000.npy").unlink()
    with pytest.raises(TokenError, match=r"validation-00000\.npy is damaged: 0 bytes"):
        token_set.open_set(folder)


def test_a_changed_byte_is_found_when_it_is_first_read(folder):
    split = token_set.open_set(folder).split("train")
    assert split.rows([0]).shape == (1, split.length)
    with (folder / "train-00000.npy").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x07")
    with pytest.raises(TokenError, match=r"train-00000\.npy is damaged: its checksum"):
        token_set.open_set(folder).split("train").rows([0])


@pytest.mark.parametrize("flipped", range(0, 400, 7))
def test_a_flipped_bit_of_the_header_is_found_or_says_the_same(folder, flipped):
    """All that may change and not be found is how the text is laid out."""
    place, before = folder / "header.json", token_set.open_set(folder).header
    text = bytearray(place.read_bytes())
    text[flipped % len(text)] ^= 1 << flipped % 8
    place.write_bytes(text)
    after = before
    with suppress(TokenError):
        after = token_set.open_set(folder).header
    assert after == before


def test_ids_beyond_the_vocabulary_are_refused(folder):
    """By a set that somebody else has made, with checksums that are right."""
    place, header = folder / "train-00000.npy", token_set.open_set(folder).header
    tokens = np.load(place)
    tokens[3, 2] = TOKENIZER.vocab_size
    np.save(place, tokens)
    files = [asdict(shards.seal(place, len(tokens))), *map(asdict, header.files[1:])]
    change(folder, files=files)
    with pytest.raises(TokenError, match=r"train-00000\.npy is of another set"):
        token_set.open_set(folder).split("train").rows([0])


def test_an_unknown_split_is_named(folder):
    with pytest.raises(TokenError, match=r"no split 'valid'.*Did you mean validation"):
        token_set.open_set(folder).split("valid")
