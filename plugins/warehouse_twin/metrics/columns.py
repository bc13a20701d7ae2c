"""Columns as arrays that can be compared: one canonical form a kind, whatever the width, unit or encoding of the Arrow type.

A column is `numeric`, `datetime`, `categorical` (strings and booleans) or `opaque` (binary and nested types: only what is
missing is compared). NaN counts as missing, and -0.0 is 0.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.errors import TerminalError
from warehouse_twin.randomness import UInts, mix

Kind = Literal["numeric", "datetime", "categorical", "opaque"]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Values:
    """A column in canonical form, shape `(rows,)`.

    `data` is int64 or float64 (numeric), int64 microseconds (datetime), a large_string array (categorical) or None (opaque);
    where `missing` is true it holds nothing of meaning.
    """

    kind: Kind
    data: Any
    missing: Bools

    def __len__(self) -> int:
        return len(self.missing)


def kind_of(kind: pa.DataType) -> Kind:
    """The kind of an Arrow type."""
    if pt.is_dictionary(kind):
        return kind_of(kind.value_type)
    if pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind):
        return "numeric"
    if pt.is_timestamp(kind) or pt.is_date(kind) or pt.is_time(kind) or pt.is_duration(kind):
        return "datetime"
    if pt.is_boolean(kind) or pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind):
        return "categorical"
    return "opaque"


def modelled_kind(kind: pa.DataType, declared: str | None) -> Kind:
    """The kind of a column, given how the manifest says to model it: a number may stand for a category, never the reverse."""
    natural = kind_of(kind)
    return "categorical" if declared in ("categorical", "code", "text") and natural != "opaque" else natural


def decode(column: pa.ChunkedArray, kind: Kind, *, name: str) -> Values:
    """A column as `kind`. Raises TerminalError when its type is of another kind."""
    natural = kind_of(column.type)
    if kind != natural and kind != "categorical" and not pt.is_null(column.type):
        raise TerminalError(f"column {name}: wanted {kind} values as in the source, got type {column.type}; next: twin materialize")
    array = _one_chunk(column)
    missing: Bools = array.is_null().to_numpy(zero_copy_only=False)
    if kind == "opaque":
        return Values(kind, None, missing)
    if pt.is_null(array.type):
        array = array.cast({"numeric": pa.int64(), "datetime": pa.int64(), "categorical": pa.large_string()}[kind])
    elif natural == "numeric":
        array = _numbers(array)
    elif natural == "datetime":
        array = _microseconds(array)
    if kind == "categorical":
        return Values(kind, array.cast(pa.large_string()), missing)
    data = array.fill_null(0).to_numpy(zero_copy_only=False)
    if data.dtype.kind == "f":
        missing = missing | np.isnan(data)
        data = np.where(missing, 0.0, data) + 0.0  # adding 0.0 makes -0.0 positive
    return Values(kind, data, missing)


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    if pt.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # pyarrow before 22 for columns without chunks
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], type=column.type)
    return array


def _numbers(array: pa.Array) -> pa.Array:
    """int64 where every value fits, float64 otherwise."""
    exact = pt.is_integer(array.type) and not pt.is_uint64(array.type)
    return array.cast(pa.int64() if exact else pa.float64(), safe=False)


def _microseconds(array: pa.Array) -> pa.Array:
    """Microseconds since the epoch, since midnight or of a duration, as int64."""
    kind = array.type
    if pt.is_time(kind):
        target: pa.DataType = pa.time64("us")
    elif pt.is_duration(kind):
        target = pa.duration("us")
    else:
        target = pa.timestamp("us", tz=kind.tz if pt.is_timestamp(kind) else None)
    return array.cast(target, safe=False).cast(pa.int64())


# ── equality over several tables ─────────────────────────────────────────────────────────────────────────────────────


_NOTHING = np.uint64(0x5851F42D4C957F2D)
"""Stands for a missing value among mixed bits."""


def joint_codes(columns: Sequence[pa.ChunkedArray], *, name: str) -> list[Ints]:
    """Codes of one column in several tables, each of shape `(rows,)`: equal values have equal codes, missing ones 0.

    The first column decides the kind. Decimals are compared as exact numbers.
    """
    first = columns[0].type
    kind = kind_of(first)
    if pt.is_decimal(first):
        exact = [column.cast(first, safe=False).cast(pa.large_string()) for column in columns]
        decoded = [decode(column, "categorical", name=name) for column in exact]
    else:
        decoded = [decode(column, kind, name=name) for column in columns]
    if kind == "opaque":
        return [np.where(values.missing, 0, 1).astype(np.int64) for values in decoded]
    data = [values.data if isinstance(values.data, pa.Array) else pa.array(values.data) for values in decoded]
    if len({str(array.type) for array in data}) > 1:  # integers beside floats
        data = [array.cast(pa.float64()) for array in data]
    codes = pc.dictionary_encode(pa.chunked_array(data).combine_chunks()).indices.fill_null(-1)
    whole = codes.to_numpy(zero_copy_only=False).astype(np.int64) + 1
    ends = np.cumsum([len(values) for values in decoded])
    parts = np.split(whole, ends[:-1])
    return [np.where(values.missing, 0, part) for values, part in zip(decoded, parts, strict=True)]


def row_hashes(tables: Sequence[pa.Table], columns: Sequence[Sequence[str]]) -> list[UInts]:
    """64-bit hashes of rows, one array a table: rows that agree on all columns have equal hashes, others practically never.

    `columns[i]` names the columns of `tables[i]`; they are matched by position.
    """
    hashes = [np.zeros(table.num_rows, dtype=np.uint64) for table in tables]
    for place in zip(*columns, strict=True):
        parts = [table.column(name) for table, name in zip(tables, place, strict=True)]
        hashes = [mix(mix(found) ^ bits) for found, bits in zip(hashes, _bits(parts, name=place[0]), strict=True)]
    return hashes


def _bits(columns: Sequence[pa.ChunkedArray], *, name: str) -> list[UInts]:
    """64 bits for each value of one column in several tables, equal where values are, as `joint_codes`: without sorting them out."""
    kind = kind_of(columns[0].type)
    if kind not in ("numeric", "datetime"):
        return [codes.astype(np.uint64) for codes in joint_codes(columns, name=name)]
    if pt.is_decimal128(columns[0].type):
        return [_words(_one_chunk(column.cast(columns[0].type, safe=False))) for column in columns]
    decoded = [decode(column, kind, name=name) for column in columns]
    floats = any(values.data.dtype.kind == "f" for values in decoded)  # integers beside floats
    bits = [np.ascontiguousarray(values.data, dtype=np.float64 if floats else np.int64).view(np.uint64) for values in decoded]
    return [np.where(values.missing, _NOTHING, found) for values, found in zip(decoded, bits, strict=True)]


def _words(decimals: pa.Array) -> UInts:
    """Decimals of 128 bits, their two halves mixed."""
    halves = np.frombuffer(decimals.buffers()[1], dtype=np.uint64).reshape(-1, 2)[decimals.offset :][: len(decimals)]
    missing = decimals.is_null().to_numpy(zero_copy_only=False)
    return np.where(missing, _NOTHING, mix(halves[:, 0] ^ mix(halves[:, 1])))
