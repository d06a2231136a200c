"""The cache: where it is, and what is said where it cannot be."""

import os
import pwd
from pathlib import Path

import pytest

import pixace
from pixace.errors import PixaceError
from pixace.storage import cache_dir


@pytest.fixture
def nowhere(monkeypatch):
    """A user without a home folder, as in containers that run under a bare number."""

    def unknown(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "PIXACE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("PIXACE_CACHE", "~/kept", "{home}/kept"),
        ("PIXACE_CACHE", "/kept", "/kept"),
        ("XDG_CACHE_HOME", "~/xdg", "{home}/xdg/pixace"),
        ("XDG_CACHE_HOME", "", "{home}/.cache/pixace"),
    ],
)
def test_it_is_where_the_user_says(monkeypatch, tmp_path, variable, value, place):
    monkeypatch.delenv("PIXACE_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, value)
    assert cache_dir.folder() == Path(place.format(home=tmp_path))


def test_no_home_folder_is_answered_with_the_variable(nowhere, tiny, tiny_pictures, tmp_path):
    with pytest.raises(PixaceError, match="no home folder to keep tokens in; set PIXACE_CACHE"):
        pixace.train(tiny_pictures, gin="base", bindings=tiny, root=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("home", ["/proc/none", "/dev/null"])
def test_a_home_folder_that_cannot_be_written_to_is_too(
    monkeypatch, tiny, tiny_pictures, tmp_path, home
):
    monkeypatch.delenv("PIXACE_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", home)
    with pytest.raises(
        PixaceError, match=f"cannot write {home}/.cache/pixace/tokens: .*; set PIXACE_CACHE to a"
    ):
        pixace.train(tiny_pictures, gin="base", bindings=tiny, root=tmp_path)


def test_a_folder_that_may_only_be_read_is_refused(monkeypatch, tmp_path):
    """Root may write anywhere, so the system's answer is made up."""
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    with pytest.raises(PixaceError, match="/tokens: permission denied; set PIXACE_CACHE"):
        cache_dir.made("tokens")
