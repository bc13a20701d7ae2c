"""Columns as whole numbers or texts, and back: what a domain is learned over. What a type can hold is public; nothing else is used.

Numbers, days and times count in the steps of their type. Floating ones count in single-precision floats, in order, so that a step is
small where the numbers are.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.values import from_whole, part_names, whole_number

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_EXACT = 2.0**53


def is_numbered(kind: pa.DataType) -> bool:
    """Whether values of a type are in an order that ranges make sense of."""
    return bool(part_names(kind))


def numbered(column: pa.ChunkedArray) -> tuple[Ints, Bools]:
    """Grid numbers and which rows have one, each shape `(rows,)`."""
    values = whole_number(column)
    there = ~np.isnan(values)
    values = np.where(there, values, 0.0)
    if pt.is_floating(column.type):
        bits = values.astype(np.float32).view(np.int32).astype(np.int64)
        return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits), there
    return np.clip(np.rint(values / _step(column.type)), -_EXACT, _EXACT).astype(np.int64), there


def from_numbers(numbers: Ints, there: Bools, kind: pa.DataType) -> pa.Array:
    """The inverse of `numbered`."""
    if pt.is_floating(kind):
        bits = np.abs(np.clip(numbers, -0x7F7FFFFF, 0x7F7FFFFF)).astype(np.int32)
        values = np.copysign(bits.view(np.float32).astype(np.float64), numbers)
    else:
        values = numbers * _step(kind)
    return from_whole(np.where(there, values, np.nan), kind)


def texts(column: pa.ChunkedArray) -> tuple[list[str], Ints, Bools]:
    """The distinct values as texts, which of them each row has (0 where it has none), and which rows have one, shape `(rows,)`."""
    as_text = column if pt.is_string(column.type) else column.cast(pa.string())
    encoded = as_text.dictionary_encode().unify_dictionaries()
    words = encoded.chunk(0).dictionary.to_pylist() if encoded.num_chunks else []
    places = [np.asarray(chunk.indices.fill_null(0), dtype=np.int64) for chunk in encoded.chunks]
    return words, np.concatenate([np.empty(0, dtype=np.int64), *places]), np.asarray(column.is_valid(), dtype=bool)


def _step(kind: pa.DataType) -> float:
    return float(10.0**-kind.scale) if pt.is_decimal(kind) else 1.0
