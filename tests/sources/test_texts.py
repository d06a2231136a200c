"""Encodings: told for certain, or plausible as words of Latin letters, or not told at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace.sources.texts import decoded


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_what_carries_a_mark_or_is_utf8_comes_back(text):
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert decoded(text.encode(encoding)) == text
    assert decoded(text.encode()) == text.removeprefix("\ufeff")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_known_by_its_zeros(encoding):
    assert decoded("a red block – café".encode(encoding)) == "a red block – café"


@pytest.mark.parametrize(
    "text",
    [
        "a red block – café",
        "Ein süßes Mädchen – groß, „schön“",
        "déjà vu, “quoted”; it’s l’œuvre naïve…",
        "¿Qué? ¡Sí! el niño y la canción",
        "a criação das canções",
        "päällä on jää, yö",
        "La poupée créée l’été à Paris",
        "« un café »",
        "ångström på åen",
        "5 €, 100 °C, 3 m²",
        "GRÖSSE ÜBER ÉCOLE",
    ],
)
def test_words_of_latin_letters_are_windows_1252(text):
    assert decoded(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("red 红色的猫", "gbk"),
        ("T恤 on a line", "gbk"),
        ("一隻紅色的貓", "big5"),
        ("猫", "shift-jis"),
        ("猫がいる", "shift-jis"),
        ("日 over the sea", "shift-jis"),
        ("犬と猫 in a house", "euc-jp"),
        ("빨간 고양이", "cp949"),
        ("рыжий кот и собака", "cp1251"),
        ("он on a line", "cp1251"),
        ("рыжий кот", "koi8-r"),
        ("γάτα", "cp1253"),
        ("café", "cp850"),
        ("café", "mac-roman"),
        ("kot śpi w domu", "iso8859-2"),
        ("แมวสีแดง", "tis-620"),
    ],
)
def test_other_code_pages_are_not_taken_for_it(text, encoding):
    assert decoded(text.encode(encoding)) is None


@pytest.mark.parametrize("raw", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"a\0b", b"\xff\xfea", b"\xc3"])
def test_what_is_no_text_is_none(raw):
    assert decoded(raw) is None


def test_a_cut_in_the_last_letter_does_no_harm():
    assert decoded("猫猫".encode()[:-1], whole=False) == "猫"
    assert decoded("猫猫".encode()[:-1]) is None
    assert decoded("猫猫".encode("utf-16")[:-1], whole=False) == "猫"
