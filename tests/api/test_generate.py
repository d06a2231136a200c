"""Collages as files: what they show, what they remember, and that they can be made again."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import pixace
from pixace.api import collage_files, single_pictures
from pixace.errors import ImageError, PixaceError
from pixace.images.png import read_description, save_png

pytestmark = pytest.mark.usefixtures("here")


def pixels(path):
    with Pillow.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_collage_remembers_the_model_and_all_that_its_pixels_depend_on(model):
    facts = pixace.generate(n=3, seed=5, temperature=0.5, top_k=2, top_p=0.75, scale=7).as_dict()
    told = read_description(Path("collage.png"))
    assert facts == told | {"out": "collage.png"}
    assert told == {
        "pixace": pixace.__version__,
        "run": str(model.path),
        "created": model.description.created,
        "step": model.description.step,
        "dtype": model.dtype,
        "command": "generate",
        "n": 3,
        "seed": 5,
        "temperature": 0.5,
        "top_k": 2,
        "novelty": False,
        "top_p": 0.75,
        "scale": 7,
        "smooth": False,
    }


def test_the_same_seed_gives_the_same_pictures_whatever_their_number_and_batches():
    pixace.generate("few.png", n=3, each="few")
    pixace.generate("many.png", n=11, batch_size=4, each="many")
    assert names("few") == ["0000.png", "0001.png", "0002.png"]
    for name in names("few"):
        np.testing.assert_array_equal(pixels(f"few/{name}"), pixels(f"many/{name}"))
    pixace.generate("other.png", n=3, seed=1, each="other")
    assert any((pixels(f"few/{name}") != pixels(f"other/{name}")).any() for name in names("few"))


def test_who_stops_keeps_the_pictures_that_were_drawn(model, monkeypatch, capsys):
    pixace.generate(n=4, each="all", collage=False)
    usual, batches = single_pictures.save, iter([None, None])

    def save(*arguments, **named):
        if next(batches, "stop"):
            os.kill(os.getpid(), signal.SIGINT)
        usual(*arguments, **named)

    monkeypatch.setattr(single_pictures, "save", save)
    with pytest.raises(KeyboardInterrupt):
        pixace.generate(n=20_000, batch_size=2, each="some", collage=False)
    assert "stopped: 4 of 20,000 pictures are in some" in capsys.readouterr().err
    assert names("some") == [f"{number:05}.png" for number in range(4)]
    for number in range(4):
        all_, some = pixels(f"all/{number:04}.png"), pixels(f"some/{number:05}.png")
        np.testing.assert_array_equal(all_, some)


def test_single_pictures_have_the_models_size_unless_enlarged():
    pixace.generate(n=1, each="plain")
    pixace.generate(n=1, each="large", scale=3)
    plain, large = pixels("plain/0000.png"), pixels("large/0000.png")
    assert plain.shape == (4, 4, 3)
    assert large.shape == (12, 12, 3)
    np.testing.assert_array_equal(large[::3, ::3], plain)
    assert read_description(Path("plain/0000.png"))["picture"] == 0


def test_smooth_enlarging_makes_new_colours_and_crisp_enlarging_none():
    pixace.generate("crisp.png", n=1, scale=20)
    pixace.generate("smooth.png", n=1, scale=20, smooth=True)
    greys = {int(grey) for grey in np.unique(pixels("crisp.png"))}
    assert greys <= {0, 85, 170, 255}
    assert len(np.unique(pixels("smooth.png"))) > 20


def test_a_film_ends_with_the_collage_and_begins_blank():
    pixace.generate(n=4, gif="film.gif")
    with Pillow.open("film.gif") as film:
        assert film.n_frames > 1
        first = np.asarray(film.convert("RGB"))
        film.seek(film.n_frames - 1)
        last = np.asarray(film.convert("RGB"))
    assert set(np.unique(first)) <= {127, 128, 255}
    np.testing.assert_array_equal(last, pixels("collage.png"))


def test_generate_again_gives_the_same_bytes():
    pixace.generate("one.png", n=5, seed=3, temperature=0.7, top_k=3, scale=9, smooth=True)
    pixace.again("one.png", "two.png")
    assert Path("one.png").read_bytes() == Path("two.png").read_bytes()


def test_again_with_another_seed_changes_that_alone():
    pixace.generate("one.png", n=5, temperature=0.7, scale=9)
    facts = pixace.again("one.png", "two.png", seed=8).as_dict()
    assert facts == read_description(Path("one.png")) | {"seed": 8, "out": "two.png"}


def test_again_refuses_a_model_that_has_changed_since(here):
    pixace.generate("one.png", n=1)
    told = read_description(Path("one.png"))
    save_png(Path("old.png"), pixels("one.png"), told | {"step": 1})
    with pytest.raises(PixaceError, match="after 1 steps, and that model has changed since"):
        pixace.again("old.png", "two.png")
    assert not Path("two.png").exists()
    pixace.again("old.png", "two.png", run=told["run"])
    np.testing.assert_array_equal(pixels("one.png"), pixels("two.png"))


@pytest.mark.parametrize("told", [None, {}, {"command": "dream"}])
def test_again_refuses_what_does_not_say_how_it_was_made(told):
    save_png(Path("a.png"), np.zeros((4, 4, 3), np.uint8), told)
    with pytest.raises(ImageError, match=r"does not say how|was not made by"):
        pixace.again("a.png", "b.png")


def test_each_command_makes_its_own_collages_again():
    pixace.generate("one.png", n=1)
    with pytest.raises(ImageError, match="was made by: pixace generate; use its --again"):
        pixace.again("one.png", "two.png", command="complete")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"out": "collage.jpg"}, r"must end in \.png"),
        ({"out": "."}, "is a folder"),
        ({"gif": "film.png"}, r"must end in \.gif"),
        ({"n": 0}, "cannot generate 0 pictures"),
        ({"n": 4, "scale": 9000}, "too large"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"top_k": -1}, "top_k is -1"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"seed": -1}, "seed is -1"),
    ],
    ids=str,
)
def test_generate_refuses_before_anything_is_drawn(here, monkeypatch, arguments, words):
    monkeypatch.setattr(pixace.sampling.sampler.Sampler, "generate_tokens", None)
    with pytest.raises(PixaceError, match=words):
        pixace.generate(**arguments)
    assert names(here) == []


def test_what_load_gave_can_draw_without_being_loaded_again(monkeypatch, model):
    monkeypatch.setattr(collage_files, "load", None)
    pixace.generate(n=1, run=model)
    assert Path("collage.png").exists()
