"""The bars that show how far a long work is: one look for all, and only where someone looks."""

import sys
from typing import TYPE_CHECKING

from pixace.runtime.printable import printable

if TYPE_CHECKING:
    from tqdm import tqdm


def progress_bar(
    work: str,
    total: int,
    unit: str,
    *,
    done: int = 0,
    progress: bool = True,
    leave: bool = False,
    unit_scale: bool = False,
) -> "tqdm":
    """A bar on stderr if that is a terminal, and as wide as that; `update` moves it.

    Args:
      work: what is done, in a word; or what it is done with, as the user named it.
      total: how many units there are.
      unit: of what is counted; tqdm sets it behind the numbers without a space.
      done: of them, before.
      progress: False shows nothing anywhere.
      leave: keep the last line when all is done.
      unit_scale: shorten large numbers, 12.3k.
    """
    from tqdm import tqdm

    return tqdm(
        desc=printable(work),
        total=total,
        initial=done,
        unit=unit,
        unit_scale=unit_scale,
        file=sys.stderr,
        disable=None if progress else True,
        leave=leave,
        dynamic_ncols=True,
    )
