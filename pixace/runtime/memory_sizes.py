"""Memory: sizes as people write them, and how much there is."""

import os
import re
from pathlib import Path

from pixace.errors import ConfigError

SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)
POWERS = " kmgt"
# What JAX takes of a GPU's memory at once, unless its user says otherwise.
SHARE, SHARE_BY = 0.75, "XLA_PYTHON_CLIENT_MEM_FRACTION"


def parse(text: str) -> int:
    """Bytes, of `10GB`, `512 MB`, `7.5GiB` or a plain number of them.

    Raises:
      ConfigError: it is no size, or nothing.
    """
    amount = 0
    if found := SIZE.fullmatch(text):
        number, unit, binary = found.groups()
        base = 1024 if binary else 1000
        amount = round(float(number) * base ** POWERS.index(unit.lower() or " "))
    if amount <= 0:
        raise ConfigError(f"{text!r} is no amount of memory; write it like 10GB or 512MB")
    return amount


def shown(amount: float) -> str:
    """As people read it: 512 MB, 9.7 GB."""
    return f"{amount / 1e9:.1f} GB" if amount >= 1e9 else f"{amount / 1e6:.0f} MB"


def of_process() -> int:
    """Bytes that are resident now."""
    import psutil  # late, as few commands ask

    return int(psutil.Process().memory_info().rss)


def available() -> int:
    """Bytes that a training could have: of the device's memory, or of the computer's own."""
    import jax

    stats = jax.devices()[0].memory_stats() or {}
    return int(stats.get("bytes_limit", 0)) or free()


def free(group: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that are free of the computer's memory, within the limit of a container."""
    import psutil

    amount = int(psutil.virtual_memory().available)
    try:
        most, used = (int((group / f"memory.{it}").read_text()) for it in ("max", "current"))
    except (OSError, ValueError):  # none, or "max"
        return amount
    return min(amount, most - used)


def usable(amount: int) -> int:
    """Bytes of a device's memory of that size that JAX takes; of the computer's own, all."""
    import jax

    if jax.default_backend() != "gpu":
        return amount
    return int(amount * float(os.environ.get(SHARE_BY, SHARE)))
