"""Lists, structs, maps and JSON: their shape, and a profile of every leaf as if it were a column.

A shape is plain data. A struct has `fields`, a list or a map `lengths` (a part) and `items`, a leaf the profile of its values;
each knows how often it is there. Keys of JSON objects that fewer than k entities have are not kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.cells import numeric_cells
from warehouse_twin.profiling.holders import holders_of
from warehouse_twin.profiling.pairs import spread_rows
from warehouse_twin.profiling.table_profile import ColumnProfile, Part

Ints = NDArray[np.int64]
Shape = dict[str, Any]
ProfileLeaf = Callable[[str, pa.ChunkedArray, Ints], ColumnProfile]
MAX_ROWS = 20_000
MAX_KEYS = 200


def is_nested(kind: pa.DataType) -> bool:
    """Whether values of the type have parts that a shape can be learned of."""
    return bool(pt.is_list(kind) or pt.is_large_list(kind) or pt.is_struct(kind) or pt.is_map(kind))


def learn_shape(name: str, column: pa.ChunkedArray, entities: Ints, profile_leaf: ProfileLeaf, *, k: int) -> Shape:
    """The shape of a nested column; `entities` has one id a row."""
    rows = spread_rows(len(column), at_most=MAX_ROWS)
    return _shape(name, _whole(column.take(pa.array(rows))), entities[rows], profile_leaf, k=k)


def learn_sizes(column: pa.ChunkedArray, entities: Ints, *, k: int) -> dict[str, Any]:
    """Of blobs, their sizes alone."""
    return asdict(_counted(pc.binary_length(column).to_numpy().astype(np.float64), entities, k=k))


def looks_like_json(texts: pa.ChunkedArray) -> bool:
    """Whether every text could be a JSON object, or a list."""
    return len(texts) > 0 and bool(pc.all(pc.match_substring_regex(texts, r"^\s*(?:\{.*\}|\[.*\])\s*$", ignore_case=False)).as_py())


def learn_json(name: str, texts: pa.ChunkedArray, entities: Ints, profile_leaf: ProfileLeaf, *, k: int) -> Shape | None:
    """The shape of JSON texts with `json` saying how it is written; None where not all are objects, or all lists, of one kind."""
    rows = spread_rows(len(texts), at_most=MAX_ROWS)
    taken, holders = texts.take(pa.array(rows)), entities[rows]
    try:
        values = [json.loads(text) for text in taken.to_pylist()]
        nulls: dict[str, list[int]] = {}
        kept = _with_shared_keys(values, holders, "", nulls, k=k)
        array = pa.array(kept)
    except (ValueError, RecursionError, pa.ArrowException):  # no JSON, or of kinds that Arrow cannot put in one column
        return None
    if not is_nested(array.type):
        return None
    spaced = bool(pc.mean(pc.match_substring_regex(taken, r'[:,]\s+["\[{\w]')).as_py() >= 0.5)
    written = sorted(path for path, (said, left_out) in nulls.items() if said > left_out)
    return {**_shape(name, array, holders, profile_leaf, k=k), "json": {"spaced": spaced, "nulls": written}}


def _with_shared_keys(values: list[Any], holders: Ints, path: str, nulls: dict[str, list[int]], *, k: int) -> list[Any]:
    """The values with those keys of objects alone that k entities have; `nulls` counts, per path, nulls written and keys left out."""
    found = list(values)
    objects = [place for place, value in enumerate(values) if isinstance(value, dict)]
    for place in objects:
        found[place] = {}
    for key in _shared_keys([values[place] for place in objects], holders[objects], k=k):
        there = [place for place in objects if key in values[place]]
        inner = _with_shared_keys([values[place][key] for place in there], holders[there], f"{path}/{key}", nulls, k=k)
        nulls[f"{path}/{key}"] = [sum(value is None for value in inner), len(objects) - len(there)]
        for place, value in zip(there, inner, strict=True):
            found[place][key] = value
    lists = [place for place, value in enumerate(values) if isinstance(value, list)]
    owners = np.asarray([place for place in lists for _ in values[place]], dtype=np.int64)
    if len(owners):
        items = iter(_with_shared_keys([item for place in lists for item in values[place]], holders[owners], f"{path}[]", nulls, k=k))
        for place in lists:
            found[place] = list(islice(items, len(values[place])))
    return found


def _shared_keys(objects: list[dict[str, Any]], holders: Ints, *, k: int) -> list[str]:
    """Keys that k entities have, in the order in which they first come; the commonest, where there are very many."""
    rows = Counter(key for value in objects for key in value)
    numbers = {key: number for number, (key, _) in enumerate(rows.most_common(MAX_KEYS))}
    codes = [(numbers[key], place) for place, value in enumerate(objects) for key in value if key in numbers]
    keys, places = np.asarray(codes, dtype=np.int64).reshape(-1, 2).T
    shared = holders_of(keys, holders[places], size=len(numbers)) >= k
    return [key for key in rows if key in numbers and shared[numbers[key]]]


def _shape(name: str, array: pa.Array, entities: Ints, profile_leaf: ProfileLeaf, *, k: int) -> Shape:
    array = array.cast(pa.string()) if pt.is_null(array.type) else array
    kind, filled = array.type, array.is_valid().to_numpy(zero_copy_only=False)
    if not is_nested(kind):
        profile = profile_leaf(name, pa.chunked_array([array]), entities)
        return {"kind": "leaf", "type": str(kind), "profile": asdict(profile), "present": float(filled.mean()) if len(array) else 0.0}
    there = {"present": float(filled.mean()) if len(array) else 0.0}
    present, holders = array.filter(pa.array(filled)), entities[filled]
    if pt.is_struct(kind):
        fields = {field.name: _shape(field.name, pc.struct_field(present, field.name), holders, profile_leaf, k=k) for field in kind}
        return {"kind": "struct", "fields": fields, **there}
    if pt.is_map(kind):
        present = present.cast(pa.list_(pa.struct([pa.field("key", kind.key_type, nullable=False), pa.field("value", kind.item_type)])))
    lengths = _counted(pc.list_value_length(present).to_numpy(zero_copy_only=False).astype(np.float64), holders, k=k)
    owners = pc.list_parent_indices(present).to_numpy(zero_copy_only=False).astype(np.int64)
    items = _shape(name, pc.list_flatten(present), holders[owners], profile_leaf, k=k)
    return {"kind": "map" if pt.is_map(kind) else "list", "lengths": asdict(lengths), "items": items, **there}


def _counted(sizes: NDArray[np.float64], entities: Ints, *, k: int) -> Part:
    cells, protected = numeric_cells(sizes, entities, k=k)
    return Part("number", cells=cells, step=1.0, protected=protected)


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def type_of(shape: Mapping[str, Any]) -> pa.DataType:
    """The Arrow type of a shape learned of JSON."""
    if shape["kind"] == "struct":
        return pa.struct([pa.field(name, type_of(field)) for name, field in shape["fields"].items()])
    if shape["kind"] == "list":
        return pa.list_(type_of(shape["items"]))
    return pa.type_for_alias(shape["type"])
