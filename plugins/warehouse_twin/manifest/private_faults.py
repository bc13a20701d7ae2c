"""Why a manifest's promise of privacy cannot be kept as it stands: each reason at its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.foreign_keys import Keys
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.names import unknown
from warehouse_twin.manifest.positions import Positions, Steps
from warehouse_twin.manifest.resolved import ResolvedPrivacy
from warehouse_twin.manifest.traits import Traits


def resolved_privacy(manifest: Manifest) -> ResolvedPrivacy | None:
    """What the manifest promises, its budget that of one measurement unless it says otherwise."""
    asked = manifest.privacy
    if asked is None:
        return None
    budget = (asked.budget.epsilon, asked.budget.delta) if asked.budget is not None else (asked.epsilon, asked.delta)
    anew = "" if asked.measure_anew is None else str(asked.measure_anew)
    return ResolvedPrivacy(asked.epsilon, asked.delta, asked.rows_per_entity, budget, asked.measure, anew)


def private_faults(positions: Positions, manifest: Manifest, known: Mapping[str, Traits], keys: Keys) -> Iterator[Fault]:
    """Faults of `privacy`, and of what a private synthesizer cannot draw."""
    name = manifest.synthesizer.name
    private = name in known and known[name].private
    if not private:
        keepers = ", ".join(other for other, traits in known.items() if traits.private)
        if manifest.privacy is not None and name in known:
            message = f"{name} promises nothing; wanted {keepers} as the twin's synthesizer, or no privacy"
            yield positions.fault(("privacy",), message, at_key=True)
        return
    if manifest.privacy is None:
        message = f"{name} keeps a promise that has no default; wanted privacy: with epsilon and delta"
        yield positions.fault(("synthesizer",), message)
        return
    asked = manifest.privacy
    if asked.budget is not None and (asked.budget.epsilon < asked.epsilon or asked.budget.delta < asked.delta):
        yield positions.fault(
            ("privacy", "budget"), f"less than one measurement costs ({asked.epsilon:g}, {asked.delta:g}); wanted as much"
        )
    yield from _count_faults(positions, manifest, keys)
    for table in manifest.protected:
        if table in keys.primary:
            yield from _key_faults(positions, name, table, manifest, keys)


def _count_faults(positions: Positions, manifest: Manifest, keys: Keys) -> Iterator[Fault]:
    """Tables below the entity's need a bound each, and no other does."""
    assert manifest.privacy is not None
    given, below = manifest.privacy.rows_per_entity, _below(manifest, keys)
    for table in given:
        path: Steps = ("privacy", "rows_per_entity", table)
        if table not in manifest.tables:
            yield positions.fault(path, unknown("table", table, tuple(manifest.tables)), at_key=True)
        elif table not in below:
            message = f"a row of {table} is an entity of its own; wanted tables below the entity's: {', '.join(sorted(below)) or 'none'}"
            yield positions.fault(path, message, at_key=True)
    for table in sorted(below - set(given)):
        message = f"rows_per_entity has no number for {table}; wanted the most rows of one {manifest.entity} that shall be counted"
        yield positions.fault(("privacy",), message, at_key=True)


def _below(manifest: Manifest, keys: Keys) -> set[str]:
    """The protected tables whose rows are of the entity by their keys, but the entity's own."""
    found = {manifest.entity} if manifest.entity is not None else set()
    again = bool(found)
    while again:
        more = {table for table in manifest.protected if any(key.references in found for _, key in keys.foreign.get(table, ()))}
        again = bool(more - found)
        found |= more
    return {table for table in found if table is not None and table != manifest.entity}


def _key_faults(positions: Positions, synthesizer: str, table: str, manifest: Manifest, keys: Keys) -> Iterator[Fault]:
    for path, key in keys.foreign[table]:
        reason = ""
        if key.keeps_orphans:
            reason = "every key leads to a parent; remove orphans: keep"
        elif len(key.columns) > 1 and manifest.tables[key.references].keep is not None:
            reason = (
                f"{key.references} is kept and the key to it has {len(key.columns)} columns; wanted one, or keep no rows of it"
            )
        elif key.references != table and _comes_back(key.references, table, keys):
            reason = f"{key.references} refers back to {table}, and a table is drawn after those that it refers to"
        if reason:
            where: Steps = path if path in positions.values else ("tables", table)
            yield positions.fault(where, f"{synthesizer} cannot draw this schema: {reason}")


def _comes_back(start: str, goal: str, keys: Keys, seen: frozenset[str] = frozenset()) -> bool:
    if start == goal:
        return True
    onwards = {key.references for _, key in keys.foreign.get(start, ())} - seen - {start}
    return any(_comes_back(name, goal, keys, seen | {start}) for name in onwards)
