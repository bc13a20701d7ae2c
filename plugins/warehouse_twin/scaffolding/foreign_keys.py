"""Foreign keys: those that the warehouse declares, and those that names, types and values speak for together.

That all values of a column are in a key proves nothing by itself: small whole numbers are in every key. So a name must speak for
whole numbers; of texts, UUIDs above all, many different values that are all in one key, and in no other, are enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse_twin.manifest.foreign_keys import family, is_text
from warehouse_twin.profiling.matching import codes_of
from warehouse_twin.scaffolding.naming import STRENGTH, Likeness, is_about, is_generic, likeness, says_key
from warehouse_twin.scaffolding.people import is_of_people
from warehouse_twin.scaffolding.primary_keys import is_joinable, is_text_like
from warehouse_twin.scaffolding.proposal import Foreign, Primary, Said
from warehouse_twin.warehouses.catalog import ForeignKey, Table

INCLUDED, INCLUDED_NAMED = 0.9, 0.5
"""Share of a column's different values, or of its rows, that must be in the parent's key; less is enough where the name leaves no doubt."""
TELLING_VALUES, TELLING_LENGTH = 5, 3.0
"""Different texts, and characters a text, from which on being in a key says something without a name."""


@dataclass(frozen=True, slots=True)
class Known:
    """All tables: as declared, their rows, and their primary keys."""

    catalog: Mapping[str, Table]
    rows: Mapping[str, pa.Table]
    primary: Mapping[str, Primary]
    said: Mapping[str, Said] = field(default_factory=dict)

    def parents(self, size: int | None = None) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Tables with a primary key (of `size` columns)."""
        for name, primary in self.primary.items():
            if primary.columns and (size is None or len(primary.columns) == size):
                yield name, primary.columns


@dataclass(frozen=True, slots=True)
class _Match:
    """How well a column, or several, fit a parent's key."""

    key: ForeignKey
    values: int
    found: int
    rows: int
    orphans: int
    alike: Likeness | None

    @property
    def share(self) -> float:
        return max(self.found / self.values, 1 - self.orphans / self.rows) if self.values else 1.0

    @property
    def strength(self) -> float:
        return (STRENGTH[self.alike] if self.alike else 0) + self.share + len(self.key.columns)


def declared_keys(table: Table, known: Known) -> tuple[list[Foreign], list[str]]:
    """The warehouse's foreign keys that a manifest can have, and a word for each that it cannot."""
    kept: list[Foreign] = []
    notes: list[str] = []
    for key in table.foreign_keys:
        why = cannot_be(key, table, known)
        if why is None:
            kept.append(Foreign(key, "declared", declared=True, strength=100.0))
        else:
            notes.append(f"the declared foreign key ({', '.join(key.columns)}) to {key.references} is left out: {why}")
    return kept, notes


def cannot_be(key: ForeignKey, table: Table, known: Known) -> str | None:
    """Why a manifest cannot have a foreign key that somebody declared."""
    if key.references not in known.primary:
        return "that table is not part of this twin"
    if set(known.primary[key.references].columns) != set(key.references_columns):
        return f"it refers to ({', '.join(key.references_columns)}), which is not that table's primary key"
    return None if _same_types(key, table, known.catalog[key.references]) else "the two sides have different types"


def find_keys(table: Table, known: Known, declared: Sequence[Foreign]) -> list[Foreign]:
    """The declared keys and those found, the wider ones first; one for a column or a set of columns."""
    found = list(declared)
    for match in [*_composite(table, known), *_single(table, known)]:
        covered = any(_says_the_same(match.key, other, known) for other in found)
        if not covered and not any(other.key.columns == match.key.columns for other in found):
            found.append(Foreign(match.key, _why(match), strength=match.strength))
    return found


def _says_the_same(key: ForeignKey, other: Foreign, known: Known) -> bool:
    """Whether another key leads to the same row: a wider one through the parent's own key, as (order, line) does to the order."""
    if other.key.references == key.references and set(key.columns) <= set(other.key.columns):
        return True
    if not set(key.columns) < set(other.key.columns):
        return False
    across = dict(zip(other.key.columns, other.key.references_columns, strict=True))
    columns = tuple(across[name] for name in key.columns)
    parent = known.catalog[other.key.references]
    onward = [*parent.foreign_keys, *(match.key for match in _best(parent, columns[0], known) if len(columns) == 1)]
    return any(further.columns == columns and further.references == key.references for further in onward)


# ── one column ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _single(table: Table, known: Known) -> Iterator[_Match]:
    for column in table.column_names:
        if is_joinable(known.rows[table.name].schema.field(column).type):
            yield from _best(table, column, known)


def _best(table: Table, column: str, known: Known) -> list[_Match]:
    """The parent that a column leads to most likely, if any."""
    matches: list[_Match] = []
    people = [name for name, _ in known.parents(1) if is_of_people(name)]
    for parent, (key,) in known.parents(1):
        own = parent == table.name
        if (own and column == key) or family(table.column(column).sql_type) != family(known.catalog[parent].column(key).sql_type):
            continue
        alike = likeness(column, parent, key, own=own)
        if alike is None and not own and people == [parent] and is_of_people(column):
            alike = "named as people"
        if alike is None and (own or not is_text(table.column(column).sql_type)):
            continue
        match = _matched(ForeignKey((column,), parent, (key,)), table.name, known, alike)
        if _convinces(match, known.rows[table.name].column(column)) and not _leads_back(match, table, known):
            matches.append(match)
    if len([match for match in matches if match.alike is None]) > 1:  # in several keys: in none of them for a reason
        matches = [match for match in matches if match.alike is not None]
    matches.sort(key=lambda match: (-match.strength, -known.rows[match.key.references].num_rows, match.key.references))
    return matches[:1]


