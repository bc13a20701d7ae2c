"""Primary keys: what the warehouse declares, else the column, or the columns, that tell the rows apart and are named like a key.

Uniqueness alone proves little in a small table, so it is weighed with names, types and the place of a column.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.manifest.foreign_keys import is_text
from warehouse_twin.profiling.matching import codes_of, duplicated
from warehouse_twin.profiling.personal_words import named
from warehouse_twin.scaffolding.naming import is_about, is_generic, says_key, words_of
from warehouse_twin.scaffolding.proposal import Primary
from warehouse_twin.scaffolding.vocabulary import COUNTING, LABELS
from warehouse_twin.warehouses.catalog import Table

HEAD = 50_000
"""Rows that a key must tell apart before all are looked at."""
WIDEST, PARTS = 4, 8
"""Columns of a composite key, and columns that are tried as parts of one."""
LINKING = 1.0
"""From here on a part of a composite key is called like a key, or like a column of other tables: one of the parts must be."""
NEARLY = 0.95
"""Share of rows a column must tell apart to be a key that the source keeps only nearly; its name must say that it is one."""
ENOUGH = 3.0


@dataclass(frozen=True, slots=True)
class _Candidate:
    column: str
    score: float
    says: str


def find_primary(table: Table, rows: pa.Table, catalog: Mapping[str, Table]) -> Primary:
    """The primary key of a table that declares none. Without columns where nothing speaks for one."""
    if rows.num_rows == 0:
        named = [name for name in _joinable(table, rows) if _says_own_key(name, table)]
        if len(named) == 1:
            return Primary((named[0],), "the table is empty; the column is named like its key")
        return Primary((), "no primary key: none is declared, and the table is empty")
    candidates = sorted(_candidates(table, rows, catalog), key=lambda item: -item.score)
    for candidate in candidates:
        if candidate.score >= ENOUGH and _unique(rows, (candidate.column,)):
            return Primary((candidate.column,), f"not declared; {_unique_words(rows)}, never null, {candidate.says}")
    return _nearly(table, rows, candidates) or _composite(table, rows, catalog) or Primary((), _none(rows))


def _none(rows: pa.Table) -> str:
    whole = "" if rows.num_rows < 2 else " (a key of all columns is none)"
    return f"no primary key: none is declared, and no column tells the rows apart and is named like a key{whole}"


def _unique_words(rows: pa.Table) -> str:
    return f"unique in all {rows.num_rows:,} rows" if rows.num_rows > 1 else "the table has one row"


def _joinable(table: Table, rows: pa.Table) -> list[str]:
    return [name for name in table.column_names if is_joinable(rows.schema.field(name).type)]


def is_joinable(kind: pa.DataType) -> bool:
    """Types whose values tell rows apart and can be referred to: whole numbers and text, UUIDs among it."""
    return _is_whole(kind) or is_text_like(kind)


def _is_whole(kind: pa.DataType) -> bool:
    return bool(pt.is_integer(kind) or (pt.is_decimal(kind) and kind.scale == 0))


def is_text_like(kind: pa.DataType) -> bool:
    return bool(pt.is_string(kind) or pt.is_large_string(kind))


def _candidates(table: Table, rows: pa.Table, catalog: Mapping[str, Table]) -> Iterator[_Candidate]:
    for place, name in enumerate(table.column_names):
        if name not in _joinable(table, rows) or rows.column(name).null_count:
            continue
        score, says = _by_name(name, table, catalog)
        score += (place == 0) + 0.5 * (not table.column(name).nullable) + 0.5 * (rows.num_rows >= 50) + 0.5 * (rows.num_rows >= 1_000)
        if is_text_like(rows.schema.field(name).type):
            score -= _wordiness(rows.column(name)) * (0.5 if says_key(name) else 1.0)
        yield _Candidate(name, score, says)


def _says_own_key(name: str, table: Table) -> bool:
    return words_of(name) == ("id",) or (says_key(name) and is_about(name, table.name))


def _by_name(name: str, table: Table, catalog: Mapping[str, Table]) -> tuple[float, str]:
    if _says_own_key(name, table):
        return 3.0, "named like the table's key"
    if any(word in LABELS for word in words_of(name)):
        return -2.0, "a label"
    users = [other.name for other in catalog.values() if other.name != table.name and name in other.column_names]
    if users and not is_generic(name):
        return 2.0 + 0.5 * says_key(name), "a column of that name is in other tables too"
    others = [other for other in catalog.values() if other.name != table.name]
    called = any(is_about(column, table.name) for other in others for column in other.column_names)
    if says_key(name):
        return 2.0 + called, "named like a key"
    return (2.0 if called else 0.0), "other tables have a column named after this table" if called else "the first column"


def _wordiness(column: pa.ChunkedArray) -> float:
    """What speaks against a text as a key: several words, great length."""
    head = column.slice(0, HEAD)
    spaces, length = pc.mean(pc.count_substring(head, " ")).as_py() or 0.0, pc.mean(pc.utf8_length(head)).as_py() or 0.0
    return 2.0 * (spaces >= 0.5) + 2.0 * (length > 40)


def _unique(rows: pa.Table, names: Sequence[str]) -> bool:
    heads = [rows.slice(0, HEAD)] if rows.num_rows > HEAD else []
    return not any(_repeats(part, names).any() for part in (*heads, rows))


def _repeats(rows: pa.Table, names: Sequence[str]) -> NDArray[np.bool_]:
    return duplicated([rows.column(name) for name in names])


def _nearly(table: Table, rows: pa.Table, candidates: Sequence[_Candidate]) -> Primary | None:
    """A key that the source keeps only nearly: the column is called so, and few rows repeat or have none."""
    known = {candidate.column for candidate in candidates}
    for name in _joinable(table, rows):
        if not _says_own_key(name, table):
            continue
        broken = int(_repeats(rows, (name,)).sum()) + rows.column(name).null_count
        if broken and broken <= (1 - NEARLY) * rows.num_rows:
            how = "repeat a key" if name in known else "repeat a key or have none"
            why = f"named like the table's key, but {broken:,} rows {how}: the twin's keys are new and hold"
            return Primary((name,), f"not declared; {why}")
    return None


def _composite(table: Table, rows: pa.Table, catalog: Mapping[str, Table]) -> Primary | None:
    """The fewest columns that together tell rows apart, of those that are named like keys or count within one."""
    parts = _parts(table, rows, catalog)
    codes = {name: codes_of([rows.column(name)])[0] for name in parts}
    for size in range(2, min(WIDEST, len(parts)) + 1):
        for names in combinations(parts, size):
            if any(parts[name] >= LINKING for name in names) and _can_tell(names, codes, rows.num_rows) and _unique(rows, names):
                ordered = tuple(name for name in table.column_names if name in names)
                return Primary(ordered, f"not declared; these columns together are unique in all {rows.num_rows:,} rows, and never null")
    return None


def _can_tell(names: Collection[str], codes: Mapping[str, NDArray[np.int64]], rows: int) -> bool:
    """Whether the columns have enough values to tell the rows apart at all, and none of them does nothing."""
    sizes = [int(codes[name].max(initial=-1)) + 1 for name in names]
    return min(sizes) > 1 and float(np.prod(np.asarray(sizes, dtype=np.float64))) >= rows


def _parts(table: Table, rows: pa.Table, catalog: Mapping[str, Table]) -> dict[str, float]:
    """Columns that may be part of a composite key, and how likely: never null; keys, what counts, dates, columns of other tables."""
    elsewhere = {name for other in catalog.values() if other.name != table.name for name in other.column_names if not is_generic(name)}
    found: dict[str, float] = {}
    for name in table.column_names:
        kind = rows.schema.field(name).type
        when = bool(pt.is_date(kind) or pt.is_timestamp(kind))
        if rows.column(name).null_count or not (when or _is_whole(kind) or is_text(table.column(name).sql_type)):
            continue
        shared = name in elsewhere and named(name) is None and not LABELS.intersection(words_of(name))
        counts = bool(COUNTING.intersection(words_of(name)[-1:]))
        likely = 2.0 * says_key(name) + LINKING * shared + 0.5 * counts + 0.5 * when
        if likely:
            found[name] = likely
    return dict(sorted(found.items(), key=lambda item: -item[1])[:PARTS])
