"""Digests: of bytes, of files, of JSON values, and of tables over canonical rows in key order.

Digests of source data are keyed (HMAC with the workspace's secret), since a plain digest of a small table answers guesses.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 1 << 20


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no white space: one text a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def digest_of(value: Any) -> str:
    """sha256, in hex, of a JSON value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def digest_file(path: Path) -> str:
    """sha256, in hex, of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_folder(folder: Path) -> dict[str, str]:
    """sha256 of every file below `folder`, by its POSIX path relative to it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in files}


def keyed(digest: str, *, secret: bytes) -> str:
    """HMAC-SHA256, in hex, of a digest under the workspace's secret."""
    return hmac.new(secret, digest.encode(), hashlib.sha256).hexdigest()


def digest_table(table: pa.Table, *, keys: Sequence[str] = ()) -> str:
    """sha256, in hex, of a table's names, types and values, rows sorted by `keys` (all columns when empty).

    Layout does not matter: chunks, dictionaries, string widths and time units are made the same first.
    """
    import pyarrow.compute as pc

    order = [(name, "ascending") for name in (keys or _sortable(table))]
    sorted_by = _canonically(table.select(list(dict.fromkeys(name for name, _ in order)))) if order and table.num_rows else None
    places = None if sorted_by is None else pc.sort_indices(sorted_by, sort_keys=order)
    whole = hashlib.sha256()
    for name in table.column_names:  # one at a time: a table need not fit into memory twice
        column = _canonically(table.select([name])).column(0)
        column = column if places is None else column.take(places)
        whole.update(f"{name}\x1f{column.type}\x1f{len(column)}\x1f".encode())
        for start in range(0, len(column), _BLOCK):
            _update(whole, column.slice(start, _BLOCK))
    return whole.hexdigest()


def _canonically(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    return _coarsened(table.cast(pa.schema([pa.field(field.name, _canonical(field.type)) for field in table.schema])))


def _canonical(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa
    import pyarrow.types as pt

    if pt.is_dictionary(kind):
        kind = kind.value_type
    if pt.is_string(kind) or pt.is_string_view(kind):
        return pa.large_string()
    if pt.is_binary(kind) or pt.is_binary_view(kind):
        return pa.large_binary()
    if pt.is_timestamp(kind):
        return pa.timestamp("ns" if kind.unit == "ns" else "us", tz="UTC" if kind.tz else None)
    if pt.is_time(kind):
        return pa.time64("ns" if kind.unit == "ns" else "us")
    return kind


def _coarsened(table: pa.Table) -> pa.Table:
    """Nanoseconds as microseconds where that loses nothing, so that the unit a file was written in does not matter."""
    import pyarrow as pa
    import pyarrow.types as pt

    for index, field in enumerate(table.schema):
        if not (pt.is_timestamp(field.type) or pt.is_time(field.type)) or field.type.unit != "ns":
            continue
        coarse = pa.timestamp("us", tz=field.type.tz) if pt.is_timestamp(field.type) else pa.time64("us")
        try:
            table = table.set_column(index, pa.field(field.name, coarse), table.column(index).cast(coarse))
        except pa.ArrowInvalid:
            continue  # finer than microseconds: digested as it is
    return table


def _sortable(table: pa.Table) -> list[str]:
    import pyarrow.types as pt

    return [field.name for field in table.schema if not pt.is_nested(field.type)]


def _update(whole: hashlib._Hash, column: pa.ChunkedArray) -> None:
    """Feed one block: which rows are null, then the values with nulls made zero or empty."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as pt

    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], type=column.type)
    nulls = array.is_null().to_numpy(zero_copy_only=False)
    whole.update(nulls.tobytes())
    if pt.is_nested(array.type) or pt.is_null(array.type):
        whole.update(canonical_json(array.to_pylist()).encode())
        return
    if pt.is_decimal(array.type) or pt.is_boolean(array.type):
        array = array.cast(pa.large_string())
    if pt.is_large_string(array.type) or pt.is_large_binary(array.type):
        filled = array.fill_null("" if pt.is_large_string(array.type) else b"")
        lengths = pc.binary_length(filled).to_numpy(zero_copy_only=False)
        whole.update(lengths.tobytes())
        whole.update(b"".join(filled.cast(pa.large_binary()).to_pylist()))
        return
    values = array.view(_integer_of(array.type)).fill_null(0)
    whole.update(values.to_numpy(zero_copy_only=False).tobytes())


def _integer_of(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    return {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[kind.bit_width]
