"""The speedrun's table of sets, its page, and what it makes of runs and results."""

import argparse
import hashlib
from pathlib import Path

import pytest
import speedrun
import speedrun_page

from pixace.config import gin_files, parts
from pixace.data import token_set
from pixace.data.preprocessing import Preprocessing

PAGE = f"""Before.

{speedrun_page.BEGIN}

| set | minutes | cores | bits |
| --- | --- | --- | --- |
| emoji-16 | 2 | 2 | 2.5 |
| digits-8 | 10 | 2 | 1.9 |

{speedrun_page.END}

After.
"""


def result(seed, *bits, date="2026-01-01"):
    """A result of the peer, or with one number of pixace."""
    return {
        "seed": seed,
        "date": date,
        "cores": 2,
        "pictures": 1790,
        "bits_per_pixel": min((each for each in bits if each), default=None),
        "train_seconds": 119.6,
        "other_seconds": 30.0 + seed,
        "tries": [
            {"rate": rate, "bits_per_pixel": each}
            for rate, each in zip(speedrun.RATES, bits, strict=False)
        ],
    }


def rows(page):
    between = page.split(speedrun_page.BEGIN)[1].split(speedrun_page.END)[0]
    return between.strip().splitlines()[2:]


@pytest.mark.parametrize("name", speedrun.SETS)
def test_the_table_of_sets_names_what_there_is(name):
    task = speedrun.SETS[name]
    bound = gin_files.load(task.gin, []).values
    assert Preprocessing(task.size, task.colors).size == task.size
    assert parts.train(bound).steps > 0
    found = speedrun.shape(task.gin)
    sizes = parts.model(bound).settings
    assert found == {
        "d_model": sizes["d_model"],
        "layers": sizes["n_layers"],
        "heads": sizes["n_heads"],
    }
    assert f"| `{name}` |" in speedrun.PAGE.read_text(encoding="utf-8")


def test_a_row_takes_the_place_of_its_elder_and_all_are_in_order():
    page = speedrun_page.with_row(PAGE, "| digits-8 | 10 | 2 | 1.8 |", ["digits-8", "emoji-16"])
    assert rows(page) == ["| digits-8 | 10 | 2 | 1.8 |", "| emoji-16 | 2 | 2 | 2.5 |"]
    page = speedrun_page.with_row(page, "| digits-8 | 2 | 2 | 2.0 |", ["digits-8", "emoji-16"])
    for row in ("| others | 2 | 2 | 3.0 |", "| digits-8 | 2 | 1 | 2.2 |"):
        page = speedrun_page.with_row(page, row, ["digits-8", "emoji-16"])
    assert [speedrun_page.key_of(row) for row in rows(page)] == [
        ("digits-8", 2.0, 1),
        ("digits-8", 2.0, 2),
        ("digits-8", 10.0, 2),
        ("emoji-16", 2.0, 2),
        ("others", 2.0, 2),
    ]
    assert page.startswith("Before.\n\n")
    assert page.endswith("\n\nAfter.\n")


def test_a_page_without_markers_is_refused():
    with pytest.raises(ValueError, match="one is missing"):
        speedrun_page.with_row(PAGE.replace(speedrun_page.END, ""), "| a | 2 | 1 | 1 |", [])


def test_the_shipped_page_takes_a_row_of_its_own_width_and_names_the_rates():
    page = speedrun.PAGE.read_text(encoding="utf-8")
    row = speedrun_page.row_of("photos-32", 30, [result(0, 5.5)], [result(0, 5.9, 5.8, 5.85)])
    changed = speedrun_page.with_row(page, row, list(speedrun.SETS))
    assert row in rows(changed)
    lines = changed.split(speedrun_page.BEGIN)[1].strip().splitlines()
    assert {line.count("|") for line in lines[: 2 + len(rows(changed))]} == {row.count("|")}
    assert f"| nanoGPT | at {', '.join(map(str, speedrun.RATES))} |" in lines[0]
    assert max(map(len, rows(changed))) <= 120


def test_a_row_is_the_mean_of_seeds_and_of_the_peer_the_best_rate():
    ours = [result(0, 2.0), result(1, 2.2, date="2026-01-03")]
    peers = [result(0, 2.6, 2.5, 2.9), result(1, 2.4, 2.9, None)]
    row = speedrun_page.row_of("emoji-16", 2.0, ours, peers)
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        *("emoji-16", "2", "2", "1,790", "0, 1", "2.100", "2.500", "2.500, 2.700, none"),
        *("120 + 30", "120 + 30", "2026-01-03"),
    ]


def test_a_rate_that_was_not_tried_has_a_dash():
    peer = result(0, 2.6, 2.5)
    peer["tries"] = peer["tries"][1:]
    row = speedrun_page.row_of("emoji-16", 30.0, [result(0, 2.0)], [peer])
    assert "| 2.000 | 2.500 | –, 2.500, – |" in row


def test_the_latest_results_of_seeds_that_both_have():
    def made(who, seed, bits, minutes=2.0):
        return {"who": who, "set": "a", "minutes": minutes, "seed": seed, "bits_per_pixel": bits}

    results = [
        *(made("pixace", 0, 3.0), made("nanogpt", 0, 4.0), made("nanogpt", 1, 5.0)),
        *(made("pixace", 0, 2.0), made("pixace", 0, 1.0, minutes=10.0)),
    ]
    found = speedrun_page.latest(results, {"set": "a", "minutes": 2.0})
    assert found == {"pixace": [made("pixace", 0, 2.0)], "nanogpt": [made("nanogpt", 0, 4.0)]}


def test_the_time_of_steps_is_all_but_the_first():
    log = [
        {"step": 1, "loss": 3.0},
        {"step": 11, "tokens_per_second": 1000.0},
        {"step": 20, "validation_loss": 2.0},
        {"step": 21, "tokens_per_second": 2000.0},
    ]
    assert speedrun.seconds_of_steps(log, 100) == 10 * 100 / 1000 + 10 * 100 / 2000


def test_where_pictures_are():
    assert speedrun.pictures("photos=a=b/c") == ("photos", "a=b/c")
    for wrong in ("photos", "photos=", "pets=x"):
        with pytest.raises(argparse.ArgumentTypeError, match="NAME=PATH"):
            speedrun.pictures(wrong)
    assert speedrun.listed(int)("0,1") == [0, 1]


def test_a_token_set_is_taken_as_it_is_and_pictures_that_are_not_named_are_left_out(
    tmp_path, capfd
):
    tokens = Path(__file__).parents[1] / "formats" / "run-4" / "tokens"
    given = argparse.Namespace(data={"photos": str(tokens)}, out=tmp_path)
    assert speedrun.tokens_of("photos-32", given) == tokens
    assert speedrun.row_length(tokens) == token_set.open_set(tokens).tokenizer.length
    held_out = (tokens / "validation-00000.npy").read_bytes()
    assert speedrun.checksum(tokens) == hashlib.sha256(held_out).hexdigest()[:12]
    assert speedrun.tokens_of("mnist-28", given) is None
    assert "--data mnist=PATH" in capfd.readouterr().err
