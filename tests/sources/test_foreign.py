"""Data sets of kinds that are not read are called by their names, with what to do."""

import pytest

from pixace.errors import SourceError
from pixace.sources import open_source


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("church_lmdb/data.mdb", r"LMDB \(as LSUN's\)"),
        ("a.h5", "HDF5"),
        ("a.tfrecord", "TFRecord"),
        ("train.tfrecord-00001-of-00004", "TFRecord"),
        ("a.arrow", "Arrow"),
        ("a.pt", "PyTorch's"),
        ("a.pkl", "a pickle"),
    ],
)
def test_kinds_are_named(tmp_path, name, kind):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bytes(range(256)) * 40)
    (path.parent / "lock.mdb").touch()
    words = rf"is {kind}, which pixace does not read; write its pictures into a folder, a tar or P"
    for each in {path, path.parent} if "lmdb" in name else {path}:
        with pytest.raises(SourceError, match=words) as caught:
            open_source(each)
        assert "\n" not in str(caught.value)
