"""A table as SDV is handed it, and back: numbers and categories alone, whatever the types of its columns.

SDV would read times of microseconds as dates in 1970, cannot model decimals, codes, texts or nested values, and would give back
every category and extreme it saw. So it learns what our own engines learn: the parts of each column, categories and ranges that
k entities hold, and whether there is a value; what is not modelled is generated. Columns have neutral names, which SDV may log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.table_profile import ColumnProfile, Part, TableProfile
from warehouse_twin.profiling.values import without_marks
from warehouse_twin.randomness import derive_seed, uniforms
from warehouse_twin.synthesizers.columns import draw_part, from_values, to_values
from warehouse_twin.synthesizers.personal import with_personal

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST = 100
"""Categories of a column that are told apart; the rarer ones are one to SDV, whose networks have a node for each."""
NULL, REST = "null", "rest"
_SDTYPES = {"number": "numerical", "category": "categorical", "null": "categorical"}


@dataclass(frozen=True, slots=True)
class Field:
    """A column of SDV's table: a part of a column as numbers or categories, or whether a column is null."""

    name: str
    column: int
    part: int
    kind: Literal["number", "category", "null"]


@dataclass(frozen=True)
class Coding:
    """The columns of a table as SDV's fields. A part without a field is drawn by itself: it has one value, or is made up."""

    columns: tuple[ColumnProfile, ...]
    types: pa.Schema
    fields: tuple[Field, ...]

    @classmethod
    def of(cls, training: pa.Table, columns: Sequence[ColumnProfile]) -> Coding:
        """The coding of these columns of the training part; SDV knows no infinite numbers, which become null with it."""
        columns = [replace(column, parts=tuple(without_marks(part) for part in column.parts)) for column in columns]
        fields: list[Field] = []
        for place, column in enumerate(columns):
            fields += _fields(place, column, to_values(training.column(column.name), column))
        types = pa.schema([training.schema.field(column.name) for column in columns])
        return cls(tuple(columns), types.remove_metadata(), tuple(fields))

    def described(self) -> dict[str, dict[str, str]]:
        """The fields as SDV's metadata wants them."""
        return {field.name: {"sdtype": _SDTYPES[field.kind]} for field in self.fields}

    def encode(self, table: pa.Table, *, seed: int) -> pd.DataFrame:
        """Rows as SDV's: times as numbers, no value that fewer than k entities hold, no null."""
        import pandas as pd

        counters = np.arange(table.num_rows, dtype=np.int64)
        found: dict[str, Any] = {}
        values = {place: to_values(table.column(column.name), column) for place, column in enumerate(self.columns)}
        for field in self.fields:
            column, own = self.columns[field.column], values[field.column][field.part]
            part = column.parts[field.part]
            missing = table.column(column.name).is_null().to_numpy() if field.kind == "category" else np.isnan(own)
            if field.kind == "null":
                found[field.name] = np.where(missing, NULL, "value").astype(object)
            elif field.kind == "number":
                filled = np.where(np.isnan(own), np.nanmean(own), own)
                found[field.name] = np.clip(filled, *_range(part))
            else:
                redrawn = draw_part(part, field.part, counters, seed=derive_seed(seed, field.name))
                codes = np.where(np.isnan(own), redrawn, own).astype(np.int64)
                texts = np.where(codes < _told_apart(part), codes.astype(str), REST).astype(object)
                found[field.name] = np.where(missing & column.nullable, NULL, texts)
        return pd.DataFrame(found)

    def decode(self, frame: Mapping[str, Any], rows: int, *, seed: int) -> pa.Table:
        """Rows of SDV's fields as the table's; each type is the source's."""
        counters = np.arange(rows, dtype=np.int64)
        by_part = {(field.column, field.part): field for field in self.fields if field.kind != "null"}
        nulls = {field.column: field.name for field in self.fields if field.kind == "null"}
        arrays = {}
        for place, column in enumerate(self.columns):
            values: list[Floats] = []
            for number, part in enumerate(column.parts):
                field = by_part.get((place, number))
                if field is None:
                    values.append(draw_part(part, number, counters, seed=derive_seed(seed, column.name)))
                else:
                    values.append(_decoded(field, part, frame[field.name], counters, seed=seed))
            missing = np.asarray(frame[nulls[place]]) == NULL if place in nulls else np.isnan(values[0])
            if place not in nulls and column.rows and column.nulls == column.rows and column.nullable:
                missing = np.ones(rows, dtype=bool)
            values = [np.where(missing, np.nan, part) for part in values]
            arrays[column.name] = from_values(tuple(values), column, self.types.field(column.name).type, counters, seed=seed)
        return with_personal(pa.table(arrays), self.columns, counters, seed=seed)

    def to_dict(self) -> dict[str, Any]:
        """All but the types, which Arrow keeps."""
        columns = TableProfile("", 0, 0, 0, 0, 0, self.columns).to_dict()["columns"]
        return {"columns": columns, "fields": [asdict(field) for field in self.fields]}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], types: pa.Schema) -> Coding:
        columns = tuple(ColumnProfile.from_dict(column) for column in value["columns"])
        return cls(columns, types, tuple(Field(**field) for field in value["fields"]))


def _fields(place: int, column: ColumnProfile, values: tuple[Floats, ...]) -> list[Field]:
    """The fields of one column: none for what does not vary."""
    found = [
        Field(f"c{place}_{number}", place, number, "category" if part.kind == "category" else "number")
        for number, (part, own) in enumerate(zip(column.parts, values, strict=True))
        if part.kind != "presence" and _varies(part, own)
    ]
    missing = np.isnan(values[0])
    by_category = any(field.kind == "category" for field in found)
    if column.nullable and missing.any() and not missing.all() and not by_category:
        found.append(Field(f"c{place}_null", place, 0, "null"))
    return found


def _varies(part: Part, values: Floats) -> bool:
    known = values[~np.isnan(values)]
    if not len(known) or ((known == known[0]).all() and part.kind != "category"):
        return False
    return len(part.values) > 1 if part.kind == "category" else bool(part.cells) and _range(part)[0] < _range(part)[1]


def _range(part: Part) -> tuple[float, float]:
    return part.cells[0][0], part.cells[-1][1]


def _told_apart(part: Part) -> int:
    """Categories of a part that SDV sees, the commonest first."""
    return len(part.values) if len(part.values) <= MOST else MOST - 1


def _decoded(field: Field, part: Part, drawn: Any, counters: Ints, *, seed: int) -> Floats:
    """Values of a part as SDV drew them; categories that it does not tell apart by their frequencies."""
    if field.kind == "number":
        low, high = _range(part)
        numbers = np.clip(np.nan_to_num(np.asarray(drawn, dtype=np.float64), nan=low), low, high)
        return np.round(np.rint(numbers / part.step) * part.step, 9) if part.step > 0 else numbers
    texts = np.asarray(drawn, dtype=object).astype(str)
    codes = np.where(np.isin(texts, (NULL, REST)), "0", texts).astype(np.int64)
    told = _told_apart(part)
    if told < len(part.values):
        ends = np.cumsum(np.asarray(part.rows[told:], dtype=np.float64))
        spots = uniforms(counters, seed=seed, stream=f"{field.name}/{REST}") * ends[-1]
        codes = np.where(texts == REST, told + np.searchsorted(ends, spots, side="right"), codes)
    return np.where(texts == NULL, np.nan, codes)
