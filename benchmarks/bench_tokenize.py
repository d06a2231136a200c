"""Time to turn a 512x512 JPEG into a row of tokens, on one core.

Decoding is what should cost: a JPEG is decoded at an eighth of its size where that is enough, and
making tokens of 32x32 pixels is meant to be small beside it. Compared, picture by picture in turn:

- pixace: bytes -> `image.load` -> `PixelTokenizer.encode` (`hsv:5,4,4`, 32x32), 64 at a time;
- pillow: Pillow's own fast way to 32x32 pixels (draft, then a box filter) and no tokens at all;
- original: the usual way, one picture at a time: all pixels decoded, `resize`, scikit-image's
  `rgb2hsv`, rounded and packed.

    python benchmarks/bench_tokenize.py                  # synthetic pictures
    python benchmarks/bench_tokenize.py --photos FOLDER  # real ones, fitted to 512x512

Wanted: `pillow / pixace` at least 0.8 and `original / pixace` at least 3. Ends in one JSON line.
"""

import argparse
import io
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL
from PIL import Image as Pillow
from skimage.color import rgb2hsv

from pixace import tokenizers
from pixace.images import loader

SIDE, SIZE, PICTURES, ROUNDS = 512, 32, 64, 15
BITS = (5, 4, 4)
FALL = 0.72  # amplitude of an octave beside the coarser one: about 50 kB a file, like photographs
TOKENIZER = tokenizers.by_spec(f"pixel size={SIZE}x{SIZE} colors=hsv:5,4,4 order=raster")


def synthetic(count: int) -> list[Pillow.Image]:
    """Noise at all scales, each finer one weaker; files about as large as those of photographs."""
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(count):
        layers = np.zeros((SIDE, SIDE, 3))
        for octave in range(1, 9):
            noise = rng.normal(size=(2**octave, 2**octave, 3)) * FALL**octave
            planes = [
                Pillow.fromarray(noise[..., k].astype(np.float32)).resize(
                    (SIDE, SIDE), Pillow.Resampling.BICUBIC
                )
                for k in range(3)
            ]
            layers += np.stack([np.asarray(plane) for plane in planes], axis=-1)
        layers = 0.5 + layers / (4 * layers.std())
        pictures.append(Pillow.fromarray((layers.clip(0, 1) * 255).astype(np.uint8)))
    return pictures


def photographs(folder: Path, count: int) -> list[Pillow.Image]:
    """Photographs, taken evenly from a folder and fitted to the size."""
    paths = sorted(folder.rglob("*.jpg"))
    chosen = [paths[i * len(paths) // count] for i in range(min(count, len(paths)))]
    return [Pillow.fromarray(loader.load(path, (SIDE, SIDE))) for path in chosen]


def as_jpeg(picture: Pillow.Image) -> bytes:
    """The bytes of a JPEG file, as a camera or a web site would write it."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()


def pixace(files: list[bytes]) -> np.ndarray:
    """Ours."""
    return TOKENIZER.encode(np.stack([loader.load(file, (SIZE, SIZE)) for file in files]))


def pillow(files: list[bytes]) -> np.ndarray:
    """Pixels only, as fast as Pillow makes them."""
    rows = []
    for file in files:
        with Pillow.open(io.BytesIO(file)) as picture:
            picture.draft("RGB", (SIZE, SIZE))
            rows.append(np.asarray(picture.resize((SIZE, SIZE), Pillow.Resampling.BOX)))
    return np.stack(rows)


def original(files: list[bytes]) -> np.ndarray:
    """Full decoding, `resize`, `rgb2hsv`, packing: one picture at a time."""
    rows = []
    for file in files:
        with Pillow.open(io.BytesIO(file)) as picture:
            pixels = np.asarray(picture.convert("RGB").resize((SIZE, SIZE)))
        with np.errstate(all="ignore"):
            h, s, v = np.moveaxis(rgb2hsv(pixels), -1, 0)
        h, s, v = (
            np.round(x * (2**b - 1)).astype(int) for x, b in zip((h, s, v), BITS, strict=True)
        )
        rows.append((h | s << BITS[0] | v << (BITS[0] + BITS[1])).ravel())
    return np.stack(rows)


def measure(ways: list[Callable], files: list[bytes]) -> dict[str, float]:
    """Milliseconds per picture, CPU time of this thread: medians of rounds taken in turn."""
    seconds: dict[str, list[float]] = {way.__name__: [] for way in ways}
    for number in range(1 + ROUNDS):
        for way in ways:
            start = time.thread_time()
            way(files)
            if number:  # the first round warms up
                seconds[way.__name__].append(time.thread_time() - start)
    return {name: 1e3 * statistics.median(times) / len(files) for name, times in seconds.items()}


def main() -> None:
    """Measures, prints a table and then one JSON line."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--photos", type=Path, help="a folder with JPEG files")
    folder = options.parse_args().photos
    pictures = photographs(folder, PICTURES) if folder else synthetic(PICTURES)
    files = [as_jpeg(picture) for picture in pictures]

    times = measure([pixace, pillow, original], files)
    images = np.stack([loader.load(file, (SIZE, SIZE)) for file in files])
    times |= {"of which tokens": measure([TOKENIZER.encode], images)["encode"]}
    for name, milliseconds in times.items():
        print(f"{name:>16} {milliseconds:8.3f} ms per picture")
    result = {
        "bench": "tokenize",
        "pictures": f"{len(files)} {'photographs' if folder else 'synthetic'}",
        "jpeg_kilobytes": round(statistics.mean(map(len, files)) / 1000, 1),
        "ms": {name: round(value, 3) for name, value in times.items()},
        "speed_of_pillow": round(times["pillow"] / times["pixace"], 2),
        "times_the_original": round(times["original"] / times["pixace"], 2),
        "pillow": PIL.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
