"""Parquet as Hugging Face stores data sets: pictures, labels with names, captions, shards."""

import json
import pickle
import sys

import pytest

from pixace.errors import ImageError, MissingError, SourceError
from pixace.sources import open_source, parquet

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def write(path, columns, features=None, **settings):
    table = pa.table(columns)
    if features:
        about = {"huggingface": json.dumps({"info": {"features": features}})}
        table = table.replace_schema_metadata(about)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **settings)
    return path


@pytest.fixture
def structs(png):
    """Seven pictures as Hugging Face has them."""
    return pa.array([{"bytes": png(i), "path": f"{i % 2}.png"} for i in range(7)])


NAMES = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}


def test_pictures_labels_and_captions_are_read(tmp_path, structs, number_of):
    texts = ["a cat", " two\n words ", None, "", "d", "e", "f"]
    columns = {"label": [0, 1, -1, 0, 1, 0, 1], "text": texts, "image": structs}
    path = write(tmp_path / "a.parquet", columns, NAMES, row_group_size=3)
    source = open_source(path)
    for each in (source, pickle.loads(pickle.dumps(source))):
        assert [number_of(each, i) for i in (6, 0, 3, 2, 5, 1, 4)] == [6, 0, 3, 2, 5, 1, 4]
    records = [source.record(i) for i in range(len(source))]
    assert [each.label for each in records] == ["cat", "dog", None, "cat", "dog", "cat", "dog"]
    assert [each.caption for each in records] == ["a cat", "two words", None, None, *"def"]
    assert records[3].name == records[3].group == "a.parquet[3]"
    assert source.spec == str(path)


def test_only_one_row_group_of_pictures_is_read_at_a_time(tmp_path, structs, monkeypatch):
    path = write(tmp_path / "a.parquet", {"image": structs, "label": [1] * 7}, row_group_size=3)
    seen = []
    real = pq.ParquetFile.read_row_group
    monkeypatch.setattr(
        pq.ParquetFile,
        "read_row_group",
        lambda file, group, **rest: seen.append((group, rest)) or real(file, group, **rest),
    )
    source = open_source(path)
    for i in range(7):
        source.record(i)
    assert seen == []
    for i in range(7):
        source.read(i)
    assert seen == [(group, {"columns": ["image"]}) for group in range(3)]


@pytest.mark.parametrize("kind", ["binary", "large_binary"])
def test_pictures_may_be_mere_bytes(tmp_path, png, number_of, kind):
    column = pa.array([png(i) for i in range(3)], getattr(pa, kind)())
    columns = {"id": [5, 6, 7], "jpg_bytes": column, "category": ["x", "y", "x"]}
    source = open_source(write(tmp_path / "anything", columns))
    assert [number_of(source, i) for i in range(3)] == [0, 1, 2]
    assert [source.record(i).label for i in range(3)] == ["x", "y", "x"]


def test_a_class_by_any_name_is_a_label_and_several_captions_are_lines(tmp_path, structs):
    columns = {"image": structs, "breed": [0, 1] * 3 + [0], "captions": [["a", "b  c"]] * 7}
    features = {"breed": NAMES["label"], "image": {"_type": "Image"}}
    record = open_source(write(tmp_path / "a.parquet", columns, features)).record(1)
    assert (record.label, record.caption) == ("dog", "a\nb c")


def test_variants_of_an_emoji_are_one_group(tmp_path, png):
    names = ["emoji_u1f44b.png", "emoji_u1f44b_1f3fb.png", "other.png", "other.png"]
    column = pa.array([{"bytes": png(1), "path": name} for name in names])
    source = open_source(write(tmp_path / "a.parquet", {"image": column}))
    groups = [source.record(i).group for i in range(4)]
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3


