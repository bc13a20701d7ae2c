"""The profile of one column: a pure function of its training values and the entities that hold them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.cells import Cell, numeric_cells
from warehouse_twin.profiling.formats import UUID, learn_patterns, learn_words
from warehouse_twin.profiling.holders import holders_of
from warehouse_twin.profiling.leads import lead_part
from warehouse_twin.profiling.nested import Shape, is_nested, learn_json, learn_shape, learn_sizes, looks_like_json
from warehouse_twin.profiling.recognition import Recognised, recognise, role_of
from warehouse_twin.profiling.spelled import is_spelled
from warehouse_twin.profiling.spelled_numbers import PARTS, to_numbers
from warehouse_twin.profiling.table_profile import MADE_UP, ColumnKind, ColumnProfile, Part
from warehouse_twin.profiling.values import Floats, is_mark, part_names, step_of, to_parts

Ints = NDArray[np.int64]
MAX_CATEGORIES = 5_000
CATEGORICAL_COVER = 0.8
"""A text column is categorical when values shared by k entities make up this share of its rows."""
MAX_BESIDE, BESIDE_COVER = 1_000, 0.05
"""Below that, up to so many of them are kept beside what is made up, when they make up this share."""


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


@dataclass(frozen=True)
class _Seen:
    """What is there of a column: its values without nulls, and who holds them."""

    task: ColumnTask
    present: pa.ChunkedArray
    holders: Ints
    k: int

    @cached_property
    def personal(self) -> Recognised | None:
        """What the column holds of a person, as the manifest says or as recognised."""
        task = self.task
        if task.pii is not None:
            return Recognised(task.pii[0], role_of(task.name), task.pii[1], said=True)
        if task.kind is not None or task.key or task.domain is not None or not _is_text(self.present.type):
            return None
        if is_spelled(task.sql_type) or looks_like_json(self.present):
            return None
        return recognise(task.name, self.present, self.holders, k=self.k)

    @cached_property
    def common(self) -> tuple[list[str], Ints, int]:
        """See `common_values`."""
        return common_values(_as_text(self.present), self.holders, k=self.k, domain=self.task.domain)


def profile_column(task: ColumnTask, column: pa.ChunkedArray, entities: Ints, *, k: int) -> ColumnProfile:
    """The k-safe profile of a column; `entities` has one id a row."""
    filled = column.is_valid().to_numpy()
    seen = _Seen(task, column.filter(pa.array(filled)), entities[filled], k)
    kind = _kind(seen)
    shape = _shape(seen, kind)
    if shape is not None:
        kind, parts = "nested", _presence(seen)
        formats: dict[str, Any] = {"shape": shape}
    else:
        parts, formats = _parts(seen, kind)
    distinct = _distinct(seen.present)
    if seen.personal is not None:
        rows = len(seen.present)
        formats = {**formats, **seen.personal.formats(), "unique": distinct == rows, "people": distinct if 2 * distinct < rows else 0}
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


def _kind(seen: _Seen) -> ColumnKind:
    task, present, kind, personal = seen.task, seen.present, seen.present.type, seen.personal
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
    values, rows, _ = seen.common
    forced = task.kind == "categorical" or (spelled and task.sql_type not in ("JSON", "BIT", *PARTS))
    if len(values) and (forced or rows.sum() >= CATEGORICAL_COVER * len(present)):
        return "categorical"
    if spelled:
        return "spelled" if task.sql_type in PARTS else "opaque"
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


def _parts(seen: _Seen, kind: ColumnKind) -> tuple[tuple[Part, ...], dict[str, Any]]:
    task, present, holders, k, personal = seen.task, seen.present, seen.holders, seen.k, seen.personal
    if kind in ("numeric", "datetime"):
        return _numeric_parts(seen, part_names(present.type), to_parts(present, marked=True)), {}
    if kind == "spelled":
        return _numeric_parts(seen, PARTS[task.sql_type], to_numbers(present, task.sql_type)), {}
    if kind == "categorical":
        return (_category(seen),), {}
    coded = kind == "code" or (kind == "pii" and personal is not None and personal.kind == "phone")
    named = kind == "pii" and personal is not None and not personal.never_kept
    beside = _kept_beside(seen) if task.kind is None and (named or kind in ("code", "text")) else None
    parts = (beside,) if beside is not None else _lead(seen) if coded else _presence(seen)
    if beside is not None:
        made = pc.invert(pc.is_in(present, value_set=pa.array(beside.values, type=present.type))).combine_chunks()
        present, holders = present.filter(made), holders[made.to_numpy(zero_copy_only=False)]
    if coded:
        return parts, learn_patterns(present, holders, k=k)
    if kind == "text":
        return parts, learn_words(present, holders, k=k)
    blob = pt.is_binary(present.type) or pt.is_large_binary(present.type) or (kind == "opaque" and task.sql_type == "BIT")
    return parts, {"sizes": learn_sizes(present, holders, k=k)} if blob else {}


def _presence(seen: _Seen) -> tuple[Part, ...]:
    return (Part("presence", values=("present",), rows=(len(seen.present),)),)


def _lead(seen: _Seen) -> tuple[Part, ...]:
    lead = lead_part(_as_text(seen.present), seen.holders, k=seen.k)
    return _presence(seen) if lead is None else (lead,)


def _kept_beside(seen: _Seen) -> Part | None:
    """Common values as a category of their own, "" standing for all others; None where they are few, or too many to be kept."""
    if not len(seen.present):
        return None
    kept = [(value, int(count)) for value, count in zip(*seen.common[:2], strict=True) if value]
    rows = sum(count for _, count in kept)
    if len(kept) > MAX_BESIDE or rows < BESIDE_COVER * len(seen.present):
        return None
    kept = sorted([*kept, (MADE_UP, len(seen.present) - rows)], key=lambda item: -item[1])
    return Part("category", values=tuple(value for value, _ in kept), rows=tuple(count for _, count in kept))


def _shape(seen: _Seen, kind: ColumnKind) -> Shape | None:
    """The shape of a nested column, or of a text that is JSON; None for all others."""
    task, present, k = seen.task, seen.present, seen.k

    def leaf(name: str, values: pa.ChunkedArray, entities: Ints) -> ColumnProfile:
        return profile_column(ColumnTask(name, "VARCHAR"), values, entities, k=k)

    if is_nested(present.type):
        return learn_shape(task.name, present, seen.holders, leaf, k=k)
    is_json = task.sql_type == "JSON" if kind == "opaque" else kind in ("text", "code") and task.kind is None and not task.key
    return learn_json(task.name, present, seen.holders, leaf, k=k) if is_json and looks_like_json(present) else None


def _category(seen: _Seen) -> Part:
    task, (values, rows, protected) = seen.task, seen.common
    if not values and (len(seen.present) or not task.nullable):  # what is public must stand for all the protected ones
        values = sorted(task.domain)[:MAX_CATEGORIES] if task.domain is not None else ["false"]
        rows = np.zeros(len(values), dtype=np.int64)
    return Part("category", values=tuple(values), rows=tuple(int(count) for count in rows), protected=protected)


def _numeric_parts(seen: _Seen, names: Sequence[str], columns: Sequence[Floats]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for name, values in zip(names, columns, strict=True):
        marks = is_mark(values, name)
        finite = ~np.isnan(values) & ~marks
        cells, protected = numeric_cells(values[finite], seen.holders[finite], k=seen.k)
        beyond, rare = _marks(values[marks], seen.holders[marks], k=seen.k)
        if not cells and not beyond and (len(values) or not seen.task.nullable):
            cells = ((0.0, 0.0, protected),)
        cells, protected = tuple(sorted((*cells, *beyond))), protected + rare
        step = step_of(values[finite], name, seen.holders[finite], k=seen.k)
        parts.append(Part(name, cells=cells, step=step, protected=protected))  # type: ignore[arg-type]
    return tuple(parts)


def _marks(values: Floats, entities: Ints, *, k: int) -> tuple[tuple[Cell, ...], int]:
    """A point mass for NaN and each infinity that k entities have; the rows that have one which is rarer."""
    found, codes = np.unique(values, return_inverse=True)
    rows, shared = np.bincount(codes, minlength=len(found)), holders_of(codes, entities, size=len(found)) >= k
    cells = tuple((float(value), float(value), int(count)) for value, count, kept in zip(found, rows, shared, strict=True) if kept)
    return cells, int(rows[~shared].sum())


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
