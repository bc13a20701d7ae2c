"""The profile of one column: a pure function of its training values and the entities that hold them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.cells import numeric_cells
from warehouse_twin.profiling.formats import UUID, learn_patterns, learn_words
from warehouse_twin.profiling.holders import holders_of
from warehouse_twin.profiling.leads import lead_part
from warehouse_twin.profiling.nested import Shape, is_nested, learn_json, learn_shape, learn_sizes, looks_like_json
from warehouse_twin.profiling.recognition import Recognised, recognise, role_of
from warehouse_twin.profiling.spelled import is_spelled
from warehouse_twin.profiling.table_profile import ColumnKind, ColumnProfile, Part
from warehouse_twin.profiling.values import part_names, step_of, to_parts

Ints = NDArray[np.int64]
MAX_CATEGORIES = 5_000
CATEGORICAL_COVER = 0.8
"""A text column is categorical when values shared by k entities make up this share of its rows."""


@dataclass(frozen=True, slots=True)
class ColumnTask:
    """What is known of a column before its values are read. `domain` is public: a declared list or a reference table's key.

    A column that is part of a `key` is never taken for personal data: its values link rows.
    """

    name: str
    sql_type: str
    kind: str | None = None
    pii: tuple[str, str] | None = None
    domain: Collection[str] | None = None
    nullable: bool = True
    key: bool = False


def enum_labels(sql_type: str) -> set[str] | None:
    """The labels of an enumeration: its type declares them, so they are public. None for any other type."""
    if not re.fullmatch(r"ENUM\s*\(.*\)", sql_type, re.DOTALL):
        return None
    return {label.replace("''", "'") for label in re.findall(r"'((?:[^']|'')*)'", sql_type)}


def profile_column(task: ColumnTask, column: pa.ChunkedArray, entities: Ints, *, k: int) -> ColumnProfile:
    """The k-safe profile of a column; `entities` has one id a row."""
    filled = column.is_valid().to_numpy()
    present = column.filter(pa.array(filled))
    holders = entities[filled]
    personal = _personal(task, present, holders, k=k)
    kind = _kind(task, column.type, present, holders, personal, k=k)
    shape = _shape(task, kind, present, holders, k=k)
    if shape is not None:
        kind, parts = "nested", _presence(present)
        formats: dict[str, Any] = {"shape": shape}
    else:
        parts, formats = _parts(task, kind, column, present, holders, personal, k=k)
    distinct = _distinct(present)
    if personal is not None:
        people = distinct if 2 * distinct < len(present) else 0
        formats = {**formats, **personal.formats(), "unique": distinct == len(present), "people": people}
    return ColumnProfile(
        name=task.name,
        sql_type=task.sql_type,
        kind=kind,
        rows=len(column),
        nulls=int((~filled).sum()),
        distinct=distinct,
        parts=parts,
        formats=formats,
        nullable=task.nullable,
    )


def _distinct(present: pa.ChunkedArray) -> int:
    if pt.is_nested(present.type):
        return len({repr(value) for value in present.to_pylist()})
    return int(pc.count_distinct(present).as_py())


def _personal(task: ColumnTask, present: pa.ChunkedArray, holders: Ints, *, k: int) -> Recognised | None:
    """What the column holds of a person, as the manifest says or as recognised."""
    if task.pii is not None:
        return Recognised(task.pii[0], role_of(task.name), task.pii[1], said=True)
    if task.kind is not None or task.key or task.domain is not None or not _is_text(present.type):
        return None
    if is_spelled(task.sql_type) or looks_like_json(present):
        return None
    return recognise(task.name, present, holders, k=k)


def _kind(
    task: ColumnTask, kind: pa.DataType, present: pa.ChunkedArray, holders: Ints, personal: Recognised | None, *, k: int
) -> ColumnKind:
    if task.pii is not None or (personal is not None and personal.direct):
        return "pii"
    if task.domain is not None or pt.is_boolean(kind):
        return "categorical"
    names = part_names(kind)
    if names and task.kind != "categorical":
        return "numeric" if names == ("number",) else "datetime"
    if not names and not _is_text(kind):
        return "opaque"
    if task.kind != "categorical" and _is_text(kind) and _all_uuid(present):
        return "uuid"
    if task.kind in ("code", "text") and _is_text(kind) and not is_spelled(task.sql_type):
        return task.kind  # type: ignore[return-value]
    spelled = is_spelled(task.sql_type)  # a text of our making might be no value of the type
    if len(present) == 0:
        return "categorical" if task.nullable else "opaque" if spelled else "code"
    values, rows, _ = common_values(_as_text(present), holders, k=k)
    forced = task.kind == "categorical" or (spelled and task.sql_type != "JSON")
    if len(values) and (forced or rows.sum() >= CATEGORICAL_COVER * len(present)):
        return "categorical"
    if spelled:
        return "opaque"
    if personal is not None and personal.made:
        return "pii"
    if names:  # a category of numbers or times, all of them rare
        return "numeric" if names == ("number",) else "datetime"
    return "text" if pc.mean(pc.count_substring(present, " ")).as_py() >= 1.0 else "code"


def _all_uuid(present: pa.ChunkedArray) -> bool:
    if len(present) == 0 or not UUID.match(str(present[0].as_py())):
        return False
    return bool(pc.all(pc.match_substring_regex(present, UUID.pattern, ignore_case=True)).as_py())


def _is_text(kind: pa.DataType) -> bool:
    return bool(pt.is_string(kind) or pt.is_large_string(kind))


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if _is_text(column.type) else column.cast(pa.string())


def _parts(
    task: ColumnTask,
    kind: ColumnKind,
    column: pa.ChunkedArray,
    present: pa.ChunkedArray,
    holders: Ints,
    personal: Recognised | None,
    *,
    k: int,
) -> tuple[tuple[Part, ...], dict[str, Any]]:
    if kind in ("numeric", "datetime"):
        return _numeric_parts(task, column, present, holders, k=k), {}
    if kind == "categorical":
        return (_category(task, _as_text(present), holders, k=k),), {}
    presence = _presence(present)
    if kind == "code" or (kind == "pii" and personal is not None and personal.kind == "phone"):
        lead = lead_part(present.cast(pa.string()), holders, k=k)
        return presence if lead is None else (lead,), learn_patterns(present, holders, k=k)
    if kind == "text":
        return presence, learn_words(present, holders, k=k)
    if pt.is_binary(present.type) or pt.is_large_binary(present.type):
        return presence, {"sizes": learn_sizes(present, holders, k=k)}
    return presence, {}


def _presence(present: pa.ChunkedArray) -> tuple[Part, ...]:
    return (Part("presence", values=("present",), rows=(len(present),)),)


def _shape(task: ColumnTask, kind: ColumnKind, present: pa.ChunkedArray, holders: Ints, *, k: int) -> Shape | None:
    """The shape of a nested column, or of a text that is JSON; None for all others."""

    def leaf(name: str, values: pa.ChunkedArray, entities: Ints) -> ColumnProfile:
        return profile_column(ColumnTask(name, "VARCHAR"), values, entities, k=k)

    if is_nested(present.type):
        return learn_shape(task.name, present, holders, leaf, k=k)
    is_json = task.sql_type == "JSON" if kind == "opaque" else kind in ("text", "code") and task.kind is None and not task.key
    return learn_json(task.name, present, holders, leaf, k=k) if is_json and looks_like_json(present) else None


def _category(task: ColumnTask, text: pa.ChunkedArray, holders: Ints, *, k: int) -> Part:
    values, rows, protected = common_values(text, holders, k=k, domain=task.domain)
    if not values and (len(text) or not task.nullable):  # what is public must stand for all the protected ones
        values = sorted(task.domain)[:MAX_CATEGORIES] if task.domain is not None else ["false"]
        rows = np.zeros(len(values), dtype=np.int64)
    return Part("category", values=tuple(values), rows=tuple(int(count) for count in rows), protected=protected)


def _numeric_parts(
    task: ColumnTask, column: pa.ChunkedArray, present: pa.ChunkedArray, holders: Ints, *, k: int
) -> tuple[Part, ...]:
    parts: list[Part] = []
    for name, values in zip(part_names(column.type), to_parts(present), strict=True):
        finite = ~np.isnan(values)
        cells, protected = numeric_cells(values[finite], holders[finite], k=k)
        if not cells and (finite.any() or not task.nullable):
            cells = ((0.0, 0.0, protected),)
        step = step_of(values[finite], name)
        parts.append(Part(name, cells=cells, step=step, protected=protected))  # type: ignore[arg-type]
    return tuple(parts)


def common_values(
    column: pa.ChunkedArray, entities: Ints, *, k: int, domain: Collection[str] | None = None
) -> tuple[list[str], Ints, int]:
    """Values that at least k entities hold, or with a public `domain` those in it; commonest first; their rows; rows left out."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    size = len(encoded.dictionary)
    rows = np.bincount(codes, minlength=size).astype(np.int64)
    if domain is None:
        kept = np.flatnonzero(holders_of(codes, entities, size=size) >= k)
    else:
        public = pa.array(sorted(domain), type=pa.string())
        kept = np.flatnonzero(pc.is_in(encoded.dictionary.cast(pa.string()), value_set=public).to_numpy(zero_copy_only=False))
    texts = [str(value) for value in encoded.dictionary.take(pa.array(kept)).to_pylist()]
    order = sorted(range(len(kept)), key=lambda place: (-rows[kept[place]], texts[place]))[:MAX_CATEGORIES]
    counts = rows[kept[order]] if order else np.zeros(0, dtype=np.int64)
    return [texts[place] for place in order], counts, int(len(column) - counts.sum())