def test_shards_of_a_folder_or_a_pattern_are_one_source(tmp_path, structs, number_of):
    for name, part in (("test-0-of-1", 5), ("train-1-of-2", 3), ("train-0-of-2", 0)):
        columns = {"image": structs[part : part + 2], "label": [0, 1]}
        write(tmp_path / "data" / f"{name}.parquet", columns, NAMES)
    (tmp_path / "README.md").write_text("a card")
    for spec in (tmp_path, tmp_path / "data", tmp_path / "data" / "*.parquet"):
        source = open_source(spec)
        assert [number_of(source, i) for i in range(6)] == [5, 6, 0, 1, 3, 4]
        splits = [source.record(i).split for i in range(6)]
        assert splits == ["test"] * 2 + ["train"] * 4
        assert source.record(4).label == "cat"
    assert open_source(tmp_path).record(5).name == "train-1-of-2.parquet[1]"
    source = open_source(tmp_path / "data" / "train-{0..1}-of-2.parquet")
    assert [number_of(source, i) for i in range(4)] == [0, 1, 3, 4]
    assert source.record(0).split is None


def test_one_of_several_columns_can_be_named(tmp_path, png, number_of):
    columns = {name: pa.array([png(i)]) for i, name in enumerate(["before", "after"])}
    path = write(tmp_path / "a.parquet", columns)
    assert number_of(open_source(f"{path}#after"), 0) == 1
    assert open_source(f"{path}#after").fingerprint() != open_source(f"{path}#before").fingerprint()
    with pytest.raises(SourceError, match=r"several columns of pictures: before, after; .*#before"):
        open_source(path)
    with pytest.raises(SourceError, match=r"no column of pictures 'x'; its columns: before, after"):
        open_source(f"{path}#x")


def test_what_has_no_pictures_is_refused(tmp_path, structs):
    path = write(tmp_path / "a.parquet", {"pixels": [[1, 2]], "label": [1]})
    with pytest.raises(SourceError, match="no column of encoded pictures; its columns: pixels, la"):
        open_source(path)
    with pytest.raises(SourceError, match="holds no pictures"):
        open_source(write(tmp_path / "b.parquet", {"image": structs[:0]}))


def test_a_row_without_bytes_is_a_bad_picture(tmp_path, png):
    column = pa.array([{"bytes": png(1), "path": "a"}, {"bytes": None, "path": "b"}, None])
    source = open_source(write(tmp_path / "a.parquet", {"image": column}))
    for i in (1, 2):
        with pytest.raises(ImageError, match=rf"a\.parquet\[{i}\]: there are no bytes in its row"):
            source.read(i)
    assert source.read(0) == png(1)


def test_damaged_files_are_named(tmp_path, structs):
    path = write(tmp_path / "a.parquet", {"image": structs}, compression="none")
    raw = path.read_bytes()
    path.write_bytes(raw[:-20])
    with pytest.raises(SourceError, match=r"cannot read .*a\.parquet: .*; get it again") as caught:
        open_source(path)
    assert "\n" not in str(caught.value)
    path.write_bytes(b"PAR1" + bytes(len(raw) // 2) + raw[4 + len(raw) // 2 :])
    with pytest.raises((SourceError, ImageError), match=r"a\.parquet"):
        open_source(path).read(0)


def test_without_pyarrow_a_line_says_what_to_install(tmp_path, structs, monkeypatch):
    path = write(tmp_path / "a.parquet", {"image": structs})
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    parquet._opened.cache_clear()
    with pytest.raises(MissingError, match=r'needs pyarrow; .*pip install "pixace\[parquet\]"'):
        open_source(path)


def test_a_caption_that_is_no_text_costs_this_caption(tmp_path, structs):
    texts = [f"caption {i}" for i in range(7)]
    path = write(
        tmp_path / "a.parquet", {"image": structs, "text": texts},
        compression="none", use_dictionary=False,
    )  # fmt: skip
    path.write_bytes(path.read_bytes().replace(b"caption 2", b"caption \xff"))
    source = open_source(path)
    assert source.record(1).caption == "caption 1"
    assert source.record(2).unread.startswith("its caption cannot be read: ")


def test_more_rows_than_bytes_are_refused(tmp_path):
    path = write(tmp_path / "a.parquet", {"image": pa.nulls(200_000, pa.binary())})
    with pytest.raises(SourceError, match=r"claims 200,000 rows in [\d,]+ bytes"):
        open_source(path)
