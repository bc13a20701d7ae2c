"""New values for a key column: unique, of the source's type and format, and none of them read from the source."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import DAY_MICROSECONDS, from_parts, is_number, part_names
from warehouse_twin.randomness import derive_seed
from warehouse_twin.relations.matching_keys import step_between
from warehouse_twin.synthesizers.codes import make_codes
from warehouse_twin.synthesizers.generators import make_uuids

ATTEMPTS = 30
Floats = NDArray[np.float64]
Texts = NDArray[np.object_]
Finish = Callable[[Texts, NDArray[np.int64]], Texts]


def new_keys(profile: ColumnProfile, kind: pa.DataType, rows: int, *, seed: int, finish: Finish | None = None) -> pa.ChunkedArray:
    """`rows` distinct keys: 1, 2, 3, … for numbers, one step apart for times, codes after the learned patterns for text.

    `finish` gives new codes of some rows, which are told by their numbers, their last form.
    Raises ConfigurationError when the type does not have so many values.
    """
    if is_number(kind):
        keys = from_parts((_numbers(kind, rows),), kind)
    elif part_names(kind):
        keys = from_parts(_times(profile, kind, rows), kind)
    elif pt.is_boolean(kind):
        keys = pa.array([False, True][:rows], type=kind)
    elif pt.is_string(kind) or pt.is_large_string(kind):
        keys = pa.array(_codes(profile, rows, derive_seed(seed, "key", profile.name), finish), type=pa.string()).cast(kind)
    else:
        keys = pa.array([str(number + 1) for number in range(rows)], type=pa.string()).cast(kind)
    if pc.count_distinct(keys).as_py() < rows:
        raise ConfigurationError(
            f"key {profile.name}: wanted {rows:,} different values, more than {profile.sql_type} has; next: ask for fewer rows"
        )
    return pa.chunked_array([keys])


def _numbers(kind: pa.DataType, rows: int) -> Floats:
    """1, 2, 3, …; from below where a small type does not reach so far, in the last decimal where few digits stand before it."""
    counters: Floats = np.arange(1, rows + 1, dtype=np.float64)
    if pt.is_signed_integer(kind) and kind.bit_width < 64:
        counters -= max(0.0, rows - (2.0 ** (kind.bit_width - 1) - 1))
    if pt.is_unsigned_integer(kind) and kind.bit_width < 64:
        counters -= float(rows >= 2**kind.bit_width)
    if pt.is_decimal(kind) and rows >= 10.0 ** (kind.precision - kind.scale):
        counters /= 10.0**kind.scale
    return counters


def _times(profile: ColumnProfile, kind: pa.DataType, rows: int) -> tuple[Floats, ...]:
    """One step apart, from about the first that was profiled."""
    counters = np.arange(rows, dtype=np.float64)
    step = step_between(profile, kind) or 1.0
    firsts = [part.cells[0][0] if part.cells else 0.0 for part in profile.parts]
    if part_names(kind) == ("day",):
        return (np.floor(firsts[0]) + counters * step,)
    if part_names(kind) == ("time",):
        first = np.floor(firsts[0] / step) * step
        if first + rows * step > DAY_MICROSECONDS:
            first, step = 0.0, min(step, max(np.floor(DAY_MICROSECONDS / rows), 1.0))
        return (first + counters * step,)
    start = np.floor(firsts[1]) if step >= DAY_MICROSECONDS else 0.0
    whole = np.floor(firsts[0]) * DAY_MICROSECONDS + start + counters * step
    return np.floor(whole / DAY_MICROSECONDS), whole % DAY_MICROSECONDS


def _codes(profile: ColumnProfile, rows: int, seed: int, finish: Finish | None) -> Texts:
    make = make_uuids if profile.kind == "uuid" else make_codes
    counters = np.arange(rows, dtype=np.int64)
    patterns = [{**pattern, "slots": [{} for _ in pattern["slots"]]} for pattern in profile.formats.get("patterns", [])]
    wider = {**profile.formats, "patterns": patterns}  # any letter of its class, when those that were seen run out

    def again(repeated: NDArray[np.int64], attempt: int) -> Texts:
        formats = profile.formats if attempt < ATTEMPTS // 2 else wider
        made = make(formats, repeated, seed if attempt == 0 else derive_seed(seed, "again", attempt))
        return made if finish is None else finish(made, repeated)

    return distinct_texts(again(counters, 0), _repeats, again)


def distinct_texts(texts: Texts, repeats: Callable[[Texts], NDArray[np.int64]], again: Callable[[NDArray[np.int64], int], Texts]) -> Texts:
    """Texts none of which repeat: those that do are made again, and numbered when there is no more to be had.

    `repeats` gives the rows to change, `again` new texts for rows at the n-th attempt.
    """
    for attempt in range(1, ATTEMPTS):
        rows = repeats(texts)
        if not len(rows):
            return texts
        texts[rows] = again(rows, attempt)
    stems, number = texts.copy(), 0
    while len(rows := repeats(texts)):
        for row in rows:
            number += 1
            texts[row] = f"{stems[row]}-{number}"
    return texts


def _repeats(texts: Texts) -> NDArray[np.int64]:
    _, first = np.unique(texts.astype(str), return_index=True)
    repeated = np.ones(len(texts), dtype=bool)
    repeated[first] = False
    return np.flatnonzero(repeated)
