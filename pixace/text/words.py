"""Words of captions.

Text becomes words in lower case: runs of letters, digits, marks and apostrophes; all else parts
them. Whole numbers below a hundred are spelled out, so that `7` and `seven` are one word. In
scripts that have no blanks each letter is a word, with its marks.
"""

import re
import unicodedata

NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
)
NAMED = NUMBERS.split()
# Scripts that put no blanks between words: Thai, Lao, Myanmar, Khmer, kana, Han.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f"
    "\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3041-\u30ff\u31f0-\u31ff\U0001aff0-\U0001b16f"
    "\u2e80-\u2fd5\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def split(text: str) -> list[str]:
    """The words of a text; in scripts without blanks each letter is one, with its marks.

    >>> split("A hand-written 7, isn't it? No. 21!")
    ['a', 'hand', 'written', 'seven', "isn't", 'it', 'no', 'twenty', 'one']
    >>> split("两只cat")
    ['两', '只', 'cat']
    """
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    if UNSPACED.search(text):
        text = _spaced(text)
    parted = "".join(each if belongs_to_a_word(each) else " " for each in text)
    words = []
    for found in parted.split():
        word = found.strip("'")
        if any(map(str.isalnum, word)):
            words += _number(word) or [word]
    return words


def _spaced(text: str) -> str:
    """Blanks around each letter of scripts that have none, behind its marks."""
    spaced, alone = "", False
    for each in text:
        if not _is_mark(each):
            before, alone = alone, bool(UNSPACED.match(each))
            spaced += " " if before or alone else ""
        spaced += each
    return spaced


def within(text: str, place: int) -> bool:
    """Whether the place between two characters lies within a word."""
    before, behind = text[max(0, place - 1) : place], text[place : place + 1]
    if not (before and behind and belongs_to_a_word(before) and belongs_to_a_word(behind)):
        return False
    return _is_mark(behind) or not UNSPACED.search(before + behind)


def belongs_to_a_word(character: str) -> bool:
    """Whether a character is part of a word, and does not part words."""
    return character.isalnum() or character == "'" or _is_mark(character)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _number(word: str) -> list[str] | None:
    """The words of a whole number below a hundred, written in digits."""
    if not (word.isascii() and word.isdecimal() and len(word) <= 2 and str(int(word)) == word):
        return None
    tens, ones = divmod(int(word), 10)
    if tens < 2:
        return [NAMED[int(word)]]
    return [NAMED[18 + tens], NAMED[ones]] if ones else [NAMED[18 + tens]]
