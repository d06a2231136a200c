"""CIFAR's batches: pickles of both Pythons and plain bytes, in folders and tars."""

import gzip
import io
import pickle
import struct
import tarfile

import numpy as np
import pytest

from pixace.errors import ImageError, SourceError
from pixace.sources import open_source

CLASSES = ["airplane", "automobile", "bird"]
COUNT = 4


@pytest.fixture
def pictures():
    """Three batches of four pictures, uint8 (3, 4, 32, 32, 3)."""
    return np.random.default_rng(0).integers(0, 256, (3, COUNT, 32, 32, 3), dtype=np.uint8)


def flat(batch):
    return np.ascontiguousarray(np.moveaxis(batch, 3, 1)).reshape(len(batch), -1)


def by_python_3(batch, labels, field="labels"):
    names = [b"x.png"] * len(batch)
    known = {b"batch_label": b"one", field.encode(): labels, b"data": flat(batch)}
    return pickle.dumps(known | {b"filenames": names}, protocol=2)


def by_python_2(batch, labels, field="labels"):
    """The very opcodes of the batches that are given out, whose texts are Python 2's."""

    def text(letters):
        raw = letters if isinstance(letters, bytes) else letters.encode()
        return b"T" + struct.pack("<i", len(raw)) + raw

    def number(n):
        return b"J" + struct.pack("<i", n)

    shape = b"(" + number(len(batch)) + number(3072) + b"t"
    kind = b"cnumpy\ndtype\n(" + text("u1") + number(0) + number(1) + b"tR("
    kind += number(3) + text("|") + b"NNN" + number(-1) + number(-1) + number(0) + b"tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(" + number(0) + b"t"
    array += text("b") + b"tR(" + number(1) + shape + kind + b"I00\n"
    array += text(flat(batch).tobytes()) + b"tb"
    listed = b"(" + b"".join(map(number, labels)) + b"l"
    return b"\x80\x02}(" + text("data") + array + text(field) + listed + b"u."


def by_bytes(batch, labels, field="labels"):
    head = [[3, label] if field == "fine_labels" else [label] for label in labels]
    return np.hstack([np.array(head, np.uint8), flat(batch)]).tobytes()


WAYS = {"python 3": by_python_3, "python 2": by_python_2, "bytes": by_bytes}


@pytest.fixture(params=WAYS)
def files(request, pictures):
    """Names and contents of CIFAR-10's files, of each kind."""
    write = WAYS[request.param]
    end = ".bin" if request.param == "bytes" else ""
    names = ["data_batch_1", "data_batch_2", "test_batch"]
    made = {f"{name}{end}": write(pictures[i], [i, 2, 1, 0]) for i, name in enumerate(names)}
    if end:
        made["batches.meta.txt"] = "\n".join([*CLASSES, ""]).encode()
    else:
        named = {b"label_names": [each.encode() for each in CLASSES], b"num_vis": 3072}
        made["batches.meta"] = pickle.dumps(named, protocol=2)
    return made | {"readme.html": b"<html>"}


@pytest.fixture(params=["folder", "tar.gz", "tar"])
def place(request, files, tmp_path):
    """The same files in a folder or a tar."""
    if request.param == "folder":
        for name, raw in files.items():
            (tmp_path / name).write_bytes(raw)
        return tmp_path
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, raw in reversed(files.items()):
            info = tarfile.TarInfo(f"cifar-10-batches/{name}")
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
    raw = made.getvalue()
    path = tmp_path / f"mine.{request.param}"
    path.write_bytes(raw if request.param == "tar" else gzip.compress(raw))
    return path


def test_batches_are_read_with_their_classes_and_splits(place, pictures):
    source = open_source(place)
    for each in (source, pickle.loads(pickle.dumps(source))):
        read = np.stack([each.read(i) for i in range(len(each))])
        np.testing.assert_array_equal(read, pictures.reshape(-1, 32, 32, 3))
    records = [source.record(i) for i in range(12)]
    assert [record.label for record in records[3:9]] == [
        *("airplane", "automobile", "bird"),
        *("automobile", "airplane", "bird"),
    ]
    assert [record.split for record in records] == ["train"] * 8 + ["test"] * 4
    assert len({record.name for record in records}) == 12
    assert source.spec == str(place)
    assert open_source(place).fingerprint() == source.fingerprint()


def test_one_batch_is_a_source(files, tmp_path, pictures):
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
    name = next(name for name in files if "test" in name)
    source = open_source(tmp_path / name)
    np.testing.assert_array_equal(source.read(1), pictures[2, 1])
    assert source.record(1).label == "bird"
    assert source.record(1).name == f"{name}[1]"
    assert len(source) == COUNT