def _convinces(match: _Match, column: pa.ChunkedArray) -> bool:
    if match.values == 0:  # nothing to test
        return match.alike == "named after the table" and says_key(match.key.columns[0])
    if match.alike is not None:
        plain = match.alike == "same name" or (match.alike == "named after the table" and says_key(match.key.columns[0]))
        return match.share >= (INCLUDED_NAMED if plain else INCLUDED) and match.found > 0
    if match.values < TELLING_VALUES or match.share < INCLUDED or not is_text_like(column.type):
        return False
    plain = column.drop_null().slice(0, 10_000)
    numbers = pc.mean(pc.match_substring_regex(plain, r"^[0-9 .,+-]*$")).as_py()
    return bool(pc.mean(pc.utf8_length(plain)).as_py() >= TELLING_LENGTH and numbers < 0.5)


def _leads_back(match: _Match, table: Table, known: Known) -> bool:
    """Two tables with the same key: the one that is named after it is the parent, else the larger one, else the first by name."""
    parent, own = match.key.references, known.primary[table.name].columns
    if own != match.key.columns or parent == table.name:
        return False
    (key,) = match.key.references_columns
    here, there = is_about(own[0], table.name), is_about(key, parent)
    if here != there:
        return here
    mine, theirs = known.rows[table.name].num_rows, known.rows[parent].num_rows
    return (-mine, len(table.name), table.name) < (-theirs, len(parent), parent)


# ── several columns ──────────────────────────────────────────────────────────────────────────────────────────────────


def _composite(table: Table, known: Known) -> Iterator[_Match]:
    for parent, columns in known.parents():
        if len(columns) < 2 or parent == table.name:
            continue
        mine = _counterparts(table, known.catalog[parent], columns)
        if mine is None or (set(mine) == set(known.primary[table.name].columns) and not _smaller(table, parent, known)):
            continue
        match = _matched(ForeignKey(mine, parent, columns), table.name, known, "same name")
        if match.values and match.share >= INCLUDED:
            yield match


def _smaller(table: Table, parent: str, known: Known) -> bool:
    mine, theirs = known.rows[table.name].num_rows, known.rows[parent].num_rows
    return (mine, -len(table.name)) < (theirs, -len(parent))


def _counterparts(table: Table, parent: Table, columns: Sequence[str]) -> tuple[str, ...] | None:
    """The columns of a table that are called as a parent's key is, of the same types."""
    by_name = {name.casefold(): name for name in table.column_names}
    mine = tuple(by_name.get(column.casefold(), "") for column in columns)
    if "" in mine:
        return None
    same = all(
        family(table.column(name).sql_type) == family(parent.column(column).sql_type) for name, column in zip(mine, columns, strict=True)
    )
    return mine if same and not all(is_generic(name) for name in mine) else None


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _matched(key: ForeignKey, table: str, known: Known, alike: Likeness | None) -> _Match:
    """How many of the different values are in the parent's key, and how many rows have one that is not."""
    child, parent = codes_of(
        [known.rows[table].column(name) for name in key.columns],
        [known.rows[key.references].column(name) for name in key.references_columns],
    )
    filled = child[child >= 0]
    there = np.zeros(int(max(child.max(initial=-1), parent.max(initial=-1))) + 1, dtype=bool)
    there[parent[parent >= 0]] = True
    values = np.unique(filled)
    return _Match(key, len(values), int(there[values].sum()), len(filled), int((~there[filled]).sum()), alike)


def _why(match: _Match) -> str:
    """What speaks for a key, in words and counts."""
    parent = match.key.references
    named = {
        None: "no name speaks for it, but texts that are all in one key and in no other do",
        "named after the table": f"named after {parent}",
        "named as a parent": "named as a row's parent",
        "named as people": f"named as people, and {parent} is the only table of people",
    }.get(match.alike, match.alike)
    if not match.values:
        return f"not declared; {named}; there are no values to test it on"
    if len(match.key.columns) > 1:
        named = "the columns have the names of that key"
    all_in = f"all {match.values:,} values are" if match.values > 1 else "its one value is"
    found = all_in if match.found == match.values else f"{match.found:,} of {match.values:,} values are"
    broken = f" ({match.orphans:,} row{'s lead' if match.orphans > 1 else ' leads'} nowhere: repaired in the twin)" if match.orphans else ""
    return f"not declared; {named}, and {found} in that key{broken}"


def _same_types(key: ForeignKey, table: Table, parent: Table) -> bool:
    pairs = zip(key.columns, key.references_columns, strict=True)
    return all(family(table.column(mine).sql_type) == family(parent.column(theirs).sql_type) for mine, theirs in pairs)


def without(foreign: Sequence[Foreign], key: ForeignKey) -> list[Foreign]:
    """The keys but for one."""
    return [item for item in foreign if item.key != key]


def orphans_of(key: ForeignKey, table: str, known: Known) -> int:
    """Rows whose foreign key leads nowhere."""
    return _matched(replace(key), table, known, None).orphans
