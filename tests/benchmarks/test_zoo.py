"""The models that come along: how they are made, their pictures, and the page of their cards."""

import csv
import io
import shlex
from zipfile import ZipFile

import pytest
import zoo
import zoo_page
import zoo_pictures

import pixace
from pixace.cli import main
from pixace.zoo import shipped


@pytest.mark.parametrize("name", zoo.MODELS)
def test_commands_are_pixaces_and_end_in_a_training_of_that_name(name):
    for command in zoo.MODELS[name].commands:
        word, *words = shlex.split(command)
        assert "PICTURES" in words
        parsed = main.get_command(None, word).make_context(word, words)
        assert not parsed.args
        assert word in ("train", "codebook")
    assert (word, parsed.params["name"]) == ("train", name)


def test_what_comes_along_is_what_the_page_says_and_is_small_enough():
    files = shipped.every()
    assert {path.stem for path in files} <= zoo.MODELS.keys()
    if files:
        assert zoo.PAGE.read_text(encoding="utf-8") == zoo_page.page(files)
    assert all(path.stat().st_size <= 4_000_000 for path in files)
    assert sum(path.stat().st_size for path in files) <= 16_000_000


def test_a_card_says_what_a_file_says_of_itself(tiny_outcome, tmp_path):
    facts = {"learned": 38, "steps": 6, "minutes": 0.1, "pictures": 2, "nats_per_token": 1.25}
    facts |= {"bits_per_pixel": 1.8, "commands": ["pixace train stripes.npy"]}
    facts |= {"bits_per_dimension": 2.5, "learned_bits_per_pixel": 1.7}
    facts["novelty"] = {"pictures": 64, "copies": 1, "distance": 20.06, "held_out": 21.0}
    pixace.pack_model(
        tiny_outcome.run.path,
        tmp_path / "stripes.safetensors",
        about="grey stripes",
        licence="MIT",
        credit="nobody's pictures",
        facts=facts,
    )
    row = zoo_page.row(tmp_path / "stripes.safetensors")
    assert row[:3] == ["[stripes](#stripes)", "0.0 MB", "38"]
    assert row[3:] == ["6", "0.1", "2", "1.250", "1.800", "1.700", "2.500"]
    card = zoo_page.card(tmp_path / "stripes.safetensors")
    assert "## stripes\n\nGrey stripes. Learned from nobody's pictures.\n" in card
    told = " ".join(card.split())
    assert (
        "Of 64 new pictures 1 is a copy; their distance to the nearest training picture is 20.1 "
        in told
    )
    assert "(pictures/zoo-stripes-nearest.png)" in card
    assert "```sh\npixace train stripes.npy\n```" in card


def rows(folder):
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as table:
        return [tuple(row) for row in csv.reader(table)]


def test_pictures_of_all_parts_come_in_one_folder_with_captions(tmp_path):
    archives, out = tmp_path / "archives", tmp_path / "out"
    archives.mkdir()
    with ZipFile(archives / "clothing-128.zip", "w") as archive:
        archive.writestr(
            "images.csv", "image,sender_id,label,kids\na1,1,T-Shirt,False\nb2,1,Skip,False\n"
        )
        archive.writestr("images/a1.jpg", b"a")
        archive.writestr("images/b2.jpg", b"b")
    with ZipFile(archives / "grocery-128.zip", "w") as archive:
        archive.writestr("dataset/classes.csv", "")
        archive.writestr("test/Fruit/Apple/Golden-Delicious/1.jpg", b"c")
        archive.writestr("train/Vegetables/Zucchini/2.jpg", b"d")
    with ZipFile(archives / "dcss-tiles.zip", "w") as archive:
        for member in ("mon/animals/orb_spider2.png", "UNUSED/monsters/raven.png"):
            archive.writestr(member, io.BytesIO(b"e").getvalue())
    photos = zoo_pictures.unpack(archives, out / "photos")
    assert rows(photos) == [
        ("file_name", "caption"),
        ("clothing-128-images-a1.jpg", "t-shirt"),
        ("clothing-128-images-b2.jpg", ""),
        ("grocery-128-test-Fruit-Apple-Golden-Delicious-1.jpg", "golden delicious apple"),
        ("grocery-128-train-Vegetables-Zucchini-2.jpg", "zucchini"),
    ]
    assert (photos / "clothing-128-images-b2.jpg").read_bytes() == b"b"
    tiles = zoo_pictures.unpack(archives, out / "tiles")
    assert rows(tiles)[1:] == [
        ("dcss-tiles-mon-animals-orb_spider2.png", "monster animals orb spider")
    ]
