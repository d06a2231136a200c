"""Words of captions.

Text becomes words in lower case: runs of letters, digits, marks and apostrophes; all else parts
them. Whole numbers below a hundred are spelled out, so that `7` and `seven` are one word.
"""

import unicodedata

NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
)
NAMED = NUMBERS.split()


def split(text: str) -> list[str]:
    """The words of a text.

    >>> split("A hand-written 7, isn't it? No. 21!")
    ['a', 'hand', 'written', 'seven', "isn't", 'it', 'no', 'twenty', 'one']
    """
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    parted = "".join(each if belongs_to_a_word(each) else " " for each in text)
    words = []
    for found in parted.split():
        word = found.strip("'")
        if any(map(str.isalnum, word)):
            words += _number(word) or [word]
    return words


def belongs_to_a_word(character: str) -> bool:
    """Whether a character is part of a word, and does not part words."""
    return (
        character.isalnum() or character == "'" or unicodedata.category(character).startswith("M")
    )


def _number(word: str) -> list[str] | None:
    """The words of a whole number below a hundred, written in digits."""
    if not (word.isascii() and word.isdecimal() and len(word) <= 2 and str(int(word)) == word):
        return None
    tens, ones = divmod(int(word), 10)
    if tens < 2:
        return [NAMED[int(word)]]
    return [NAMED[18 + tens], NAMED[ones]] if ones else [NAMED[18 + tens]]
