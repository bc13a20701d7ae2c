"""Values of lists, structs, maps and JSON after a learned shape, and blobs of learned sizes with random bytes.

Leaves are drawn each by itself; personal data among the fields of one struct is one person. An element is drawn by a counter
made of its row's and its place, so that a row stays the same however rows are split.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.nested import Shape, type_of
from warehouse_twin.profiling.table_profile import ColumnProfile, Part
from warehouse_twin.randomness import derive_seed, uniforms
from warehouse_twin.synthesizers.personal import with_personal
from warehouse_twin.warehouses.duckdb_types import Declared, taken_apart

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Leaf = Callable[[ColumnProfile, pa.DataType, Bools, Ints, int], pa.Array]
MAX_LENGTH = 4_096
MAX_BYTES = 1_000_000


def make_nested(shape: Shape, kind: pa.DataType, sql_type: str, present: Bools, counters: Ints, leaf: Leaf, *, seed: int) -> pa.Array:
    """A column of the given type, JSON where that is text: a value where `present`; `leaf` draws those of one leaf."""
    if "json" not in shape:
        return _made(shape, kind, present, counters, leaf, seed, taken_apart(sql_type))
    values = _made(shape, type_of(shape), present, counters, leaf, seed, None).to_pylist()
    written, separators = set(shape["json"]["nulls"]), None if shape["json"]["spaced"] else (",", ":")
    texts = [
        None if value is None else json.dumps(_without_nulls(value, "", written), separators=separators, ensure_ascii=False)
        for value in values
    ]
    return pa.array(texts, type=pa.string()).cast(kind)


def make_blobs(sizes: Mapping[str, Any], kind: pa.DataType, present: Bools, counters: Ints, *, seed: int) -> pa.Array:
    """Random bytes (SHAKE128 of seed and counter) of learned sizes."""
    lengths = np.minimum(_counts(Part.from_dict(sizes), counters, seed), MAX_BYTES).tolist()
    rows = zip(present.tolist(), counters.tolist(), lengths, strict=True)
    return pa.array([_bytes(seed, counter, length) if here else None for here, counter, length in rows], type=kind)


def make_bits(sizes: Mapping[str, Any], kind: pa.DataType, present: Bools, counters: Ints, *, seed: int) -> pa.Array:
    """Random bits of learned sizes, at least one: as text, which is how they are read."""
    lengths = np.clip(_counts(Part.from_dict(sizes), counters, seed), 1, MAX_BYTES).tolist()
    rows = zip(present.tolist(), counters.tolist(), lengths, strict=True)
    texts = ["".join(str(byte % 2) for byte in _bytes(seed, counter, length)) if here else None for here, counter, length in rows]
    return pa.array(texts, type=kind)


def _bytes(seed: int, counter: int, length: int) -> bytes:
    return hashlib.shake_128(f"{seed}/{counter}".encode()).digest(length)


def _without_nulls(value: Any, path: str, written: set[str]) -> Any:
    """Without the keys whose value is null, but where the source writes such nulls."""
    if isinstance(value, dict):
        items = ((key, inner, f"{path}/{key}") for key, inner in value.items())
        return {key: _without_nulls(inner, place, written) for key, inner, place in items if inner is not None or place in written}
    return [_without_nulls(item, f"{path}[]", written) for item in value] if isinstance(value, list) else value


def _made(
    shape: Shape, kind: pa.DataType, present: Bools, counters: Ints, leaf: Leaf, seed: int, declared: Declared | None
) -> pa.Array:
    """`declared` says how long arrays are, which rows may be too few to say."""
    if shape["kind"] == "struct":
        return _struct(shape, kind, present, counters, leaf, seed, declared)
    if shape["kind"] == "leaf":
        return leaf(ColumnProfile.from_dict(shape["profile"]), kind, present, counters, seed)
    if declared is not None and declared.length is not None:
        lengths = np.full(len(counters), declared.length)
    else:
        lengths = np.minimum(_counts(Part.from_dict(shape["lengths"]), counters, seed), MAX_LENGTH)
    lengths = np.where(present, lengths, 0)
    ends = np.r_[0, np.cumsum(lengths)]
    owners = np.repeat(np.arange(len(counters)), lengths)
    places = np.arange(len(owners)) - ends[:-1][owners]
    element = counters[owners] * MAX_LENGTH + places
    if shape["kind"] == "map":
        return _map(shape, kind, present, owners, element, leaf, seed, declared)
    there, inner = _there(shape["items"], element, seed, "item"), derive_seed(seed, "item")
    items = _made(shape["items"], kind.value_type, there, element, leaf, inner, declared and declared.part("item"))
    arrays = pa.LargeListArray if pt.is_large_list(kind) else pa.ListArray
    offsets = pa.array(ends, type=pa.int64() if pt.is_large_list(kind) else pa.int32())
    return arrays.from_arrays(offsets, items, mask=pa.array(~present)).cast(kind)


def _map(
    shape: Shape, kind: pa.DataType, present: Bools, owners: Ints, element: Ints, leaf: Leaf, seed: int, declared: Declared | None
) -> pa.Array:
    """Keys that repeat in a row are left out, with their values."""
    pairs = shape["items"]["fields"]
    inner = pa.struct([pa.field("key", kind.key_type), pa.field("value", kind.item_type)])
    there = np.ones(len(element), dtype=bool)
    made = _struct({"fields": pairs}, inner, there, element, leaf, derive_seed(seed, "item"), declared, always=("key",))
    _, codes = np.unique(np.asarray([str(key) for key in made.field("key").to_pylist()]), return_inverse=True)
    first = np.zeros(len(element), dtype=bool)
    first[np.unique(owners * (len(element) + 1) + codes, return_index=True)[1]] = True
    kept = made.filter(pa.array(first))
    ends = np.r_[0, np.cumsum(np.bincount(owners[first], minlength=len(present)))]
    offsets = pa.array(ends, type=pa.int32(), mask=np.r_[~present, False])
    return pa.MapArray.from_arrays(offsets, kept.field("key"), kept.field("value")).cast(kind)


def _struct(
    shape: Shape,
    kind: pa.DataType,
    present: Bools,
    counters: Ints,
    leaf: Leaf,
    seed: int,
    declared: Declared | None,
    always: tuple[str, ...] = (),
) -> pa.Array:
    arrays: dict[str, pa.Array] = {}
    leaves: list[ColumnProfile] = []
    for field in kind:
        inner = shape["fields"][field.name]
        there = _there(inner, counters, seed, field.name) | (field.name in always)
        part = declared and declared.part(field.name)
        arrays[field.name] = _made(inner, field.type, there & present, counters, leaf, derive_seed(seed, field.name), part)
        if inner["kind"] == "leaf":
            leaves.append(ColumnProfile.from_dict(inner["profile"]))
    table = with_personal(pa.table(arrays), leaves, counters, seed=seed)
    columns = [pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], type=column.type) for column in table.columns]
    return pa.StructArray.from_arrays(columns, fields=list(kind), mask=pa.array(~present))


def _there(shape: Shape, counters: Ints, seed: int, name: str) -> Bools:
    there: Bools = uniforms(counters, seed=seed, stream=f"{name}/present") < shape["present"]
    return there


def _counts(part: Part, counters: Ints, seed: int) -> Ints:
    """Whole numbers, at least 0, by a part's cells."""
    if not part.cells:
        return np.zeros(len(counters), dtype=np.int64)
    low, high, rows = np.asarray(part.cells, dtype=np.float64).T
    ends = np.cumsum(rows)
    cell = np.minimum(np.searchsorted(ends, uniforms(counters, seed=seed, stream="count") * ends[-1], side="right"), len(ends) - 1)
    drawn = low[cell] + uniforms(counters, seed=seed, stream="count/spot") * (high[cell] - low[cell])
    counts: Ints = np.maximum(np.rint(drawn), 0).astype(np.int64)
    return counts
