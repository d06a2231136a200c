"""Whether the machine is up to it: versions, devices, memory, disk, and what else it is doing."""

import os
import platform
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import jax

from pixace.errors import PixaceError
from pixace.evaluation.finding import Finding, worst
from pixace.runtime import memory_sizes, precision
from pixace.storage import cache_dir
from pixace.version import __version__

LIBRARIES = ("jax", "jaxlib", "trax", "numpy", "optax", "pillow")
MEMORY, LEAST_MEMORY = 2.0, 0.5  # GB, to look at and to go without
DISK, LEAST_DISK = 2.0, 0.1  # GB, likewise
GPU = Path("/proc/driver/nvidia/version")  # where a driver of NVIDIA's is at work


def checks(home: Path) -> Iterator[Finding]:
    """All of them; `home` is where runs live."""
    yield versions()
    yield device()
    if hasattr(os, "getloadavg"):
        yield load(os.getloadavg()[0], cores())
    yield memory(memory_sizes.free() / 1e9)
    yield from (disk(name, place) for name, place in _places(home))


def versions() -> Finding:
    """What runs."""
    found = {"python": platform.python_version(), "pixace": __version__}
    found |= {name: metadata.version(name) for name in LIBRARIES}
    said = ", ".join(f"{name} {version}" for name, version in found.items())
    return Finding("versions", "ok", said, facts=found)


def device() -> Finding:
    """What computes."""
    every = jax.devices()
    kind, idle = every[0].device_kind, every[0].platform == "cpu" and GPU.exists()
    what = f"{cores()} cores" if every[0].platform == "cpu" else f"{len(every)} x {kind}"
    return Finding(
        "device",
        "look" if idle else "ok",
        f"{every[0].platform}, {what}; products in {precision.chosen('auto')}",
        "there is a GPU that JAX does not see; docs/install.md says what it needs" * idle,
        {"platform": every[0].platform, "kind": kind, "devices": len(every), "cores": cores()},
    )


def load(average: float, processors: int) -> Finding:
    """How busy the machine is: the mean number of programs at work in the last minute."""
    busy = average > processors
    return Finding(
        "load",
        "look" if busy else "ok",
        f"{average:.1f} programs at work on {processors} cores",
        "all takes longer, and less is finished in time; wait, or --seconds 600" * busy,
        {"load": average},
    )


def memory(free: float) -> Finding:
    """How much is free, in GB."""
    return Finding(
        "memory",
        worst((free < LEAST_MEMORY, "broken"), (free < MEMORY, "look")),
        f"{free:.1f} GB are free",
        "close other programs, or take a smaller batch or model" * (free < MEMORY),
        {"free": free},
    )


def disk(name: str, place: Path) -> Finding:
    """Whether a folder can be written to, and how much room there is."""
    there = place
    while not there.exists() and there != there.parent:
        there = there.parent
    free = shutil.disk_usage(there).free / 1e9
    closed = not os.access(there, os.W_OK)
    advice = ""
    if closed:
        advice = f"choose another place, with {'--runs' if name == 'runs' else 'PIXACE_CACHE'}"
    elif free < DISK:
        advice = "free some"
    return Finding(
        f"disk of {name}",
        worst((closed or free < LEAST_DISK, "broken"), (free < DISK, "look")),
        f"{place} cannot be written to" if closed else f"{free:.1f} GB are free at {place}",
        advice,
        {"free": free, "place": str(place)},
    )


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _places(home: Path) -> Iterator[tuple[str, Path]]:
    """Where runs go, and what is kept between them."""
    yield "runs", home.absolute()
    try:
        yield "the cache", cache_dir.folder()
    except PixaceError:  # there is no home folder, and programs are compiled each time
        return
