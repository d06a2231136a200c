"""Words: what text becomes."""

import re
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pixace.text.words import NAMED, split


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A Red FISH.", "a red fish"),
        ("hand-written_seven", "hand written seven"),
        ("7", "seven"),
        ("Nos. 0, 10, 19, 20, 99", "nos zero ten nineteen twenty ninety nine"),
        ("twenty-one", "twenty one"),
        ("07 100 3d 1.5", "07 100 3d one five"),
        ("isn't 'it’s'", "isn't it's"),
        ("भाषा ÀÉ ﬁn", "भाषा àé fin"),
        ("❤️ !? ' _", ""),
        ("一只红色的猫很大", "一 只 红 色 的 猫 很 大"),
        ("a red 猫, 3匹のネコ's", "a red 猫 three 匹 の ネ コ s"),
        ("ﾈｺ 々 ガ \U00020b9f", "ネ コ 々 ガ \U00020b9f"),
        ("ที่นี่", "ที่ นี่"),  # Thai: marks stay with their letters
        ("ນີ້", "ນີ້"),  # Lao
        ("ခွေး", "ခွေး"),  # Myanmar
        ("ឆ្កែ", "ឆ្ កែ"),  # Khmer
        ("한국어 고양이 кот", "한국어 고양이 кот"),  # scripts with blanks
    ],
)
def test_text_becomes_words(text, words):
    assert split(text) == words.split()


@given(st.text())
def test_splitting_again_changes_nothing(text):
    once = split(text)
    assert split(" ".join(once)) == once


def spaced_words(text):
    """The rule for scripts that put blanks between words, written down once more."""
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    letters = (
        each if each.isalnum() or each == "'" or unicodedata.category(each)[0] == "M" else " "
        for each in text
    )
    found = [word.strip("'") for word in "".join(letters).split()]
    words = []
    for word in found:
        if re.fullmatch(r"0|[1-9][0-9]?", word):
            tens, ones = divmod(int(word), 10)
            words += [NAMED[int(word)]] if tens < 2 else [NAMED[18 + tens]]
            words += [NAMED[ones]] if tens >= 2 and ones else []
        elif any(map(str.isalnum, word)):
            words.append(word)
    return words


SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "IDEOGRAPHIC")


@given(st.text() | st.text(st.sampled_from("aZé9 0-_'’́ß한к.,२ा")))
def test_scripts_with_blanks_are_split_at_them_alone(text):
    names = [unicodedata.name(each, "") for each in unicodedata.normalize("NFKC", text)]
    assume(not any(script in name for name in names for script in SCRIPTS))
    assert split(text) == spaced_words(text)


@given(st.text(st.sampled_from("猫犬のネーทนี่ခွេះក្ a7'’.-")))
def test_letters_of_scripts_without_blanks_stand_alone_and_none_is_lost(text):
    words = split(text)
    assert split(" ".join(words)) == words
    bases = [[each for each in word if each.isalnum()] for word in words]
    assert all(len(letters) == 1 for letters in bases if max(letters) > "ก")
    assert [each for each in "".join(words) if each > "ก" and each.isalnum()] == [
        each for each in text if each > "ก" and each.isalnum()
    ]


@given(st.integers(0, 99))
def test_a_number_and_its_words_are_the_same(number):
    assert split(str(number)) == split(" ".join(split(str(number))))
    assert not any(map(str.isdecimal, split(str(number))))
