"""Leads: the first characters of codes as a category, where they mean something.

The first digits of a phone say the country, those of a postcode the region, the letters of a number the branch. A lead is
modelled like any category, given the other columns; the rest of the code is drawn after it. Only leads that at least k
entities share are kept.
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.profiling.holders import holders_of
from warehouse_twin.profiling.table_profile import Part

Ints = NDArray[np.int64]
MAX_LEADS = 60
LONGEST = 3
COVER = 0.95
"""Share of rows whose lead must be kept."""
EVEN = 0.9
"""Leads whose entropy comes closer to that of random characters say nothing."""
_ALPHABETS = ("0123456789", "0123456789abcdef", "0123456789ABCDEF", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def lead_part(present: pa.ChunkedArray, entities: Ints, *, k: int) -> Part | None:
    """The longest lead of at most three characters that is kept in nearly all rows and is not as random as the rest."""
    if not len(present):
        return None
    for length in range(LONGEST, 0, -1):
        values, rows, holders = _leads(present, entities, length)
        kept = np.flatnonzero((holders >= k) & np.asarray([len(value) == length for value in values], dtype=bool))
        if len(kept) < 2 or len(kept) > MAX_LEADS or rows[kept].sum() < COVER * rows.sum():
            continue
        kept = np.asarray(sorted(kept.tolist(), key=lambda place: (-rows[place], values[place])))
        leads = tuple(values[place] for place in kept)
        if _says_something(leads, rows[kept]):
            counts = tuple(int(count) for count in rows[kept])
            return Part("category", values=leads, rows=counts, protected=int(rows.sum()) - sum(counts))
    return None


def leads_of(column: pa.ChunkedArray, part: Part) -> pa.ChunkedArray:
    """The lead of each value, as `part` cuts it."""
    return pc.utf8_slice_codeunits(column.cast(pa.string()), 0, len(part.values[0]))


def _leads(present: pa.ChunkedArray, entities: Ints, length: int) -> tuple[list[str], Ints, Ints]:
    encoded = pc.utf8_slice_codeunits(present, 0, length).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    values = [str(value) for value in encoded.dictionary.to_pylist()]
    return values, np.bincount(codes, minlength=len(values)), holders_of(codes, entities, size=len(values))


def _says_something(leads: tuple[str, ...], rows: Ints) -> bool:
    share = rows / rows.sum()
    entropy = float(-(share * np.log(share)).sum())
    slots = [{lead[place] for lead in leads} for place in range(len(leads[0]))]
    return entropy < EVEN * sum(math.log(_letters(slot)) for slot in slots)


def _letters(slot: set[str]) -> int:
    """How many characters such a slot could have: one where it is always the same, else the smallest alphabet that has them all."""
    if len(slot) == 1:
        return 1
    return next((len(alphabet) for alphabet in _ALPHABETS if slot <= set(alphabet)), 62)
