"""Circles of foreign keys, cut where a key can be filled last."""

from __future__ import annotations

from dataclasses import replace

from warehouse_twin.manifest.foreign_keys import Keys
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.ordering import cut
from warehouse_twin.warehouses.catalog import ForeignKey, Table


def without_circles(keys: Keys, manifest: Manifest) -> tuple[dict[str, list[str]], list[tuple[str, ...]]]:
    """table → the tables that come before it, and the circles that cannot be cut.

    A circle is cut at keys that may be null, or of tables that are kept as they are: first at the entity's, whose rows are their
    own whatever they refer to.
    """
    edges: dict[tuple[str, str], int] = {}
    for place, name in enumerate(keys.foreign):
        foreign = tuple(key for _, key in keys.foreign[name])
        table = replace(keys.catalog[name], primary_key=keys.primary[name], foreign_keys=foreign)
        stiff = {key.references for key in foreign if manifest.tables[name].keep is None and not _can_wait(table, key)}
        first = -1 if name == manifest.entity else place
        edges |= {(name, key.references): first for key in foreign if key.references not in stiff}
    return cut(keys.parents, edges)


def _can_wait(table: Table, key: ForeignKey) -> bool:
    """Whether a key may be left out at first: it has columns of its own, and all of them may be null."""
    own = table.own_columns(key)
    return bool(own) and all(name in table.column_names and table.column(name).nullable for name in own)
