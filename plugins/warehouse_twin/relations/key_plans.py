"""How each table of the twin gets its keys: which are new, which are taken from a parent, which are drawn and matched.

A foreign key to a protected table is a *link*: the child takes the key of a parent row, and how many children a parent has
follows the real distribution. One link, on the entity's path where there is one, *drives* the table's row count. A key whose
columns mean something by themselves (an hour, or columns shared with another key) is *drawn* like other columns, first, and
then matched to a parent's key that exists. Keys of reference tables are their public domain and are drawn as categories.
"""

from __future__ import annotations

from dataclasses import dataclass

from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable, ResolvedTwin


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """The plan of one table. `modelled` are the columns a synthesizer draws, `leading` (drawn with all rows at hand) first."""

    drive: ForeignKey | None
    links: tuple[ForeignKey, ...]
    matched: tuple[ForeignKey, ...]
    itself: tuple[ForeignKey, ...]
    new_key: str | None
    leading: tuple[str, ...]
    modelled: tuple[str, ...]


def key_plans(twin: ResolvedTwin) -> dict[str, KeyPlan]:
    """The plan of every protected table, by name."""
    plans: dict[str, KeyPlan] = {}
    for table in twin.tables:
        if not table.keep_real:
            plans[table.name] = _plan(twin, table, plans)
    return plans


def _plan(twin: ResolvedTwin, table: ResolvedTable, plans: dict[str, KeyPlan]) -> KeyPlan:
    keys = table.table.foreign_keys
    itself = tuple(key for key in keys if key.references == table.name)
    others = tuple(key for key in keys if key.references != table.name)
    drawn = {column for key in others if twin[key.references].keep_real for column in key.columns}
    links: list[ForeignKey] = []
    matched: list[ForeignKey] = [key for key in others if twin[key.references].keep_real and len(key.columns) > 1]
    for key in others:
        if twin[key.references].keep_real:
            continue
        parent = plans[key.references]
        meaningful = any(column in parent.modelled for column in key.references_columns)
        if meaningful or any(column in drawn for column in key.columns):
            matched.append(key)
            drawn.update(key.columns)
        else:
            links.append(key)
    links.sort(key=lambda key: (not _on_path(twin, key.references), keys.index(key)))
    assigned = {column for key in (*links, *itself) for column in key.columns}
    primary = table.table.primary_key
    new_key = primary[0] if len(primary) == 1 and primary[0] not in assigned | drawn else None
    leading = {column for key in matched for column in key.columns}
    if len(primary) > 1:
        leading |= set(primary)
    free = [name for name in table.table.column_names if name not in assigned and name != new_key]
    first = [name for name in free if name in leading]
    return KeyPlan(
        drive=links[0] if links else None,
        links=tuple(links),
        matched=tuple(matched),
        itself=itself,
        new_key=new_key,
        leading=tuple(first),
        modelled=(*first, *(name for name in free if name not in leading)),
    )


def _on_path(twin: ResolvedTwin, name: str) -> bool:
    """Whether a table is the entity's or leads to it."""
    if twin.entity is None:
        return False
    return name == twin.entity or any(
        key.references != name and _on_path(twin, key.references) for key in twin[name].table.foreign_keys
    )
