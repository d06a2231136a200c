"""One small sound file of each kind that pixace reads, made by the libraries that write them."""

import gzip
import io
import json
import pickle
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from pixace.images.formats import FORMATS
from pixace.images.png import save_png
from pixace.runs import model_file
from pixace.runs.model_file import described
from pixace.runtime.pillow_warnings import silence
from pixace.zoo import shipped

SIDE = 12  # pixels
MODEL = "digits-8"  # whose description stands in a model file of few weights

Written = Callable[[Any], object]


def corpus() -> dict[str, bytes]:
    """The bytes of each file, by its name; a folder in front says what reads it."""
    found = {f"picture/{name}": raw for name, raw in pictures().items()}
    found |= {f"source/{name}": raw for name, raw in (tables() | arrays() | archives()).items()}
    found |= {f"palette/{name}": raw for name, raw in palettes().items()}
    return found | {
        "gin/a.gin": b"include 'small.gin'\ntrain.steps = 10\nSIZE = 8\npictures.size = %SIZE\n"
        b"transformer.n_layers = 2\ntrain.schedule = 'cosine'  # a comment\n",
        "text/a.png": described_png(),
        "model/a.safetensors": model(),
    }


def pixels(*channels: int) -> np.ndarray:
    """A picture of which no two rows are alike."""
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, *channels), np.uint8)


