"""JSON records with a checksum of their own: what a disk has damaged is not taken for true."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SUM = "sha256"  # the field


def dumps(fields: Mapping[str, Any], indent: int | None = None) -> str:
    """A record as JSON, with its checksum as one more field.

    Args:
      fields: plain data, with texts as the names of all fields.
      indent: as in `json.dumps`.
    """
    return json.dumps({**fields, SUM: _sum(fields)}, indent=indent, allow_nan=False)


def unsealed(fields: dict[str, Any]) -> dict[str, Any]:
    """The record without its checksum.

    Args:
      fields: as `json.loads` gave them.

    Raises:
      ValueError: it has none, or other fields than when it was written.
    """
    own = {name: value for name, value in fields.items() if name != SUM}
    if fields.get(SUM) != _sum(own):
        raise ValueError("its checksum is that of another text")
    return own


def _sum(fields: Mapping[str, Any]) -> str:
    """Of the record, however it is laid out."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
