"""Amounts of memory, as people write and read them."""

import pytest

from pixace.errors import ConfigError
from pixace.runtime import memory_sizes


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("10GB", 10 * 10**9),
        ("512 mb", 512 * 10**6),
        ("7.5GiB", 7.5 * 2**30),
        ("4g", 4 * 10**9),
        ("123", 123),
    ],
)
def test_sizes_are_read(text, amount):
    assert memory_sizes.parse(text) == amount


@pytest.mark.parametrize("text", ["", "much", "10 XB", "-3GB", "0GB", "1e9", "nan", "10GB free"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ConfigError, match="is no amount of memory; write it like 10GB"):
        memory_sizes.parse(text)


def test_sizes_are_shown():
    assert memory_sizes.shown(512e6) == "512 MB"
    assert memory_sizes.shown(9.74e9) == "9.7 GB"


def test_some_memory_is_free():
    assert 10**7 < memory_sizes.available() < 10**14


def test_of_a_gpu_jax_takes_a_share(monkeypatch):
    assert memory_sizes.usable(1000) == 1000
    monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    monkeypatch.delenv(memory_sizes.SHARE_BY, raising=False)
    assert memory_sizes.usable(1000) == 750
    monkeypatch.setenv(memory_sizes.SHARE_BY, "0.9")
    assert memory_sizes.usable(1000) == 900
