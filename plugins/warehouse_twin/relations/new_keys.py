"""New primary keys of one column: unique, of the source's type and format, and none of them read from the source."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import DAY_MICROSECONDS, from_parts, is_number, part_names
from warehouse_twin.randomness import derive_seed
from warehouse_twin.synthesizers.generators import make_codes, make_uuids

ATTEMPTS = 30


def new_keys(profile: ColumnProfile, kind: pa.DataType, rows: int, *, seed: int) -> pa.ChunkedArray:
    """`rows` distinct keys: 1, 2, 3, … for numbers, one step apart for times, codes after the learned patterns for text."""
    counters = np.arange(rows, dtype=np.int64)
    if is_number(kind):
        return pa.chunked_array([from_parts((counters + 1.0,), kind)])
    names = part_names(kind)
    if names:
        first = profile.parts[0].cells[0][0] if profile.parts and profile.parts[0].cells else 0.0
        step = profile.parts[-1].step or 1.0
        if len(names) == 1:
            return pa.chunked_array([from_parts((first + counters * step,), kind)])
        whole = np.floor(first) * DAY_MICROSECONDS + counters * step
        return pa.chunked_array([from_parts((np.floor(whole / DAY_MICROSECONDS), whole % DAY_MICROSECONDS), kind)])
    if not (pt.is_string(kind) or pt.is_large_string(kind)):
        text = pa.array([str(counter + 1) for counter in counters], type=pa.string())
        return pa.chunked_array([text.cast(kind)])
    return pa.chunked_array([_codes(profile, counters, derive_seed(seed, "key", profile.name)).cast(kind)])


def _codes(profile: ColumnProfile, counters: np.ndarray, seed: int) -> pa.Array:
    """Distinct codes: repeats are drawn again, and numbered when the patterns have no more to give."""
    make = make_uuids if profile.kind == "uuid" else make_codes
    texts = make(profile.formats, counters, seed)
    for attempt in range(1, ATTEMPTS):
        again = _repeats(texts)
        if not len(again):
            break
        texts[again] = make(profile.formats, counters[again], derive_seed(seed, "again", attempt))
    for number, index in enumerate(_repeats(texts)):
        texts[index] = f"{texts[index]}-{number + 1}"
    return pc.cast(pa.array(texts, type=pa.string()), pa.string())


def _repeats(texts: np.ndarray) -> np.ndarray:
    _, first = np.unique(texts.astype(str), return_index=True)
    repeated = np.ones(len(texts), dtype=bool)
    repeated[first] = False
    return np.flatnonzero(repeated)
