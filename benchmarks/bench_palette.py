"""Time to give a million pixels the nearest of 512 colours.

Lists of candidates for 262,144 cells of the cube should leave 1 to 3 colours to measure for
a pixel, where the obvious way measures all 512. Compared, in turn:

- pixace: `Palette.encode` of a palette never seen before: making the lists, searching, and keeping
  the answers; once more with the answers known ("again");
- numpy: the obvious way, all distances by a matrix product in chunks, then argmin;
- kd-tree: scipy's `cKDTree` on 2 threads, the tree included; of equally near colours it takes any.

    python benchmarks/bench_palette.py                  # made pixels
    python benchmarks/bench_palette.py --photos FOLDER  # those of photographs, too

The palettes are pixels of the pictures, drawn anew for every round. Wanted: below 0.3 seconds on 2
cores. Ends in one JSON line. On a machine that others use, look at processor time: pixace has one
thread, so that on a free core it is what the clock shows; the others have two.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy
from scipy.spatial import cKDTree

from pixace.colors import palette
from pixace.colors.palette import Palette
from pixace.images import loader

PIXELS, COLORS, ROUNDS = 1_000_000, 512, 7
CHUNK = 1 << 17  # distances at a time

Way = Callable[[np.ndarray, Palette], np.ndarray]


def numpy(pixels: np.ndarray, colors: Palette) -> np.ndarray:
    """All distances, less what is the same for all colours of a pixel."""
    points = colors.table.astype(np.float32)
    squares = (points * points).sum(axis=1)
    rows = CHUNK // len(points)
    parts = (pixels[i : i + rows].astype(np.float32) for i in range(0, len(pixels), rows))
    return np.concatenate([(squares - 2 * (part @ points.T)).argmin(axis=1) for part in parts])


def kd_tree(pixels: np.ndarray, colors: Palette) -> np.ndarray:
    """A tree of the colours, asked for each pixel."""
    return cKDTree(colors.table.astype(np.float64)).query(pixels.astype(np.float64), workers=2)[1]


def pixace(pixels: np.ndarray, colors: Palette) -> np.ndarray:
    """Ours; what it knows of a palette stays with the palette."""
    return colors.encode(pixels)


def of_photographs(folder: Path) -> np.ndarray:
    """Pixels of photographs at 64x64, repeated until they are enough."""
    files = sorted(folder.rglob("*.jpg"))
    pixels = np.concatenate([loader.load(file, (64, 64)).reshape(-1, 3) for file in files])
    return np.resize(pixels, (PIXELS, 3))


def measure(pixels: np.ndarray) -> dict[str, tuple[float, float]]:
    """Seconds of each way, by the clock and of the processor, medians; ours must be exact."""
    rng = np.random.default_rng(0)
    ways: dict[str, Way] = {
        "pixace": pixace,
        "pixace, again": pixace,
        "numpy": numpy,
        "kd-tree": kd_tree,
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        colors = palette.of(pixels[rng.integers(0, len(pixels), COLORS)].tolist())
        found = {}
        for name, way in ways.items():
            start, worked = time.perf_counter(), time.process_time()
            found[name] = way(pixels, colors)
            seconds[name].append((time.perf_counter() - start, time.process_time() - worked))
        np.testing.assert_array_equal(found["pixace"], found["numpy"])
    medians = {}
    for name, times in seconds.items():
        clock, processor = zip(*times, strict=True)
        medians[name] = (statistics.median(clock), statistics.median(processor))
    return medians


def main() -> None:
    """Measures, prints a table and then one JSON line."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--photos", type=Path, help="a folder with JPEG files")
    folder = options.parse_args().photos
    noise = np.random.default_rng(1).integers(0, 256, (PIXELS, 3), dtype=np.uint8)
    kinds = {"all colours alike": noise}
    if folder:
        kinds["photographs"] = of_photographs(folder)
    result: dict[str, object] = {"bench": "palette", "pixels": PIXELS, "colors": COLORS}
    for kind, pixels in kinds.items():
        times = measure(pixels)
        print(kind)
        for name, (clock, processor) in times.items():
            shown = f"{1000 * clock:8.1f} ms by the clock {1000 * processor:8.1f} ms of processor"
            print(f"  {name:14} {shown}")
        result[kind] = {name: [round(each, 4) for each in both] for name, both in times.items()}
    result |= {"numpy": np.__version__, "scipy": scipy.__version__}
    print(json.dumps(result | {"machine": platform.machine()}))


if __name__ == "__main__":
    main()
