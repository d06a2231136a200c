"""Pickles as data: arrays come back to the bit, nothing runs, nothing swells."""

import gzip
import pickle
import struct
from contextlib import suppress
from pathlib import Path

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pixace.errors import RunError
from pixace.storage import pickle_reader, safe_pickle

NUMBERS = st.sampled_from(["<f2", "<f4", ">f4", "<f8", "<i4", ">i8", "<u2", "|u1", "|b1", "|i1"])


def written(folder, data):
    path = folder / "file.pkl.gz"
    path.write_bytes(gzip.compress(data, 1))
    return path


def loaded(folder, thing, protocol=5):
    return safe_pickle.load(written(folder, pickle.dumps(thing, protocol)))


@given(
    array=arrays.arrays(NUMBERS, arrays.array_shapes(min_dims=0, max_dims=4, max_side=4)),
    protocol=st.integers(2, 5),
    turned=st.randoms(use_true_random=False),
)
def test_arrays_come_back_to_the_bit(tmp_path_factory, array, protocol, turned):
    array = array.transpose(turned.sample(range(array.ndim), array.ndim))
    back = safe_pickle.array(loaded(tmp_path_factory.mktemp("p"), array, protocol))
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_arrays_of_jax_come_back(tmp_path, protocol):
    array = jnp.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(safe_pickle.array(loaded(tmp_path, array, protocol)), array)


@pytest.mark.parametrize("kind", [jnp.asarray, np.asarray])
def test_bfloat16_comes_back_as_float32(tmp_path, kind):
    array = kind(np.array([1.5, -2.0, 3e38, 0.1], ml_dtypes.bfloat16))
    back = safe_pickle.array(loaded(tmp_path, array))
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, np.asarray(array).astype(np.float32))


@pytest.mark.parametrize(
    ("old", "new"), [("numpy._core", "numpy.core"), ("jax._src.array\n_reconstruct_array",
                                                     "jax._src.device_array\nreconstruct_device_array")]
)  # fmt: skip
def test_names_of_older_releases_are_known(tmp_path, old, new):
    data = pickle.dumps(jnp.arange(3.0), 3)
    assert old.encode() in data
    back = safe_pickle.array(
        safe_pickle.load(written(tmp_path, data.replace(old.encode(), new.encode())))
    )
    np.testing.assert_array_equal(back, [0, 1, 2])


def test_pythons_own_values_are_read_as_they_are(tmp_path):
    thing = {"step": 7, "rate": 0.5, "words": ["a", ("b", None, True)], "raw": b"x"}
    assert loaded(tmp_path, thing) == thing


@pytest.mark.parametrize(
    ("number", "whole"), [(7, 7), (np.int32(7), 7), (np.float32(7), 0), ("7", 0), (1 << 99, 0)]
)
def test_whole_numbers_may_be_numpys(tmp_path, number, whole):
    assert safe_pickle.whole_number(loaded(tmp_path, number)) == whole


