"""Keys of a table to itself, drawn: a hierarchy as learned, or inside groups whatever row came before.

Rows that have a driving parent are given their places in the hierarchy so that as many as in the source have it in common with the
row above them; where all have, the hierarchy is drawn inside each family.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.profiling.matching import codes_of, columns_of
from warehouse_twin.randomness import permutation, uniforms
from warehouse_twin.relations.blueprints import Blueprint, Ints, taken
from warehouse_twin.relations.contexts import key_label
from warehouse_twin.relations.hierarchies import Hierarchy, fallback, levels_of

Floats = NDArray[np.float64]


def to_itself(blueprint: Blueprint, key: ForeignKey, frame: pa.Table, *, seed: int) -> pa.Table:
    """The frame with the key's columns: links to other rows of it, so that no row is its own ancestor; where null may not be, rows
    with nobody above them link to themselves. Columns that are settled already (those of a primary key that spans groups) agree
    with the other row's.
    """
    settled = [column for column in key.columns if column in frame.column_names]
    if len(settled) == len(key.columns):
        return frame
    stream = f"{blueprint.table.name}/{'+'.join(key.columns)}"
    required = blueprint.table.table.clearable(key) is None
    hierarchy = blueprint.links.hierarchies.get(key_label(key))
    drive = blueprint.plan.drive
    if settled or (hierarchy is not None and drive is not None and hierarchy.together == 1):
        groups = settled or list(drive.columns if drive is not None else ())
        link = _in_groups(blueprint, key, frame, groups, required=required, seed=seed, stream=stream)
    else:
        link = _whole(blueprint, key, hierarchy, frame, seed=seed, stream=stream)
        link = np.where(link < 0, np.arange(frame.num_rows), link) if required else link
    for column, values in taken(blueprint.table, frame, key, link).items():
        if column not in settled:
            frame = frame.append_column(column, values)
    return frame


def _whole(blueprint: Blueprint, key: ForeignKey, hierarchy: Hierarchy | None, frame: pa.Table, *, seed: int, stream: str) -> Ints:
    """Who is above whom in the whole table, -1 for nobody: rows in their order, or any where they stand family by family."""
    if hierarchy is None:
        hierarchy = fallback(blueprint.nulls(key), blueprint.profile.key(key.columns, key.references).children)
    rows = frame.num_rows
    link = hierarchy.draw(rows, seed=seed, stream=stream)
    if blueprint.plan.drive is None:
        return link
    (families,) = codes_of(columns_of(frame, blueprint.plan.drive.columns))
    order, moved = seated(link, families, hierarchy.together, seed=seed, stream=f"{stream}/order"), np.full(rows, -1, dtype=np.int64)
    moved[order] = np.where(link < 0, -1, order[np.maximum(link, 0)])
    return moved


def seated(link: Ints, families: Ints, together: float, *, seed: int, stream: str) -> Ints:
    """The row that takes each place of a hierarchy, level by level: with probability `together` one of the family of the row that
    has the place above (`families` are those of the rows, -1 for none), else one of a family that has room for all who will then
    want to be in it.
    """
    order = permutation(len(link), seed=seed, stream=stream)
    if not together:
        return order
    above = np.where(link == np.arange(len(link)), -1, link)
    levels = levels_of(above, above < 0)
    wants = uniforms(np.arange(len(link), dtype=np.int64), seed=seed, stream=f"{stream}/together") < together
    mass, row = _masses(above, levels, together), np.full(len(link), -1, dtype=np.int64)
    free, kin = np.ones(len(link), dtype=bool), order[np.argsort(families[order], kind="stable")]

    def take(places: Ints, asked: Ints) -> None:
        row[places] = _of_families(asked, families, kin[free[kin]])
        free[row[places[row[places] >= 0]]] = False

    for level in range(int(levels.max(initial=-1)) + 1):
        places = order[levels[order] == level]
        theirs = np.where(above[places] >= 0, families[row[np.maximum(above[places], 0)]], -1)
        asking = wants[places] & (theirs >= 0)
        take(places[asking], theirs[asking])
        there = places[row[places] >= 0]
        claimed = np.bincount(families[row[there]] + 1, weights=mass[there] - 1, minlength=int(families.max()) + 2)
        room = np.bincount(families[free] + 1, minlength=len(claimed)) - claimed
        rest = places[row[places] < 0]
        take(rest, _spread(mass[rest], np.maximum(room, 0.0)) - 1)
        rest = rest[row[rest] < 0]
        row[rest] = order[free[order]][: len(rest)]
        free[row[rest]] = False
    return row


def _masses(above: Ints, levels: Ints, together: float) -> Floats:
    """How many places, the own one counted, a row's family is expected to take by way of each place."""
    mass = np.ones(len(above))
    for level in range(int(levels.max(initial=0)), 0, -1):
        places = np.flatnonzero((levels == level) & (above >= 0))
        mass += together * np.bincount(above[places], weights=mass[places], minlength=len(mass))
    return mass


def _spread(mass: Floats, room: Floats) -> Ints:
    """A group for each place, of each as many places by their mass as it has room, evenly spread."""
    ends = np.cumsum(room)
    if not len(mass) or not ends[-1]:
        return np.zeros(len(mass), dtype=np.int64)
    middles = (np.cumsum(mass) - mass / 2) / mass.sum() * ends[-1]
    groups: Ints = np.minimum(np.searchsorted(ends, middles, side="right"), len(room) - 1).astype(np.int64)
    return groups


def _of_families(asked: Ints, families: Ints, rows: Ints) -> Ints:
    """One of `rows`, which stand family by family, for each family that is asked for; -1 where none is left."""
    found = np.full(len(asked), -1, dtype=np.int64)
    order = np.argsort(asked, kind="stable")
    ordered, theirs = asked[order], families[rows]
    place = np.searchsorted(theirs, ordered) + np.arange(len(asked)) - np.searchsorted(ordered, ordered)
    met = place < np.searchsorted(theirs, ordered, side="right")
    found[order[met]] = rows[place[met]]
    return found


def _in_groups(
    blueprint: Blueprint, key: ForeignKey, frame: pa.Table, settled: Sequence[str], *, required: bool, seed: int, stream: str
) -> Ints:
    """For each row an earlier one of its group, by the columns that are settled; -1 for none."""
    counters = np.arange(frame.num_rows, dtype=np.int64)
    (groups,) = codes_of(columns_of(frame, settled))
    order = np.argsort(groups, kind="stable")
    first = np.searchsorted(groups[order], groups)  # where a row's group begins in `order`
    place = np.empty(frame.num_rows, dtype=np.int64)
    place[order] = counters
    earlier = place - first
    target = order[first + (uniforms(counters, seed=seed, stream=stream) * earlier).astype(np.int64)]
    first_ones = float((earlier == 0).mean()) if len(earlier) else 0.0
    more = (blueprint.nulls(key) - first_ones) / max(1 - first_ones, 1e-9)  # nobody can be above the first of a group
    lonely = (earlier == 0) | (uniforms(counters, seed=seed, stream=f"{stream}/nulls") < more)
    return np.where(earlier == 0, counters, target) if required else np.where(lonely, -1, target)
