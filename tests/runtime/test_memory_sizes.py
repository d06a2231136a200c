"""Amounts of memory, as people write and read them."""

from types import SimpleNamespace

import psutil
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


@pytest.mark.parametrize(
    ("most", "free"), [(None, 3e9), ("max", 3e9), ("2000000000", 1.5e9), ("9000000000", 3e9)]
)
def test_what_is_free_is_what_a_container_leaves(tmp_path, monkeypatch, most, free):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=3 * 10**9))
    if most is not None:
        (tmp_path / "memory.max").write_text(most + "\n")
        (tmp_path / "memory.current").write_text("500000000\n")
    assert memory_sizes.free(tmp_path) == free
