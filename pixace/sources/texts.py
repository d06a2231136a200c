"""Text from the bytes of a file, where its encoding can be told.

A mark in front, UTF-16 whose letters are mostly ASCII, or valid UTF-8 tell it for certain. Other
bytes are taken for Windows-1252 (and so for Latin-1) only where they make words of Latin letters:
GBK, Shift-JIS and Cyrillic code pages would give nonsense such as `ºìÉ«µÄÃ¨`.
"""

import codecs
import re

MARKS = {  # longest first, as that of UTF-16 begins that of UTF-32
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
HIGH = re.compile(r"[^\x00-\x7f]+")
LETTER = "[ŠŽŒŸšžœÀ-ÖØ-öø-ÿ]"
SMALL = "[šžœß-öø-ÿ]"
SIGN = "[“”‘’„–—…\xa0]"  # stand beside letters
LONE = "[«»‹›•€£¢¥§©®™¿¡·°²³¼½¾ªº×´±µ]"  # do not, beyond ASCII
PLAUSIBLE = re.compile(
    rf"{SIGN}*({LETTER}|{SMALL}{{2}}|ÇÃ|ÇÕ|ÄÄ|ÖÖ|ÜÜ|ÉÉ)?{SIGN}*|«\xa0{LETTER}?|{LETTER}?\xa0»|{LONE}"
)
ODD = re.compile(  # what no text in Latin letters has
    rf"[a-zß-öø-ÿ][ŠŽŒŸÀ-ÖØ-Þ]|[a-z][“„][a-z]|^[^„]*“(?![^“”]*”)|^[^“„]*”|(?<!\S)[–—’](?=[^\W\d])"
    rf"|(?<![A-Za-z]){SMALL}{{2}}(?![A-Za-z])"
)


def sound(text: str) -> str:
    """A text without halves of characters, which JSON can name and nothing can write."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def decoded(raw: bytes, whole: bool = True) -> str | None:
    """The text, without a mark in front; None if its encoding cannot be told, or it is no text.

    Args:
      raw: the bytes of a file, or the first of them.
      whole: they are all; otherwise the last character may be cut.
    """
    encoding = _encoding(raw)
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(raw, final=whole)
    except UnicodeDecodeError:
        return _latin(raw)
    return None if "\0" in text else text


def _encoding(raw: bytes) -> str:
    for mark, encoding in MARKS.items():
        if raw.startswith(mark):
            return encoding
    even, odd = raw[::2].count(0), raw[1::2].count(0)
    if 4 * max(even, odd) > len(raw) and not min(even, odd):
        return "utf-16-be" if even else "utf-16-le"
    return "utf-8"


def _latin(raw: bytes) -> str | None:
    """Windows-1252, if that gives Latin words; most of their letters are ASCII."""
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        return None
    letters = [each.isascii() for each in text if each.isalpha()]
    plausible = all(map(PLAUSIBLE.fullmatch, HIGH.findall(text))) and not ODD.search(text)
    return text if plausible and 2 * sum(letters) >= len(letters) and "\0" not in text else None
