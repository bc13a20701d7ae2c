"""Columns as the engine sees them: Arrow to float64 parts (NaN for null), and back, with generators for what is not modelled."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.leads import leads_of
from warehouse_twin.profiling.spelled_numbers import from_numbers, to_numbers
from warehouse_twin.profiling.table_profile import MADE_UP, ColumnProfile, Part
from warehouse_twin.profiling.values import from_parts, is_mark, to_parts
from warehouse_twin.randomness import derive_seed, permutation, uniforms
from warehouse_twin.synthesizers.coding import codec_of
from warehouse_twin.synthesizers.generators import generate
from warehouse_twin.synthesizers.nested import make_nested

Floats = NDArray[np.float64]


def to_values(column: pa.ChunkedArray, profile: ColumnProfile) -> tuple[Floats, ...]:
    """One array a part. A category that the profile did not keep becomes NaN: it is never learned."""
    if profile.kind in ("numeric", "datetime"):
        return tuple(_kept(values, part) for values, part in zip(to_parts(column, marked=True), profile.parts, strict=True))
    if profile.kind == "spelled":
        return to_numbers(column, profile.sql_type)
    if profile.kind == "categorical":
        text = column if pt.is_string(column.type) or pt.is_large_string(column.type) else column.cast(pa.string())
        found = pc.index_in(text.cast(pa.string()), value_set=pa.array(profile.parts[0].values, type=pa.string()))
        return (np.array(found.cast(pa.float64()).to_numpy(), dtype=np.float64),)
    part = profile.parts[0]
    if part.kind == "category":
        text = column.cast(pa.string()) if MADE_UP in part.values else leads_of(column, part)
        found = pc.index_in(text, value_set=pa.array(part.values, type=pa.string()))
        if MADE_UP in part.values:
            found = pc.if_else(column.is_valid(), pc.fill_null(found, part.values.index(MADE_UP)), found)
        return (np.array(found.cast(pa.float64()).to_numpy(), dtype=np.float64),)
    return (np.where(column.is_valid().to_numpy(), 0.0, np.nan),)


def _kept(values: Floats, part: Part) -> Floats:
    """Without the NaN and the infinities that the profile did not keep."""
    marks = is_mark(values, part.kind)
    return np.where(marks & ~np.isin(values, [low for low, _, _ in part.cells]), np.nan, values) if marks.any() else values


def some_rows(training: pa.Table, most: int, *, seed: int) -> pa.Table:
    """The rows, or as many of them drawn at random, in their order."""
    if training.num_rows <= most:
        return training
    return training.take(pa.array(np.sort(permutation(training.num_rows, seed=seed, stream="train_rows")[:most])))


def from_values(
    values: tuple[Floats, ...], profile: ColumnProfile, kind: pa.DataType, counters: NDArray[np.int64], *, seed: int
) -> pa.Array:
    """The column of the given Arrow type; what is not modelled is generated where a value is present."""
    if profile.kind in ("numeric", "datetime"):
        return from_parts(values, kind)
    if profile.kind == "spelled":
        return pa.array(from_numbers(values, profile.sql_type), type=pa.string()).cast(kind)
    if profile.kind == "categorical":
        missing = np.isnan(values[0])
        codes = pa.array(np.where(missing, 0, values[0]).astype(np.int64), mask=missing)
        choices = pa.array(profile.parts[0].values or ("",), type=pa.string())
        return choices.take(codes).cast(kind)
    present = ~np.isnan(values[0])
    if profile.kind == "nested":
        place = derive_seed(seed, profile.name)
        return make_nested(profile.formats["shape"], kind, profile.sql_type, present, counters, draw_alone, seed=place)
    if profile.parts[0].kind == "category":
        part = profile.parts[0]
        begun = np.asarray(part.values, dtype=object)[np.where(present, values[0], 0).astype(np.int64)]
        if MADE_UP not in part.values or profile.kind == "pii":
            return generate(profile, kind, present, counters, seed=seed, leads=begun)
        made = generate(profile, kind, present & (begun == MADE_UP), counters, seed=seed)
        return pc.if_else(pa.array(present & (begun != MADE_UP)), pa.array(begun, type=pa.string()).cast(kind), made)
    return generate(profile, kind, present, counters, seed=seed)


def draw_alone(profile: ColumnProfile, kind: pa.DataType, present: NDArray[np.bool_], counters: NDArray[np.int64], seed: int) -> pa.Array:
    """A column by its own frequencies, where `present`."""
    values = [np.where(present, draw_part(part, place, counters, seed=seed), np.nan) for place, part in enumerate(profile.parts)]
    return from_values(tuple(values), profile, kind, counters, seed=seed)


def draw_part(part: Part, place: int, counters: NDArray[np.int64], *, seed: int) -> Floats:
    """Values of one part by its own frequencies, never null unless it has no value."""
    codec = codec_of(part)
    draws, cell, spot = (uniforms(counters, seed=seed, stream=f"{place}/{stream}") for stream in ("class", "cell", "spot"))
    ends = np.cumsum(codec.kept) if codec.null else np.zeros(0)
    classes = np.searchsorted(ends, draws * ends[-1], side="right") if codec.null else np.zeros(len(counters), dtype=np.int64)
    return codec.decode(np.minimum(classes, max(codec.null - 1, 0)), cell, spot)
