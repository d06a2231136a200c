"""Addresses on the web, as people and servers write them."""

import pytest

from pixace.errors import WebError
from pixace.runtime.addresses import is_address, refuse_offline, shown


@pytest.mark.parametrize(
    ("named", "is_one"),
    [
        ("https://pixace.org/a.png", True),
        ("HTTP://pixace.org/a.png", True),
        ("ftp://pixace.org/a.png", False),
        ("file:/etc/passwd", False),
        ("photo.jpg", False),
        (b"https://", False),
    ],
)
def test_only_http_and_https_are_addresses(named, is_one):
    assert is_address(named) is is_one


@pytest.mark.parametrize(
    ("address", "without"),
    [
        ("https://me:secret@pixace.org/a@b", "https://pixace.org/a@b"),
        ("https://me:se@cret@pixace.org", "https://pixace.org"),
        ("ftp://token@pixace.org?a=b@c", "ftp://pixace.org?a=b@c"),
        ("//me:secret@pixace.org/", "//pixace.org/"),
        ("https://pixace.org/@me", "https://pixace.org/@me"),
        ("https://pixace.org?me@x", "https://pixace.org?me@x"),
    ],
)
def test_names_and_passwords_are_not_shown(address, without):
    assert shown(address) == without


def test_nothing_is_asked_offline_and_what_it_was_is_said_without_its_password(monkeypatch):
    refuse_offline("https://pixace.org")
    monkeypatch.setenv("PIXACE_OFFLINE", "1")
    with pytest.raises(WebError, match=r"^https://pixace\.org is not asked, as PIXACE_OFFLINE is"):
        refuse_offline("https://me:secret@pixace.org")
