"""Trains the models that come along with pixace, and writes their cards, docs/zoo.md.

    bin/zoo --archives FOLDER               all of them: hours
    bin/zoo --archives FOLDER digits-8      some of them
    bin/zoo --cards                         the page alone, of what the files say of themselves

Each is made by commands of pixace, those on its card. A training that was interrupted goes on where
it was; one that is finished is taken as it is. The archives are those of `zoo_pictures.py`, and
Noto's emoji, `noto-emoji-png-128.zip`. Runs are kept in `runs/zoo`.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zoo_page
import zoo_pictures

import pixace
from pixace.runs.run_folder import Run
from pixace.zoo import shipped

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "zoo.md"
PICTURES = ROOT / "docs" / "pictures"
DRAWN = 64
MEASURES = ("nats_per_token", "bits_per_pixel", "bits_per_dimension")

CLOTHES = (
    "photographs of https://github.com/alexeygrigorev/clothing-dataset (CC0) and "
    "https://github.com/marcusklasson/GroceryStoreDataset (MIT)"
)
TILES = "tiles of Dungeon Crawl Stone Soup, https://github.com/crawl/tiles (CC0)"
NOTO = "Noto Emoji, https://github.com/googlefonts/noto-emoji (SIL OFL 1.1, Apache 2.0)"
DIGITS = (
    "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits (CC BY 4.0), as "
    "scikit-learn has them"
)


@dataclass(frozen=True)
class Model:
    """A model that comes along, and how it is made.

    Attributes:
      about: what it draws.
      credit: whose pictures it learned from.
      pictures: an archive, or a folder that `zoo_pictures` makes; a source that is built in.
      commands: of pixace, the last of which trains it; `PICTURES` stands for the pictures.
      draws: options for the collage of its card.
    """

    about: str
    credit: str
    pictures: str
    commands: Sequence[str]
    draws: str = ""


# Pictures are mostly drawn or finished without a word, so each often learns without one; and those
# that are asked for by one word learn from one.
PHOTOS = "--captions --set captions.gaps=True --set train.drop_caption=0.3"
WORDS = "--captions --set train.drop_caption=0.3 --set train.drop_words=0.9"
MODELS = {
    "photos-32": Model(
        "photographs of clothes and groceries, 32x32, by their names",
        CLOTHES,
        "photos",
        [
            f"train PICTURES --gin photos-32 --size 32 {PHOTOS} --set D_MODEL=96 --set D_FF=384 "
            "--set LAYERS=5 --steps 12000 --name photos-32"
        ],
        "--temperature 0.95",
    ),
    "photos-64": Model(
        "the same photographs, 64x64, through a codebook of 1,024 squares, by their names",
        CLOTHES,
        "photos",
        [
            "codebook PICTURES --gin codebook --size 64 --set codebook.codes=1024 --steps 4000 "
            "--name photos-64-codes",
            f"train PICTURES --colors vq:photos-64-codes --gin codes-64 {PHOTOS} --steps 6000 "
            "--name photos-64",
        ],
        "--temperature 0.9",
    ),
    "tiles-32": Model(
        "tiles of a dungeon game, 32x32 with transparency, by their names",
        TILES,
        "tiles",
        [
            f"train PICTURES --gin photos-32 --size 32 --colors kmeans:256 {WORDS} "
            "--set DROPOUT=0.1 --set train.mirror=True --steps 6000 --name tiles-32"
        ],
        "--temperature 0.95",
    ),
    "emoji-16": Model(
        "emoji, 16x16, by their names",
        NOTO,
        "noto-emoji-png-128.zip",
        [
            f"train PICTURES --gin emoji-16 --size 16 {WORDS} --set captions.gaps=True "
            "--set DROPOUT=0.2 --steps 4000 --name emoji-16"
        ],
        "--temperature 0.9",
    ),
    "digits-8": Model(
        "handwritten digits, 8x8 in 17 greys, by their names",
        DIGITS,
        "digits",
        ["train PICTURES --gin digits --template 'a handwritten {label}' --name digits-8"],
    ),
}


def made(name: str, archives: Path, out: Path) -> Run:
    """The finished run of a model."""
    model = MODELS[name]
    source = Path(model.pictures)
    if model.pictures in zoo_pictures.FOLDERS:
        source = zoo_pictures.unpack(archives, out / "pictures" / model.pictures)
    elif source.suffix == ".zip":
        source = archives / source
    for command in model.commands:
        words = [str(source) if word == "PICTURES" else word for word in shlex.split(command)]
        run = Run(out / words[words.index("--name") + 1])
        if not run.path.exists():
            tell(*words)
        elif run.read().status != "finished":
            tell(words[0], "--resume", run.path)
        if (status := run.read().status) != "finished":  # Ctrl-C saves, and is no failure
            sys.exit(f"zoo: {name} is not trained yet ({status}); go on by the same command")
    return run


def facts(name: str, run: Run) -> dict[str, Any]:
    """What the card says beside words."""
    told = run.read()
    nearest = PICTURES / f"zoo-{name}-nearest.png"
    found = pixace.evaluate(run=run.path, samples=DRAWN, figure=nearest).as_dict()
    log = (run.path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    tokens = told.training["batch_size"] * pixace.load(run.path).sampler.tokenizer.length
    speeds = [line.get("tokens_per_second") for line in map(json.loads, log)]
    speed = statistics.median(filter(None, speeds))
    return {
        "pictures": found["bits_per_pixel"]["pictures"],
        **{measure: found[measure]["mean"] for measure in MEASURES if found[measure]},
        "learned": told.data.train,
        "steps": told.step,
        "novelty": found["novelty"],
        "learned_bits_per_pixel": found["learned"]["mean"],
        "minutes": round(told.steps * tokens / speed / 60, 1),
        "commands": [f"pixace {each}" for each in MODELS[name].commands],
    }


def ship(name: str, run: Run) -> None:
    """Packs a run, and draws the picture of its card."""
    model, path = MODELS[name], shipped.HERE / f"{name}.safetensors"
    pixace.pack_model(
        run.path,
        path,
        about=model.about,
        licence="MIT",
        credit=model.credit,
        facts=facts(name, run),
    )
    collage = PICTURES / f"zoo-{name}.png"
    tell("generate", "--run", path, "--n", DRAWN, *shlex.split(model.draws), "--out", collage)


def tell(*words: Any) -> None:
    """Has pixace do something."""
    output([sys.executable, "-P", "-m", "pixace", *words])


def output(command: list[Any]) -> str:
    """What a process prints; its errors and bars go where ours do."""
    here = {**os.environ, "JAX_PLATFORMS": "cpu"}
    words = list(map(str, command))
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=here).stdout


def main() -> None:
    """Makes what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)}")
    parser.add_argument("--archives", type=Path, help="where the pictures are")
    parser.add_argument("--out", type=Path, default=Path("runs/zoo"), help="for what is made")
    parser.add_argument("--cards", action="store_true", help="write the page alone")
    given = parser.parse_args()
    if unknown := [name for name in given.models if name not in MODELS]:
        parser.error(f"no model {unknown[0]!r}; there are {', '.join(MODELS)}")
    if not given.cards:
        if given.archives is None:
            parser.error("say where the pictures are: --archives FOLDER")
        os.environ["PIXACE_RUNS"] = str(given.out)
        for name in given.models or MODELS:
            ship(name, made(name, given.archives, given.out))
    PAGE.write_text(zoo_page.page(shipped.every()), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as why:  # its own words stand above
        sys.exit(f"zoo: failed with {why.returncode}: {shlex.join(why.cmd)}")
