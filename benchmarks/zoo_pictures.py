"""Pictures of the models that come along, as folders with a `metadata.csv`, out of their archives.

    python benchmarks/zoo_pictures.py ARCHIVES OUT

ARCHIVES has `clothing-128.zip`, `grocery-128.zip` and `dcss-tiles.zip`, whose pictures are those of
https://github.com/alexeygrigorev/clothing-dataset, https://github.com/marcusklasson/GroceryStoreDataset
and https://github.com/crawl/tiles; docs/zoo.md says under which licences. Of the groceries all
parts are taken, and split anew with all else.
"""

import csv
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

UNKNOWN = {"Not sure", "Other", "Skip"}  # labels of clothes that say nothing
KINDS = {"Fruit", "Vegetables", "Packages"}  # folders of groceries that say too little
# Folders of tiles whose pictures are parts of others, or the same thing over and over.
LEFT_OUT = {"UNUSED", "effect", "misc"}

IN_FULL = {"dngn": "dungeon", "mon": "monster"}

Named = Iterator[tuple[str, str]]  # a member, and what it shows


def clothes(archive: ZipFile) -> Named:
    """Pictures by what kind of clothes they show, "" where nobody knows."""
    table = csv.DictReader(io.TextIOWrapper(archive.open("images.csv"), encoding="utf-8"))
    labels = {row["image"]: row["label"] for row in table}
    for member in archive.namelist():
        if member.endswith(".jpg"):
            label = labels.get(Path(member).stem, "")
            yield member, "" if label in UNKNOWN else label.lower()


def groceries(archive: ZipFile) -> Named:
    """Pictures by their class and what that is one of: `golden delicious apple`."""
    for member in archive.namelist():
        if member.endswith(".jpg"):
            *above, own = Path(member).parts[1:-1]
            kind = [each for each in above if each not in KINDS and each not in own]
            yield member, " ".join([own, *kind]).replace("-", " ").lower()


def tiles(archive: ZipFile) -> Named:
    """Pictures by their folders and names without numbers: `mon animals orb spider`."""
    for member in archive.namelist():
        parts = Path(member).with_suffix("").parts
        if member.endswith(".png") and parts[0] not in LEFT_OUT:
            words = re.sub(r"[^a-z]+", " ", " ".join(parts).lower()).split()
            words = [IN_FULL.get(word, word) for word in words if len(word) > 1]
            yield member, " ".join(dict.fromkeys(words))


FOLDERS = {
    "photos": {"clothing-128.zip": clothes, "grocery-128.zip": groceries},
    "tiles": {"dcss-tiles.zip": tiles},
}


def unpack(archives: Path, folder: Path) -> Path:
    """Writes the folder of a set, by its name, unless it is there.

    Args:
      archives: where they are.
      folder: `photos` or `tiles`, somewhere.
    """
    if (folder / "metadata.csv").exists():
        return folder
    rows = []
    for name, named in FOLDERS[folder.name].items():
        with ZipFile(archives / name) as archive:
            for member, caption in named(archive):
                # One folder, as `train` and `test` would be taken for parts.
                file = f"{Path(name).stem}-{member.replace('/', '-')}"
                folder.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(archive.read(member))
                rows.append((file, caption))
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows([("file_name", "caption"), *rows])
    return folder


if __name__ == "__main__":
    for set_name in FOLDERS:
        unpack(Path(sys.argv[1]), Path(sys.argv[2]) / set_name)
