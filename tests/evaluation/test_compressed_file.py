"""A file of compressed pictures: all of it comes back, and what is damaged is said in a line."""

import json
import zlib
from dataclasses import asdict, replace

import jax
import numpy as np
import pytest

from pixace import tokenizers
from pixace.errors import TokenError
from pixace.evaluation import compressed_file
from pixace.evaluation.compressed_file import MAGIC, Header
from pixace.runs.description import ModelRecord

ROWS = np.arange(8, dtype=np.int32).reshape(2, 4)
PAYLOAD = b"any bytes"
HEADER = Header.of("birds", "ab" * 32, "float32", ["a.png", "b/ü.png"], ROWS, PAYLOAD)
PLACE = "some.pxc"


@pytest.fixture
def file(tmp_path):
    compressed_file.write(tmp_path / PLACE, HEADER, PAYLOAD)
    return tmp_path / PLACE


def test_all_of_it_comes_back(file):
    assert compressed_file.read(file) == (HEADER, PAYLOAD)
    assert (HEADER.jax, HEADER.backend, HEADER.format) == (jax.__version__, "cpu", 1)
    assert compressed_file.write(file, HEADER, b"") == file.stat().st_size


def test_any_byte_that_changes_is_noticed(file):
    data = file.read_bytes()
    for place in range(len(data)):
        file.write_bytes(data[:place] + bytes([data[place] ^ 0x11]) + data[place + 1 :])
        with pytest.raises(TokenError, match=r"is damaged \(|holds no compressed pictures") as said:
            compressed_file.read(file)
        assert "\n" not in str(said.value)


def test_any_byte_that_is_missing_or_too_much_is_noticed(file):
    data = file.read_bytes()
    for end in range(len(data)):
        file.write_bytes(data[:end])
        with pytest.raises(TokenError, match=r"is damaged \(|holds no compressed pictures"):
            compressed_file.read(file)
    file.write_bytes(data + b"\n")
    with pytest.raises(TokenError, match="its end is missing or has changed"):
        compressed_file.read(file)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "has format 2, not 1: update pixace"),
        ({"format": None}, "has format None, not 1"),
        ({"names": "ab"}, "names is 'ab' and no list"),
        ({"names": [1]}, "names is 1 and no text"),
        ({"crc32": "x"}, "crc32 is 'x' and no whole number"),
        ({"more": 1}, "a field 'more' that nobody knows"),
        ({"sha256": None}, "sha256 is None and no text"),
    ],
)
def test_every_field_is_looked_at(tmp_path, changes, words):
    packed = zlib.compress(json.dumps(asdict(HEADER) | changes).encode())
    size = len(packed).to_bytes(4, "little")
    (tmp_path / PLACE).write_bytes(MAGIC + size + packed + PAYLOAD)
    with pytest.raises(TokenError, match=words):
        compressed_file.read(tmp_path / PLACE)


def test_a_header_that_never_ends_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(compressed_file, "LARGEST", 1000)
    packed = zlib.compress(b" " * 100_000)
    (tmp_path / PLACE).write_bytes(MAGIC + len(packed).to_bytes(4, "little") + packed)
    with pytest.raises(TokenError, match="is damaged"):
        compressed_file.read(tmp_path / PLACE)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sha256": "cd" * 32}, "by birds with the checksum cdcdcdcdcdcd, and finches has abab"),
        ({"jax": "0.1.2"}, r"with JAX 0\.1\.2, and .* pip install jax==0\.1\.2"),
        ({"backend": "gpu"}, "on a gpu, and a cpu rounds otherwise; set JAX_PLATFORMS=gpu"),
    ],
)
def test_what_may_round_otherwise_is_refused(file, changes, words):
    compressed_file.refuse_others(file, HEADER, HEADER.sha256, "finches")
    other = replace(HEADER, **changes)
    with pytest.raises(TokenError, match=words):
        compressed_file.refuse_others(file, other, HEADER.sha256, "finches")


def test_a_model_is_known_by_all_that_its_odds_depend_on():
    record = ModelRecord("modern", {"d_model": 8, "n_heads": 2})
    tokenizer = tokenizers.by_spec("pixel size=4x4 colors=grey:4 order=raster")
    weights = {"a": np.zeros((2, 3), np.float32), "b": np.ones(2, np.float32)}
    turned = tokenizers.by_spec("pixel size=4x4 colors=grey:4 order=column")
    others = [
        (replace(record, settings={"d_model": 8, "n_heads": 4}), tokenizer, weights),
        (replace(record, kind="transformer"), tokenizer, weights),
        (record, turned, weights),
        (record, tokenizer, weights | {"a": np.zeros((3, 2), np.float32)}),
        (record, tokenizer, weights | {"b": np.array([1, 1 + 2**-23], np.float32)}),
        (record, tokenizer, weights | {"c": np.zeros(0, np.float32)}),
    ]
    own = compressed_file.identity(record, tokenizer, weights)
    found = {compressed_file.identity(*each) for each in others}
    assert own not in found
    assert len(found) == len(others)
    assert own == compressed_file.identity(record, tokenizer, dict(reversed(weights.items())))


def test_rows_are_known_by_every_token():
    assert compressed_file.checksum(ROWS) == compressed_file.checksum(ROWS.astype(">i4"))
    assert compressed_file.checksum(ROWS) != compressed_file.checksum(ROWS[::-1])
