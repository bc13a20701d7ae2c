"""How each table of the twin gets its keys: which are new, which are taken from a parent, which are drawn and matched.

A foreign key to a protected table is a *link*: the child takes the key of a parent row, and how many children a parent has
follows the real distribution. One link, on the entity's path where there is one, *drives* the table's row count. A key whose
columns mean something by themselves (an hour, or columns shared with another key) is *drawn* like other columns, first, and
then matched to a parent's key that exists. Keys of reference tables are their public domain and are drawn as categories.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable, ResolvedTwin


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """The plan of one table. `modelled` are the columns a synthesizer draws, `leading` (drawn with all rows at hand) first,
    and of these the ones that the manifest gives shares.

    No two `links` share a column. `matched` are matched in order, each to what those before it have settled.
    """

    drive: ForeignKey | None
    links: tuple[ForeignKey, ...]
    matched: tuple[ForeignKey, ...]
    itself: tuple[ForeignKey, ...]
    new_key: str | None
    leading: tuple[str, ...]
    modelled: tuple[str, ...]
    cut: tuple[ForeignKey, ...] = ()
    """keys to tables that come later: null until those are drawn"""


def key_plans(twin: ResolvedTwin) -> dict[str, KeyPlan]:
    """The plan of every protected table, by name."""
    plans: dict[str, KeyPlan] = {}
    for table in twin.tables:
        if not table.keep_real:
            plans[table.name] = _plan(twin, table, plans)
    return plans


def _plan(twin: ResolvedTwin, table: ResolvedTable, plans: Mapping[str, KeyPlan]) -> KeyPlan:
    keys, primary = table.table.foreign_keys, table.table.primary_key
    itself = tuple(key for key in keys if key.references == table.name)
    cut = twin.cut(table.name)
    others = [key for key in keys if key.references != table.name and key not in cut]
    links = list(_links(twin, table, others, plans))
    links.sort(key=lambda key: (not _is_primary(key, primary), not _on_path(twin, key.references), keys.index(key)))
    matched = [key for key in others if key not in links and (len(key.columns) > 1 or not twin[key.references].keep_real)]
    matched.sort(key=lambda key: -len(key.columns))
    linked = _columns(links)
    drawn = _columns(key for key in others if key not in links) - linked
    own = _columns((*itself, *cut)) - drawn - linked - set(primary)
    new_key = primary[0] if len(primary) == 1 and primary[0] not in linked | drawn else None
    leading = _columns(matched) | set(primary)
    free = [name for name in table.table.column_names if name not in linked | own | set(table.made) and name != new_key]
    first = [*table.rebalance, *(name for name in free if name in leading)]
    return KeyPlan(
        drive=links[0] if links else None,
        links=tuple(links),
        matched=tuple(matched),
        itself=itself,
        new_key=new_key,
        leading=tuple(first),
        modelled=(*first, *(name for name in free if name not in first)),
        cut=cut,
    )


def _links(twin: ResolvedTwin, table: ResolvedTable, keys: Sequence[ForeignKey], plans: Mapping[str, KeyPlan]) -> Iterator[ForeignKey]:
    """The keys that take a parent's row as it is, the widest first.

    Whatever its columns mean, such is a key that is the primary key, and one that has another inside it: were the narrower one
    taken first, there might be no parent for the wider one that agrees with it.
    """
    public = _columns(key for key in keys if twin[key.references].keep_real)
    protected = [key for key in keys if not twin[key.references].keep_real]
    primary = table.table.primary_key
    taken: set[str] = set()
    for key in sorted(protected, key=lambda key: (not _is_primary(key, primary), -len(key.columns))):
        if taken.intersection(key.columns):
            continue
        meaningful = public.intersection(key.columns) or any(name in plans[key.references].modelled for name in key.references_columns)
        if not meaningful or _is_primary(key, primary) or any(set(other.columns) < set(key.columns) for other in protected):
            taken.update(key.columns)
            yield key


def _is_primary(key: ForeignKey, primary: Sequence[str]) -> bool:
    """One row at the most for each row of the parent."""
    return set(key.columns) == set(primary)


def _columns(keys: Sequence[ForeignKey] | Iterator[ForeignKey]) -> set[str]:
    return {column for key in keys for column in key.columns}


def _on_path(twin: ResolvedTwin, name: str) -> bool:
    """Whether a table is the entity's or leads to it."""
    if twin.entity is None:
        return False
    later = twin.cut(name)
    up = [key.references for key in twin[name].table.foreign_keys if key.references != name and key not in later]
    return name == twin.entity or any(_on_path(twin, parent) for parent in up)
