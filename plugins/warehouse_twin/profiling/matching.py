"""Keys as integers: match rows by key tuples, count children, find duplicates. Pure functions over Arrow columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Columns = Sequence[pa.ChunkedArray]


def columns_of(table: pa.Table, names: Sequence[str]) -> list[pa.ChunkedArray]:
    return [table.column(name) for name in names]


def codes_of(*sides: Columns) -> list[Ints]:
    """A code per key tuple, equal exactly where tuples are equal, over all `sides` at once; -1 where any part is null.

    Each side is a list of columns of equal length; the i-th columns of all sides are compared with one another.
    """
    sizes = [len(side[0]) for side in sides]
    whole = np.zeros(sum(sizes), dtype=np.int64)
    missing = np.zeros(sum(sizes), dtype=bool)
    for place, parts in enumerate(zip(*sides, strict=True)):
        kind = parts[0].type
        chunks = [chunk for part in parts for chunk in part.cast(kind).chunks]
        codes, size = _dense(pa.chunked_array(chunks, type=kind))
        missing |= codes < 0
        # dense again after each column, which keeps products small for any number of them
        whole = _dense(pa.chunked_array([pa.array(whole * (size + 1) + codes)]))[0] if place else codes
    whole[missing] = -1
    return np.split(whole, np.cumsum(sizes)[:-1])


def _dense(column: pa.ChunkedArray) -> tuple[Ints, int]:
    """A code in [0, size) for each value, -1 for null, and how many there are."""
    encoded = column.combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = pa.concat_arrays(encoded.chunks) if encoded.num_chunks else pa.array([], type=column.type)
    encoded = pc.dictionary_encode(encoded)
    codes: Ints = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, len(encoded.dictionary)


def places_in_runs(ordered: NDArray[np.generic]) -> Ints:
    """0, 1, 2 … in each run of equal values, shape `(rows,)`."""
    places = np.arange(len(ordered), dtype=np.int64)
    begins = np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)]
    found: Ints = places - np.maximum.accumulate(np.where(begins, places, 0))
    return found


def match_rows(child: Columns, parent: Columns) -> Ints:
    """For each child row the index of the (first) parent row with its key; -1 for a null or unknown key."""
    child_codes, parent_codes = codes_of(child, parent)
    first = np.full(int(max(child_codes.max(initial=-1), parent_codes.max(initial=-1))) + 2, -1, dtype=np.int64)
    order = np.arange(len(parent_codes))[::-1]  # written last wins: the first row of a duplicate key stands
    first[parent_codes[order]] = order
    first[-1] = -1  # the slot of null keys
    return first[child_codes]


def child_counts(links: Ints, parents: int) -> Ints:
    """Children per parent row, shape `(parents,)`; links of -1 count for nobody."""
    return np.bincount(links[links >= 0], minlength=parents).astype(np.int64)


def duplicated(key: Columns) -> NDArray[np.bool_]:
    """True for every row whose key an earlier row has; null keys are never duplicates."""
    (codes,) = codes_of(key)
    places = np.arange(len(codes), dtype=np.int64)
    first = np.empty(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    filled = codes >= 0
    first[codes[filled][::-1]] = places[filled][::-1]  # written last wins
    repeated = np.zeros(len(codes), dtype=bool)
    repeated[filled] = first[codes[filled]] != places[filled]
    return repeated
