"""Bars are shown to who looks at a terminal, and to nobody else."""

import io
import sys

import pytest

from pixace.runtime.progress import progress_bar


class Terminal(io.StringIO):
    """An error stream that somebody looks at."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "progress", "shown"),
    [(Terminal(), True, True), (Terminal(), False, False), (io.StringIO(), True, False)],
    ids=["terminal", "not wanted", "file"],
)
def test_a_bar_is_shown_on_a_terminal_where_it_is_wanted(monkeypatch, stream, progress, shown):
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar("a\nb", 4, "step", done=1, progress=progress) as bar:
        bar.update(2)
        bar.refresh()
    assert ("3/4" in stream.getvalue()) is shown
    assert "a\nb" not in stream.getvalue()
