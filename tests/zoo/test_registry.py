"""Registries of models: what comes along, what one adds, and what is none."""

import json

import pytest

from pixace.errors import ConfigError
from pixace.zoo import registry

ENTRY = {
    "name": "birds-32",
    "url": "https://pixace.org/birds-32.safetensors",
    "sha256": "0" * 64,
    "size": 3_000_000,
    "licence": "CC0",
    "about": "birds of 32x32 pixels",
}


@pytest.fixture
def named(tmp_path, monkeypatch):
    """Names a registry of some text."""

    def name(text):
        path = tmp_path / "registry.json"
        path.write_text(text)
        monkeypatch.setenv(registry.VARIABLE, str(path))

    return name


def test_the_registry_that_comes_along_can_be_read():
    assert isinstance(registry.known(), dict)


def test_another_one_adds_to_it(named):
    before = registry.known()
    named(json.dumps({"models": [ENTRY | {"more": 1}]}))
    assert registry.known() == before | {"birds-32": registry.Entry(**ENTRY)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "no registry of models"),
        ("[]", "no registry of models"),
        (json.dumps({"models": [{}]}), "entry.name is missing"),
        (
            json.dumps({"models": [ENTRY | {"size": "3 MB"}]}),
            "entry.size is '3 MB' and no whole number",
        ),
        (json.dumps({"models": [ENTRY | {"size": 0}]}), "0 bytes is no size"),
        (json.dumps({"models": [ENTRY | {"name": "../birds"}]}), "'../birds' is no name"),
        (json.dumps({"models": [ENTRY | {"url": "ftp://a/b"}]}), "'ftp://a/b' is no address"),
        (json.dumps({"models": [ENTRY | {"sha256": "12"}]}), "'12' is no SHA-256"),
    ],
)
def test_what_is_no_registry_is_said_in_a_line(named, text, words):
    named(text)
    with pytest.raises(ConfigError, match=words) as caught:
        registry.known()
    assert "\n" not in str(caught.value)
    assert registry.VARIABLE in str(caught.value)
