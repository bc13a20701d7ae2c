"""The keys that hold in the twin: what the manifest says, else what the warehouse declares, checked against its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.model import ForeignKeySpec, Manifest
from warehouse_twin.manifest.names import unknown
from warehouse_twin.manifest.positions import Positions, Steps
from warehouse_twin.warehouses.catalog import ForeignKey, Table

_TEXT = re.compile(r"(?:varchar|text|string|char|bpchar|character varying|character|nvarchar|name)(?:\s*\(\d+\))?")
_SAME = {"int": "integer", "int4": "integer", "int8": "bigint", "int2": "smallint", "timestamptz": "timestamp with time zone"}


@dataclass
class Keys:
    """Primary and foreign keys of the tables that both manifest and catalog know, and the faults found on the way."""

    manifest: Manifest
    catalog: Mapping[str, Table]
    positions: Positions
    primary: dict[str, tuple[str, ...]] = field(default_factory=dict)
    foreign: dict[str, list[tuple[Steps, ForeignKey]]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def parents(self) -> dict[str, list[str]]:
        """table → the tables it refers to, in the manifest's order."""
        return {name: [key.references for _, key in keys] for name, keys in self.foreign.items()}

    def fault(self, path: Steps, message: str) -> None:
        self.faults.append(self.positions.fault(path, message))


def keys_of(manifest: Manifest, catalog: Mapping[str, Table], positions: Positions) -> Keys:
    """All keys, resolved. Primary keys first: foreign keys refer to them."""
    keys = Keys(manifest, catalog, positions)
    names = [name for name in manifest.tables if name in catalog]
    for name in names:
        keys.primary[name] = _primary(keys, name)
    for name in names:
        specs = manifest.tables[name].foreign_keys
        found = _declared(keys, name) if specs is None else _listed(keys, name, specs)
        keys.foreign[name] = found
    return keys


def is_text(sql_type: str) -> bool:
    """Whether a column holds text of any declared length."""
    return _TEXT.fullmatch(sql_type.strip().lower()) is not None


def has_categories(sql_type: str) -> bool:
    """Whether values of a column can be categories without the manifest saying so."""
    return is_text(sql_type) or sql_type.strip().lower().split("(")[0].strip() in ("boolean", "bool", "enum")


def _primary(keys: Keys, table: str) -> tuple[str, ...]:
    listed = keys.manifest.tables[table].primary_key
    if listed is None:
        return keys.catalog[table].primary_key
    _check_columns(keys, ("tables", table, "primary_key"), table, listed)
    return listed


def _check_columns(keys: Keys, path: Steps, table: str, columns: Sequence[str]) -> bool:
    """Whether all these columns exist, each once."""
    before = len(keys.faults)
    known = keys.catalog[table].column_names
    for index, column in enumerate(columns):
        if column not in known:
            keys.fault((*path, index), f"{unknown('column', column, known)} (of {table})")
        elif column in columns[:index]:
            keys.fault((*path, index), f"column {column} stands twice in one key; wanted once")
    return len(keys.faults) == before


def _declared(keys: Keys, table: str) -> list[tuple[Steps, ForeignKey]]:
    """The warehouse's foreign keys whose parents are part of the twin."""
    path: Steps = ("tables", table, "foreign_keys")
    found = [key for key in keys.catalog[table].foreign_keys if key.references in keys.primary]
    return [(path, _in_order(keys, key)) for key in found if _check_pair(keys, path, table, key)]


def _listed(keys: Keys, table: str, specs: Sequence[ForeignKeySpec]) -> list[tuple[Steps, ForeignKey]]:
    found: list[tuple[Steps, ForeignKey]] = []
    for index, spec in enumerate(specs):
        path: Steps = ("tables", table, "foreign_keys", index)
        key = _key_of(keys, path, table, spec)
        if key is None or not _check_pair(keys, path, table, key):
            continue
        key = _named(keys, table, _in_order(keys, key))
        if any(key == other for _, other in found):
            keys.fault(path, f"this foreign key to {key.references} is listed twice; wanted once")
            continue
        found.append((path, key))
    return found


def _named(keys: Keys, table: str, key: ForeignKey) -> ForeignKey:
    """The key with the name and actions that the warehouse declares it with."""
    for other in keys.catalog[table].foreign_keys:
        if other.pairs_as(key):
            return replace(key, name=other.name, actions=other.actions)
    return key


def _key_of(keys: Keys, path: Steps, table: str, spec: ForeignKeySpec) -> ForeignKey | None:
    """A foreign key of the manifest with the parent's columns filled in; None when a name in it leads nowhere."""
    known = _check_columns(keys, (*path, "columns"), table, spec.columns)
    parent = spec.references
    if parent not in keys.primary:
        if parent in keys.catalog:
            keys.fault((*path, "references"), f"table {parent} is not part of this twin; add it to tables, or leave this foreign key out")
        elif parent not in keys.manifest.tables:  # one that is listed but not in the source has its own fault
            keys.fault((*path, "references"), unknown("table", parent, tuple(keys.manifest.tables)))
        return None
    if not keys.primary[parent]:
        keys.fault((*path, "references"), f"table {parent} has no primary key to refer to; give it primary_key: in this manifest")
        return None
    columns = spec.references_columns
    if columns is not None:
        known &= _check_columns(keys, (*path, "references_columns"), parent, columns)
    return ForeignKey(spec.columns, parent, columns or keys.primary[parent], spec.orphans == "keep") if known else None


def _check_pair(keys: Keys, path: Steps, table: str, key: ForeignKey) -> bool:
    """Whether the two sides of a foreign key fit: a key of the parent, as many columns, the same types."""
    parent, wanted = keys.catalog[key.references], keys.primary[key.references]
    if not all(column in parent.column_names for column in wanted):
        return False  # the parent's primary key has its own fault
    if set(key.references_columns) != set(wanted):
        keys.fault(
            (*path, "references_columns"),
            f"({', '.join(key.references_columns)}) is not the primary key of {parent.name}, which is "
            f"({', '.join(wanted) or 'none'}); wanted that key, or list foreign_keys: without this one",
        )
        return False
    if len(key.columns) != len(wanted):
        keys.fault(
            (*path, "columns"),
            f"got {_count(key.columns)}, but the primary key of {parent.name} has {_count(wanted)}; wanted as many, in the same order",
        )
        return False
    fits = True
    for index, (column, other) in enumerate(zip(key.columns, key.references_columns, strict=True)):
        got, want = keys.catalog[table].column(column).sql_type, parent.column(other).sql_type
        if family(got) != family(want):
            keys.fault((*path, "columns", index), f"column {column} is {got}, but {parent.name}.{other} is {want}; wanted the same type")
            fits = False
    return fits


def _count(columns: Sequence[str]) -> str:
    return f"{len(columns)} column{'s' if len(columns) != 1 else ''} ({', '.join(columns)})"


def family(sql_type: str) -> str:
    """Types that a foreign key may join, by one name: text of any length, else the exact type (as DuckDB demands)."""
    name = re.sub(r"\s+", " ", sql_type.strip().lower())
    return "text" if is_text(name) else _SAME.get(name, name)


def _in_order(keys: Keys, key: ForeignKey) -> ForeignKey:
    """The same key with its columns in the order of the parent's primary key: DuckDB takes no other."""
    wanted = keys.primary[key.references]
    pairs = dict(zip(key.references_columns, key.columns, strict=True))
    return replace(key, columns=tuple(pairs[column] for column in wanted), references_columns=wanted)
