"""Compressed pictures as a file, `.pxc`: what they were compressed with, and their bytes.

    magic       8 bytes
    size        4 bytes, little-endian: of the header
    header      JSON, deflated: the fields of `Header`
    payload     to the end: what `compression.compress` gave

What stands in the header decides, beside the machine, which probabilities a model gives; whoever
reads the file looks at all of it. That a machine adds up in another order than the one that wrote
shows in the checksum of the tokens.
"""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import jax
import numpy as np

from pixace.arrays import Tokens
from pixace.errors import TokenError
from pixace.models.language_model import Weights
from pixace.runs.description import ModelRecord
from pixace.storage import records
from pixace.storage.atomic import whole
from pixace.storage.strangers import opened
from pixace.tokenizers import Tokenizer
from pixace.version import __version__

FORMAT = 1
MAGIC = b"\x89PXC\r\n\x1a\n"  # as a PNG's: no text, and changed by what changes ends of lines
SIZE = 4  # bytes
LARGEST = 1 << 26  # bytes of a header: a million names


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says of itself.

    Attributes:
      format: of the file, and of the way from a model to bytes, stretches and all.
      pixace: the version that wrote it.
      model: the name of the model.
      sha256: of the model; see `identity`.
      dtype: of the products.
      jax: its version.
      backend: where it ran, such as `cpu`.
      tokens: checksum of the rows; see `checksum`.
      crc32: of the payload.
      names: of the pictures, in order.
    """

    format: int = FORMAT
    pixace: str = __version__
    model: str
    sha256: str
    dtype: str
    jax: str
    backend: str
    tokens: str
    crc32: int
    names: tuple[str, ...]

    @classmethod
    def of(
        cls,
        model: str,
        sha256: str,
        dtype: str,
        names: Sequence[str],
        rows: Tokens,
        payload: bytes,
    ) -> "Header":
        """What is to be said of rows that were compressed here and now."""
        return cls(
            model=model,
            sha256=sha256,
            dtype=dtype,
            jax=jax.__version__,
            backend=jax.default_backend(),
            tokens=checksum(rows),
            crc32=zlib.crc32(payload),
            names=tuple(names),
        )


def write(path: Path, header: Header, payload: bytes) -> int:
    """Writes a file, whole or not at all; returns its size in bytes.

    Raises:
      PixaceError: it cannot be written.
    """
    packed = zlib.compress(json.dumps(asdict(header), separators=(",", ":")).encode(), 9)
    parts = MAGIC, len(packed).to_bytes(SIZE, "little"), packed, payload
    with whole(path) as draft:
        return draft.write_bytes(b"".join(parts))


def read(path: Path) -> tuple[Header, bytes]:
    """The header and the payload of a file.

    Raises:
      TokenError: it is none, damaged, cut short, or of another pixace.
      OSError: it cannot be read.
    """
    with opened(path) as file:
        data = file.read()
    if not data.startswith(MAGIC):
        raise TokenError(f"{path} holds no compressed pictures; make some with: pixace compress")
    begin = len(MAGIC) + SIZE
    end = begin + int.from_bytes(data[len(MAGIC) : begin], "little")
    try:
        packed = zlib.decompressobj()
        fields = records.parsed(packed.decompress(data[begin:end], LARGEST))
        if not packed.eof:
            raise ValueError("its header is cut short")
        found = fields["format"]
        if found != FORMAT:
            raise TokenError(f"{path} has format {found!r}, not {FORMAT}: update pixace to read it")
        header = records.read(Header, fields)
        if zlib.crc32(data[end:]) != header.crc32:
            raise ValueError("its end is missing or has changed")
    except (zlib.error, ValueError, KeyError, TypeError) as why:
        raise TokenError(f"{path} is damaged ({why}); get it once more") from why
    return header, data[end:]


def refuse_others(path: Path, header: Header, sha256: str, model: str) -> None:
    """Refuses what would give other probabilities than those that a file was made with.

    Args:
      path: the file.
      header: its own.
      sha256: of the model at hand.
      model: its name.

    Raises:
      TokenError: the model is another one, or JAX, or what it runs on.
    """
    if header.sha256 != sha256:
        raise TokenError(
            f"{path} was compressed by {header.model} with the checksum {header.sha256[:12]}, and "
            f"{model} has {sha256[:12]}; name that very model with --run"
        )
    if header.jax != jax.__version__:
        raise TokenError(
            f"{path} was compressed with JAX {header.jax}, and {jax.__version__} may round "
            f"otherwise; read it where that is installed: pip install jax=={header.jax}"
        )
    if header.backend != (here := jax.default_backend()):
        raise TokenError(
            f"{path} was compressed on a {header.backend}, and a {here} rounds otherwise; "
            f"set JAX_PLATFORMS={header.backend}"
        )


def identity(model: ModelRecord, tokenizer: Tokenizer, weights: Weights) -> str:
    """SHA-256 of a model, in hexadecimal: of all that its probabilities and its ids depend on."""
    settings = json.dumps(asdict(model), sort_keys=True)
    summed = hashlib.sha256(f"{settings} {tokenizer.spec}".encode())
    for name, leaf in sorted(weights.items()):
        array = np.ascontiguousarray(leaf, "<f4")
        summed.update(f"{name} {array.shape} ".encode())
        summed.update(array.data)
    return summed.hexdigest()


def checksum(rows: Tokens) -> str:
    """Sixteen hexadecimal digits that change when any token does."""
    return hashlib.sha256(np.ascontiguousarray(rows, "<i4").data).hexdigest()[:16]