def test_without_names_labels_are_numbers(tmp_path, pictures):
    (tmp_path / "data_batch_1.bin").write_bytes(by_bytes(pictures[0], [7, 2, 1, 0]))
    assert open_source(tmp_path).record(0).label == "7"


@pytest.mark.parametrize("kind", [list, np.array, lambda it: list(np.array(it))])
@pytest.mark.parametrize("protocol", [2, 4])
def test_labels_may_be_numbers_of_any_kind(tmp_path, pictures, kind, protocol):
    known = {"data": flat(pictures[0]), "labels": kind([7, 2, 1, 0])}
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(known, protocol))
    source = open_source(tmp_path)
    assert [source.record(i).label for i in range(4)] == ["7", "2", "1", "0"]
    np.testing.assert_array_equal(source.read(2), pictures[0, 2])


@pytest.mark.parametrize("way", WAYS)
def test_cifar_100_has_fine_labels(tmp_path, pictures, way):
    end = ".bin" if way == "bytes" else ""
    for name, batch in (("train", pictures[0]), ("test", pictures[1])):
        raw = WAYS[way](batch, [2, 1, 0, 0], field="fine_labels")
        (tmp_path / f"{name}{end}").write_bytes(raw)
    if end:
        (tmp_path / "fine_label_names.txt").write_text("\n".join(CLASSES))
        (tmp_path / "coarse_label_names.txt").write_text("thing\nanimal")
    else:
        named = {b"fine_label_names": CLASSES, b"coarse_label_names": ["thing", "animal"]}
        (tmp_path / "meta").write_bytes(pickle.dumps(named, protocol=2))
    source = open_source(tmp_path)
    assert len(source) == 8
    np.testing.assert_array_equal(source.read(5), pictures[1, 1])
    assert [source.record(i).label for i in range(3)] == ["bird", "automobile", "airplane"]
    assert [source.record(i).split for i in (0, 7)] == ["train", "test"]


class Malice:
    """Would run a program when unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (pickle.dumps({b"data": Malice()}, 2), "is refused: it names .*nothing in it was run"),
        (b"not a pickle", "is broken or no pickle"),
        (b"", "is broken or no pickle"),
        (pickle.dumps([1, 2]), "is no batch of CIFAR: list, not a dictionary"),
        (pickle.dumps({b"data": 3, b"labels": [1]}, 2), "is no batch of CIFAR: an array was exp"),
        (pickle.dumps({b"data": np.zeros((1, 3072), np.uint8)}, 2), "is no batch of CIFAR: no la"),
        (pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"labels": ["x"]}, 2), "no numbers"),
        (pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]}, 2), "and 1 labels"),
    ],
)
def test_what_is_no_batch_is_one_line(tmp_path, raw, words):
    (tmp_path / "data_batch_1").write_bytes(raw)
    with pytest.raises(SourceError, match=rf"data_batch_1 .*{words}") as caught:
        open_source(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_batch_cut_short_is_named(tmp_path, pictures):
    (tmp_path / "data_batch_1.bin").write_bytes(by_bytes(pictures[0], [0] * COUNT)[:-1])
    with pytest.raises(SourceError, match=r"data_batch_1\.bin is cut short: 12,291 bytes"):
        open_source(tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(b"")
    with pytest.raises(SourceError, match=r"data_batch_1\.bin holds no pictures"):
        open_source(tmp_path)


def test_a_batch_that_goes_away_is_a_bad_picture(tmp_path, pictures):
    path = tmp_path / "data_batch_1.bin"
    path.write_bytes(by_bytes(pictures[0], [0] * COUNT))
    source = open_source(tmp_path)
    path.unlink()
    with pytest.raises(ImageError, match=r"data_batch_1\.bin\[2\]: its file is gone"):
        source.read(2)


def test_pictures_of_such_names_are_pictures(photos, png):
    for name in ("train", "test", "meta"):
        (photos / name).mkdir()
        (photos / name / "a.png").write_bytes(png(1))
    assert len(open_source(photos)) == 7
    (photos / "data_batch_1").write_bytes(png(1))
    assert len(open_source(photos)) == 8


def test_the_folder_above_will_do(files, tmp_path, pictures):
    (tmp_path / "cifar-10-batches").mkdir()
    for name, raw in files.items():
        (tmp_path / "cifar-10-batches" / name).write_bytes(raw)
    (tmp_path / "cifar-10-python.tar.gz").touch()
    source = open_source(tmp_path)
    assert len(source) == 12
    assert source.spec == str(tmp_path)
    assert source.record(0).label == "airplane"
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "data_batch_1.bin").write_bytes(by_bytes(pictures[0], [0] * COUNT))
    with pytest.raises(SourceError, match="several folders; name one of: cifar-10-batches, more"):
        open_source(tmp_path)
