r"""Text from files, safe to show on a terminal: what people are told passes through here.

A name may hold line breaks, sequences that drive a terminal, and marks that turn the direction of
writing. They are shown as Python would write them: `\n`, `\x1b`, `\u202e`.
"""

import logging
import re
import sys
import unicodedata
import warnings

UNSAFE = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode's categories: control, format, halves, breaks
JOINERS = "\u200c\u200d"  # of Persian letters, Indian ones and emoji; they move nothing


def printable(text: object) -> str:
    """The text in one line, with escapes in place of what drives terminals."""
    return "".join(_escaped(each) if _is_unsafe(each) else each for each in str(text))


class _Formatter(logging.Formatter):
    """Each message of a library in one line that drives no terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def tame_libraries() -> None:
    """Has what libraries warn of and log, where nobody has said how, pass through here, too."""
    warnings.formatwarning = lambda message, category, filename, lineno, line=None: (
        printable(f"{filename}:{lineno}: {category.__name__}: {message}") + "\n"
    )
    if logging.lastResort:
        logging.lastResort.setFormatter(_Formatter())


def tell(text: object) -> None:
    """Says something to people in one line on stderr."""
    print(printable(text), file=sys.stderr)


def safe_json(text: str) -> str:
    """The same JSON, with escapes of its own for what drives terminals and is a character to it."""
    return re.sub(r"[^ -~\n]", lambda found: _json_escaped(found[0]), text)


def _is_unsafe(character: str) -> bool:
    return unicodedata.category(character) in UNSAFE and character not in JOINERS


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _json_escaped(character: str) -> str:
    if not _is_unsafe(character):
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