class Harmful:
    """Makes a file when it is unpickled as usual."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_what_a_harmful_pickle_would_do_is_not_done(tmp_path):
    made = tmp_path / "made"
    path = written(tmp_path, pickle.dumps({"flat_weights": [Harmful(made)]}))
    with pytest.raises(RunError, match=r"file\.pkl\.gz is refused: it names \S+, and weights"):
        safe_pickle.load(path)
    assert not made.exists()
    with gzip.open(path) as file:
        pickle.load(file)
    assert made.exists()  # it was a harmful one


@pytest.mark.parametrize("name", [
    b"os\nsystem", b"builtins\neval", b"builtins\ngetattr", b"posix\nsystem", b"numpy\nload",
    b"numpy\nfromfile", b"numpy.core.multiarray\nfromfile", b"numpy\ndtype.newbyteorder",
    b"jax._src.array\nnp.load", b"trax.shapes\nnp", b"functools\npartial",
    b"pixace.storage.safe_pickle\nRecord",
])  # fmt: skip
def test_names_that_weights_do_not_need_are_refused(tmp_path, name):
    path = written(tmp_path, b"c" + name + b"\n.")
    said = name.decode().replace("\n", ".").replace(".", r"\.")
    with pytest.raises(RunError, match=rf"names {said}, .* nothing in it was run"):
        safe_pickle.load(path)


@pytest.mark.parametrize("data", [
    b"Pa name\n.", b"\x80\x02K\x01Q.", b"\x80\x02\x82\x01.", b"\x80\x05\x97.", b"(inumpy\ndtype\n.",
])  # fmt: skip
def test_pickles_that_reach_outside_are_refused(tmp_path, data):
    with pytest.raises(RunError, match="refused: it names something outside of itself"):
        safe_pickle.load(written(tmp_path, data))


def test_a_known_name_does_nothing_whatever_it_is_given(tmp_path):
    """Calls `numpy.ndarray` for a terabyte, and writes into the name itself."""
    call = b"cnumpy\nndarray\n((J\xff\xff\xff\x7fJ\xff\xff\x00\x00ttR."
    record = safe_pickle.load(written(tmp_path, call))
    assert record.args == ((2**31 - 1, 65535),)
    with pytest.raises(RunError, match="broken"):
        safe_pickle.load(written(tmp_path, b"cnumpy\nndarray\n}b."))


def test_two_files_share_nothing(tmp_path):
    first = safe_pickle.load(written(tmp_path, b"cnumpy\nndarray\n."))
    second = safe_pickle.load(written(tmp_path, b"cnumpy\nndarray\n."))
    assert first is not second


@pytest.mark.parametrize("data", [
    b"", b"no pickle", b"\x80\x04", b"\x80\x05]", b"I12", b"\x80\x04K", b"}}}s.", b"N0.",
    b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"few.",  # says that it has very many bytes
    b"\x80\x02r" + struct.pack("<I", 0xFFFFFFF0) + b".",  # numbers a part so that a list grows
    b"\x80\x02]r" + struct.pack("<I", 0xFFFFFFF0) + b".",
])  # fmt: skip
def test_broken_pickles_are_said_to_be_broken(tmp_path, data):
    with pytest.raises(RunError, match=r"file\.pkl\.gz is broken or no pickle"):
        safe_pickle.load(written(tmp_path, data))


@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = written(tmp_path_factory.mktemp("p"), data)
    with suppress(RunError):
        assert not callable(safe_pickle.load(path)) or data.endswith(b".")


def test_a_file_that_unpacks_to_far_more_than_itself_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(safe_pickle, "SMALL", 1 << 20)
    path = written(tmp_path, pickle.dumps(bytes(1 << 22)))
    assert path.stat().st_size < 30_000
    with pytest.raises(RunError, match="refused: it unpacks to more than 1 MB"):
        safe_pickle.load(path)


def test_a_file_of_very_many_parts_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pickle_reader, "PARTS", 1000)
    with pytest.raises(RunError, match="more than 1,000 parts"):
        loaded(tmp_path, [[] for _ in range(1000)])


def test_files_that_are_no_gzip_files_are_said_to_be_none(tmp_path):
    path = tmp_path / "file.pkl.gz"
    with pytest.raises(RunError, match="cannot be read: No such file"):
        safe_pickle.load(path)
    path.write_bytes(pickle.dumps({}))
    with pytest.raises(RunError, match="no gzip file"):
        safe_pickle.load(path)
    path.write_bytes(gzip.compress(bytes(5000))[:-12])
    with pytest.raises(RunError, match="cannot be read"):
        safe_pickle.load(path)


@pytest.mark.parametrize("thing", [
    3, "a", None, {}, np.zeros(2, "U1"), np.zeros(2, "M8[s]"), np.zeros(2, "c8"), np.dtype("f4"),
    np.float32(1),
])  # fmt: skip
def test_what_is_no_array_of_numbers_is_said_to_be_none(tmp_path, thing):
    with pytest.raises(ValueError, match=r"expected|no type of numbers"):
        safe_pickle.array(loaded(tmp_path, thing))


def test_an_array_must_fit_its_bytes(tmp_path):
    data = pickle.dumps(np.zeros((2, 3), np.float32), 4)
    short = data.replace(b"K\x02K\x03\x86", b"K\x02K\x04\x86")
    assert short != data
    with pytest.raises(ValueError, match=r"shape \(2, 4\) does not fit its 24 bytes"):
        safe_pickle.array(safe_pickle.load(written(tmp_path, short)))


FLOOD = [b"\x8a\x0a" + (i * (2**61 - 1)).to_bytes(10, "little") + b"N" for i in range(1, 9999)]


@pytest.mark.parametrize(("data", "said"), [
    (b"\x80\x02}(N" + b"\x85" * 200_000 + b"Nu.", "a tuple is a key of a dictionary"),
    (b"\x80\x02(N" + b"\x85" * 200_000 + b"Nd.", "a tuple is a key of a dictionary"),
    (b"\x80\x02}(" + b"".join(FLOOD) + b"u.", "a int is a key of a dictionary"),
    (b"\x80\x02}X\x01\x00\x00\x00aN" + b"\x85" * 200_000 + b"s.", "nested more than 64 times"),
    (b"\x80\x02N" + b"\x85" * 2_000_000 + b".", "more than 1,000,000 parts"),
    (b"\x80\x02" + b"]" * 100 + b"a" * 99 + b".", "nested more than 64 times"),
    (b"\x80\x04\x8f(K\x01K\x02\x90.", "it holds a set"),
    (b"\x80\x04(K\x01K\x02\x91.", "it holds a set"),
    (b"\x80\x02cnumpy\nndarray\n" + b"\x85R" * 100 + b".", "broken"),
    (b"\x80\x02}N}X\x03\x00\x00\x00getK\x01s\x86b.", "broken"),
])  # fmt: skip
def test_pickles_made_to_crash_or_stall_python_are_refused(tmp_path, data, said):
    with pytest.raises(RunError, match=said):
        safe_pickle.load(written(tmp_path, data))


def test_what_holds_itself_is_read(tmp_path):
    circle = []
    circle.append(circle)
    found = loaded(tmp_path, {"flat_weights": circle, 7: True})
    assert found["flat_weights"][0] is found["flat_weights"]
    assert found[7] is True