def written(write: Written) -> bytes:
    """What is written into a file."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def pictures() -> dict[str, bytes]:
    """Each format that Pillow writes, and of some the kinds that are read in ways of their own."""
    Pillow.init()
    rgb, rgba = Pillow.fromarray(pixels(3)), Pillow.fromarray(pixels(4))
    indexed, grey = rgb.quantize(16), rgb.convert("L")
    floats = Pillow.fromarray(pixels().astype(np.float32) / 255)
    deep = Pillow.fromarray(pixels().astype(np.uint16) * 257)
    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", "<x/>" * 9, zip=True)
    texts.add_text("Comment", "a text", zip=True)
    exif = Pillow.Exif()
    exif[274] = 6
    kinds: dict[str, tuple[Pillow.Image, str, dict]] = {
        "texts.png": (rgb, "PNG", {"pnginfo": texts, "icc_profile": b"no profile", "exif": exif}),
        "key.png": (rgb, "PNG", {"transparency": (1, 2, 3)}),
        "indexed.png": (indexed, "PNG", {"transparency": 3}),
        "deep.png": (deep, "PNG", {}),
        "film.png": (rgb, "PNG", {"save_all": True, "append_images": [rgba.convert("RGB")]}),
        "progressive.jpg": (rgb, "JPEG", {"progressive": True, "exif": exif}),
        "cmyk.jpg": (rgb.convert("CMYK"), "JPEG", {}),
        "film.gif": (indexed, "GIF", {"save_all": True, "append_images": [grey]}),
        "alpha.webp": (rgba, "WEBP", {"lossless": True}),
        "packed.tif": (rgb, "TIFF", {"compression": "tiff_lzw"}),
        "deflated.tif": (deep, "TIFF", {"compression": "tiff_adobe_deflate"}),
        "jpeg.tif": (rgb, "TIFF", {"compression": "jpeg"}),
        "floats.tif": (floats, "TIFF", {}),
        "plain.spider": (floats, "SPIDER", {}),
        "fax.tif": (grey.convert("1"), "TIFF", {"compression": "group4"}),
        "bits.bmp": (grey.convert("1"), "BMP", {}),
        "alpha.bmp": (rgba, "BMP", {}),
        "bits.pbm": (grey.convert("1"), "PPM", {}),
        "packed.tga": (rgba, "TGA", {"compression": "tga_rle"}),
        "cursor.ico": (rgba, "ICO", {"bitmap_format": "bmp"}),
    }
    for kind in {*FORMATS} & {*Pillow.SAVE}:
        kinds.setdefault(f"plain.{kind.lower()}", (rgb, kind, {}))
    found = {}
    for name, (picture, kind, how) in sorted(kinds.items()):
        for image in (picture, indexed, grey, grey.convert("1"), floats):
            try:
                with silence:  # of formats that Pillow will drop some day
                    found[name] = written(lambda file, i=image, k=kind, h=how: i.save(file, k, **h))
                break
            except (OSError, ValueError, KeyError):  # a format that has no such pictures
                continue
    return found


def tables() -> dict[str, bytes]:
    """Lists of pictures."""
    rows = [{"file_name": "ok.png", "text": ["a cat", "é"], "label": n} for n in (1, 2.5, "x")]
    return {
        "a.csv": b'image_path,caption,label,split\nok.png,"a ""b"", c",1,train\nno.png,d,2,test\n',
        "b.csv": "sep=;\nfile_name;text\nok.png;été\n".encode("utf-16"),
        "a.tsv": b"path\tclass\nok.png\tcat\nC:\\a\\ok.png\tdog\n",
        "a.jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode(),
        "a.txt": b"ok.png\n./ok.png\nno.png\n",
    }


def arrays() -> dict[str, bytes]:
    """Pictures as rows of numbers."""
    grey, colour = np.stack([pixels()] * 4), np.stack([pixels(3)] * 4)
    labels = np.arange(4)
    idx = b"\0\0\x08\x03" + np.array(grey.shape, ">u4").tobytes() + grey.tobytes()
    flat = np.resize(pixels(), (2, 3073))
    flat[:, 0] = (3, 1)
    fields = {b"data": flat[:, 1:], b"labels": [3, 1]}
    found = {
        "a.npy": written(lambda file: np.save(file, colour)),
        "floats.npy": written(lambda file: np.save(file, np.asfortranarray(grey / 255.0))),
        "a.npz": written(lambda file: np.savez(file, images=grey, labels=labels)),
        "packed.npz": written(lambda file: np.savez_compressed(file, x=colour, y=np.eye(4))),
        "train-images-idx3-ubyte": idx,
        "train-images-idx3-ubyte.gz": gzip.compress(idx, mtime=0),
        "data_batch_1": pickle.dumps(fields, 2),
        "data_batch_1.bin": flat.tobytes(),
    }
    with tempfile.TemporaryDirectory() as folder:
        found |= _others(Path(folder), colour)
    return found


def _others(folder: Path, colour: np.ndarray) -> dict[str, bytes]:
    import pyarrow as pa
    from pyarrow import parquet
    from scipy import io as matlab

    png = pictures()["plain.png"]
    table = pa.table(
        {
            "image": [{"bytes": png, "path": "a.png"}] * 3,
            "label": pa.array([0, 1, 1]),
            "text": ["a", "b", None],
        }
    )
    names = {"info": {"features": {"label": {"names": ["cat", "dog"]}}}}
    table = table.replace_schema_metadata({"huggingface": json.dumps(names)})
    parquet.write_table(table, folder / "a.parquet", compression="snappy")
    parquet.write_table(table.drop_columns("text"), folder / "b.parquet", compression="zstd")
    for name, packed in (("a.mat", False), ("packed.mat", True)):
        held = {"X": np.moveaxis(colour, 0, 3), "y": np.arange(4)}
        matlab.savemat(folder / name, held, do_compression=packed)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def archives() -> dict[str, bytes]:
    """Pictures in a zip or tar, with texts, tables and links beside them."""
    png = pictures()["plain.png"]
    files = {
        "train/cat/0.png": png,
        "train/cat/0.txt": b"a cat",
        "test/dog/1.png": png,
        "test/dog/1.json": b'{"caption": "a dog"}',
        "test/dog/1.cls": b"1",
        "metadata.csv": b"file_name,text\ntrain/cat/0.png,told\n",
        "l\xe4nger/" + 30 * "long/" + "2.png": png,
    }
    batch = arrays()["data_batch_1"]
    found = {
        "a.zip": _zip(files, zipfile.ZIP_STORED),
        "packed.zip": _zip(files, zipfile.ZIP_DEFLATED),
        "lzma.zip": _zip(files, zipfile.ZIP_LZMA),
        "gnu.tar": _tar(files, "w", tarfile.GNU_FORMAT),
        "pax.tar": _tar(files, "w", tarfile.PAX_FORMAT),
    }
    for packed in ("gz", "bz2", "xz"):
        found[f"a.tar.{packed}"] = _tar(files, f"w:{packed}", tarfile.PAX_FORMAT)
    cifar = {"cifar-10-batches-py/data_batch_1": batch}
    return found | {"cifar.tar.gz": _tar(cifar, "w:gz", tarfile.GNU_FORMAT)}


def _zip(files: dict[str, bytes], packed: int) -> bytes:
    def write(file: Any) -> None:
        with zipfile.ZipFile(file, "w", packed) as archive:
            for name, raw in files.items():
                archive.writestr(zipfile.ZipInfo(name), raw, packed)
            link = zipfile.ZipInfo("link.png")
            link.external_attr = 0o120777 << 16
            archive.writestr(link, "train/cat/0.png")

    return written(write)


def _tar(files: dict[str, bytes], mode: Any, kind: int) -> bytes:
    def write(file: Any) -> None:
        with tarfile.open(fileobj=file, mode=mode, format=kind) as archive:
            for name, raw in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(raw)
                archive.addfile(info, io.BytesIO(raw))
            link = tarfile.TarInfo("link.png")
            link.type, link.linkname = tarfile.SYMTYPE, "train/cat/0.png"
            archive.addfile(link)

    return written(write)


def palettes() -> dict[str, bytes]:
    """Colours as drawing programs write them."""
    return {
        "a.hex": b"000000\nffffff\nbe1e28\n",
        "a.gpl": b"GIMP Palette\nName: x\nColumns: 4\n#\n  0   0   0\tblack\n255 255 255\n",
        "a.pal": b"JASC-PAL\r\n0100\r\n2\r\n0 0 0\r\n255 255 255\r\n",
        "a.npy": written(lambda file: np.save(file, np.linspace(0, 1, 12).reshape(4, 3))),
        "a.png": pictures()["indexed.png"],
    }


def described_png() -> bytes:
    """A picture that says how it was made."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.png"
        save_png(path, pixels(3), {"command": "generate", "seed": 7, "nested": {"run": [1.5, "x"]}})
        return path.read_bytes()


def model() -> bytes:
    """A model file with the description of one that comes along, and hardly any weights."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.safetensors"
        like = shipped.find(MODEL)
        assert like is not None
        weights = {f"blocks/{i}/scale": np.ones(3, np.float32) for i in range(4)}
        model_file.save(path, weights, described(like))
        return path.read_bytes()
