"""Why a schema is none that a synthesizer of whole schemas takes: each reason at its place in the manifest.

What is said of tables holds for all of them, what is said of keys for SDV's HMA; `private_faults` says it for `marginal`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.foreign_keys import Keys
from warehouse_twin.manifest.model import Manifest, TableSpec
from warehouse_twin.manifest.positions import Positions, Steps
from warehouse_twin.manifest.traits import Traits

MOST_TABLES = 5


def schema_faults(positions: Positions, manifest: Manifest, known: Mapping[str, Traits], keys: Keys) -> Iterator[Fault]:
    """Nothing where no table is drawn with the whole schema."""
    by_schema = {name for name, traits in known.items() if traits.draws == "schema"}
    names = [name for name in manifest.protected if name in keys.primary]
    drawn = {name: manifest.synthesizer_of(name).name for name in names}
    for name in names:
        for index, challenger in enumerate(manifest.tables[name].challengers):
            if challenger.name in by_schema:
                message = f"{challenger.name} draws all tables at once and challenges none; wanted it as the twin's synthesizer"
                yield positions.fault(("tables", name, "challengers", index), message)
    whole = next((synthesizer for synthesizer in drawn.values() if synthesizer in by_schema), None)
    if whole is None:
        return
    for name, synthesizer in drawn.items():
        if synthesizer != whole:
            message = f"{whole} draws all tables at once; wanted it as the twin's synthesizer, and no other for any table"
            yield positions.fault(("tables", name, "synthesizer"), message)
    for name in names:
        yield from _table_faults(positions, whole, name, manifest.tables[name], sized=known[whole].private)
    if known[whole].private:
        return
    if len(names) > MOST_TABLES:
        message = f"{whole} takes at most {MOST_TABLES} tables, and {len(names)} are synthesized; keep some real, or use tree"
        yield positions.fault(("synthesizer",), message)
    for name in names:
        yield from _key_faults(positions, whole, name, manifest, keys)
    if lonely := sorted(set(names[1:]) - _connected(names, keys)):
        message = f"{whole} takes tables that are connected by keys, and {', '.join(lonely)} are not connected with {names[0]}"
        yield positions.fault(("synthesizer",), message)


def _table_faults(positions: Positions, whole: str, name: str, spec: TableSpec, *, sized: bool) -> Iterator[Fault]:
    for word in ("order_by", "validity", "rebalance", "choose", *(() if sized else ("rows", "factor"))):
        if (spec.shares if word == "rebalance" else getattr(spec, word)) not in (None, {}):
            yield positions.fault(("tables", name, word), f"{whole} draws the schema as it is; remove {word}, or use tree", at_key=True)


def _key_faults(positions: Positions, whole: str, name: str, manifest: Manifest, keys: Keys) -> Iterator[Fault]:
    primary = keys.primary[name]
    if len(primary) > 1:
        message = f"{whole} takes primary keys of one column, and that of {name} has {len(primary)}; use tree"
        yield positions.fault(("tables", name, "primary_key"), message)
    for path, key in keys.foreign[name]:
        if key.references not in keys.primary or manifest.tables[key.references].keep is not None:
            continue
        above = [other.references for _, other in keys.foreign[key.references] if manifest.tables[other.references].keep is None]
        reason = ""
        if key.references == name:
            reason = f"{name} refers to itself"
        elif above:
            reason = f"{name} refers to {key.references}, which refers to {above[0]}: it takes parents and children, no grandchildren"
        elif len(key.columns) > 1:
            reason = f"the key has {len(key.columns)} columns, wanted one"
        elif set(key.columns) & set(primary):
            reason = f"column {key.columns[0]} is part of the primary key too"
        elif key.keeps_orphans:
            reason = "every key leads to a parent; remove orphans: keep"
        if reason:
            where: Steps = path if path in positions.values else ("tables", name)
            yield positions.fault(where, f"{whole} cannot draw this schema: {reason}")


def _connected(names: list[str], keys: Keys) -> set[str]:
    """The tables that keys lead to or from, beginning with the first."""
    found, again = {*names[:1]}, True
    while again:
        more = {name for name in names for _, key in keys.foreign[name] if key.references in found}
        more |= {key.references for name in found for _, key in keys.foreign[name] if key.references in names}
        again = bool(more - found)
        found |= more
    return found
