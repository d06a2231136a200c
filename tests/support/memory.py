"""Keeps a test process small: compiled programs are dropped when it has grown, as disk has them."""

import ctypes
import functools
import gc
import resource
import sys
from contextlib import suppress
from pathlib import Path

GROWTH = 300 * 2**20  # bytes that a process may add to what it held when it last had dropped all
_held = [600 * 2**20]  # the most that was left so far, and to begin with


def drop_programs_if_large():
    """Looks at the process, and drops what JAX can make again if that has grown large."""
    if "jax" not in sys.modules or resident() <= _held[0] + GROWTH:
        return
    for each in gc.get_objects():  # what pixace remembers are models, steps and their programs
        if isinstance(each, functools._lru_cache_wrapper) and each.__module__.startswith("pixace"):
            each.cache_clear()
    sys.modules["jax"].clear_caches()
    gc.collect()
    with suppress(OSError, AttributeError):  # another libc keeps what it was given
        ctypes.CDLL(None).malloc_trim(0)
    _held[0] = max(_held[0], resident())


def resident():
    """Bytes of memory that this process holds; 0 where nobody says."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()
