"""Labels and captions: whether they say anything about the pictures that have them."""

import numpy as np
import pytest

import pixace
from pixace.evaluation import label_checks

COUNT = 1200


@pytest.fixture(scope="module")
def lights():
    """Pictures of 4x4 pixels, all dark or all light, with noise, and which of both."""
    labels = np.arange(COUNT) % 2
    noise = np.random.default_rng(0).integers(-40, 40, (COUNT, 4, 4))
    pictures = np.clip(np.array([60, 190])[labels][:, None, None] + noise, 0, 255)
    return pictures.astype(np.uint8), labels


@pytest.fixture
def tokens(tmp_path):
    def made(pictures, labels):
        np.savez(tmp_path / "a.npz", images=pictures, labels=labels)
        return pixace.tokenize(tmp_path / "a.npz", tmp_path / "set", size=4, colors="grey:8")

    return made


def test_labels_that_can_be_seen_are_well(lights, tokens):
    found = label_checks.meaning(tokens(*lights))
    assert (found.name, found.state) == ("labels and pictures", "ok")
    assert found.facts["alike"] == pytest.approx(1, abs=0.01)
    assert found.facts["chance"] == pytest.approx(0.5, abs=0.01)


def test_shuffled_labels_are_found(lights, tokens):
    pictures, labels = lights
    shuffled = np.random.default_rng(1).permutation(labels)
    found = label_checks.meaning(tokens(pictures, shuffled))
    assert found.state == "broken"
    assert found.facts["alike"] == pytest.approx(0.5, abs=0.03)
    assert "shuffled" in found.advice


def test_of_few_pictures_nothing_is_sure(lights, tokens):
    pictures, labels = lights
    shuffled = np.random.default_rng(1).permutation(labels)
    assert label_checks.meaning(tokens(pictures[:100], shuffled[:100])).state == "look"


def test_one_class_or_none_says_nothing(lights, tokens, tiny_pictures, tmp_path):
    pictures, labels = lights
    same = tokens(pictures[:40], np.zeros_like(labels[:40]))
    assert label_checks.meaning(same) is None
    assert "leave out --labels" in label_checks.names(same).advice
    bare = pixace.tokenize(tiny_pictures, tmp_path / "bare", size=4)
    assert (label_checks.names(bare), label_checks.meaning(bare)) == (None, None)


@pytest.fixture
def captioned(lights, tmp_path):
    """Token sets of pictures and what is said of them."""

    def made(texts):
        from PIL import Image as Pillow

        folder = tmp_path / "pictures"
        folder.mkdir()
        lines = ["image_path,caption"]
        for number, text in enumerate(texts):
            Pillow.fromarray(lights[0][number]).save(folder / f"{number}.png")
            lines.append(f"pictures/{number}.png,{text}")
        (tmp_path / "a.csv").write_text("\n".join(lines))
        return pixace.tokenize(tmp_path / "a.csv", tmp_path / "set", size=4, colors="grey:8")

    return made


def test_captions_are_compared_by_their_words(captioned):
    """Half of the words of a caption are those of its kind, the others of no kind."""
    others = np.random.default_rng(1).integers(0, 50, 120)
    texts = [f"{('night', 'day')[i % 2]} w{other}" for i, other in enumerate(others)]
    found = label_checks.meaning(captioned(texts))
    assert (found.name, found.state) == ("captions and pictures", "ok")
    assert found.facts["alike"] == pytest.approx(0.35, abs=0.05)


def test_captions_that_were_shuffled_are_to_be_looked_at(captioned):
    texts = np.random.default_rng(1).permutation(["night", "day"] * 60)
    data = captioned(texts.tolist())
    found = label_checks.meaning(data)
    assert (found.state, label_checks.names(data).name) == ("look", "captions")


def test_classes_that_are_rare_or_only_held_out_are_named(lights, tokens, monkeypatch):
    pictures, labels = lights
    many = labels.copy()
    many[:3] = 7
    data = tokens(pictures, many)
    found = label_checks.names(data)
    assert (found.state, found.facts["classes"]["7"]) == ("look", 3)
    assert found.advice.endswith("teach little: 7")
    assert found.facts["labelled"] == len(data.split("train"))
    known = {"train": [{"label": "a", "caption": None}] * 9, "validation": [{"label": "b"}]}
    monkeypatch.setattr(type(data), "records", lambda self, part: iter(known[part]))
    assert "held out alone: b" in label_checks.names(data).found
