"""Bytes for held-out pictures: pixace's, and those of PNG, WebP and xz.

    python benchmarks/bench_compression.py RUN …  # names or folders; ends in a line of JSON

At most 180 of each run's held-out pictures are compressed with the run's model and decompressed
again, and must come back as they were. All bytes are for one picture, of very much the same pixels
as the model's tokens show them: of PNG and WebP once as single files, header and all, and once as
one file of all pictures in a column; of xz, one file of the tokens, a byte each if that is enough.
Seconds are those of the processor, compiling and all.
"""

import argparse
import json
import lzma
import math
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image as Pillow

import pixace
from pixace.api.model_pictures import tokens_for
from pixace.data.parallel_encoding import smallest_type
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.evaluation.likelihood import costs
from pixace.evaluation.yardsticks import lossless_file
from pixace.runtime import precision

MOST = 180  # pictures
COLUMNS = {
    "bits": "evaluate",
    "payload": "pixace",
    "file": "with names and header",
    "png": "PNG",
    "webp": "WebP",
    "one_png": "one PNG",
    "one_webp": "one WebP",
    "xz": "xz",
    "seconds_there": "seconds there",
    "seconds_back": "and back",
}


def measured(run: str) -> dict[str, str | int | float]:
    """Bytes a picture by ways; `bits` is what the model's evaluation says, in bytes, too."""
    model = pixace.load(run)
    tokens, _ = tokens_for(model, None)
    held = len(tokens.split("validation"))
    chosen = EvaluationSet("validation", min(MOST, held))
    rows = tokens.split("validation").rows(chosen.rows(tokens))
    tokenizer, sampler = model.sampler.tokenizer, model.sampler
    shown = tokenizer.decode(rows)
    with TemporaryDirectory() as place:
        folder = Path(place) / "held"
        folder.mkdir()
        for number, picture in enumerate(shown):
            Pillow.fromarray(picture).save(folder / f"{number:03}.png")
        begin = time.process_time()
        done = pixace.compress(folder, folder.with_suffix(".pxc"), run=model)
        there = time.process_time()
        pixace.decompress(done.out, Path(place) / "again", run=model)
        back = time.process_time()
        for number, picture in enumerate(shown):
            with Pillow.open(Path(place) / "again" / f"{number:03}.png") as again:
                np.testing.assert_array_equal(np.asarray(again.convert("RGB")), picture)
    nats = costs(
        sampler.model, sampler.weights, tokens, chosen, dtype=precision.by_name(model.dtype)
    )
    column = shown.reshape(-1, *shown.shape[2:])
    raw = rows.astype(smallest_type(tokenizer.vocab_size)).tobytes()
    every = {
        "bits": nats.sum() / math.log(2) / 8,
        "payload": done.payload,
        "file": done.bytes,
        "png": done.png,
        "webp": done.webp,
        "one_png": len(lossless_file(column, "png")),
        "one_webp": len(lossless_file(column, "webp")),
        "xz": len(lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME)),
    }
    return {
        "run": model.description.name,
        "pictures": len(rows),
        **{name: size / len(rows) for name, size in every.items()},
        "seconds_there": there - begin,
        "seconds_back": back - there,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", nargs="+", metavar="RUN")
    found = [measured(run) for run in parser.parse_args().runs]
    print(f"| bytes a picture | pictures | {' | '.join(COLUMNS.values())} |")
    print("| --- " * (len(COLUMNS) + 2) + "|")
    for each in found:
        cells = [f"{each[name]:,.1f}" for name in COLUMNS]
        print(f"| {each['run']} | {each['pictures']} | {' | '.join(cells)} |")
    print(json.dumps({"bench": "compression", "runs": found}))
