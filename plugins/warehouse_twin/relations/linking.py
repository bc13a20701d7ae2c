"""Links: for each row the parent's row that a key leads to, the driving one first, which decides how many rows there are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.randomness import derive_seed, permutation
from warehouse_twin.relations.blueprints import Blueprint, Ints, free_column, require_rows
from warehouse_twin.relations.counting import add_rows, draw_counts, drop_rows, links_of, scaled_to
from warehouse_twin.relations.training import CHILDREN

TOLERANCE = 0.05
"""By what share the number of a table's rows may be off before the counts of children are corrected."""


def draw_links(blueprint: Blueprint, parents: Mapping[str, pa.Table], *, seed: int) -> dict[ForeignKey, Ints]:
    """For each link the parent row of every row, -1 for null; the driving one first, which also sets the number of rows."""
    links: dict[ForeignKey, Ints] = {}
    rows = 0
    for key in blueprint.plan.links:
        parent = parents[key.references]
        stream = f"{blueprint.table.name}/{'+'.join(key.columns)}"
        if not links:
            links[key] = _driving(blueprint, key, parent, seed=seed, stream=stream)
            rows = len(links[key])
            continue
        nulls = blueprint.nulls(key) if parent.num_rows or not free_column(blueprint.table, key) else 1.0
        filled = rows - round(rows * nulls)
        require_rows(blueprint, key, parent, filled)
        evidence = blueprint.profile.key(key.columns, key.references)
        counts = draw_counts(evidence.children, parent.num_rows, seed=seed, stream=f"{stream}/counts")
        order = permutation(parent.num_rows, seed=seed, stream=f"{stream}/ties")
        wanted = np.zeros_like(counts)
        wanted[order] = scaled_to(counts[order], filled)
        drawn = links_of(wanted, seed=seed, stream=f"{stream}/links")
        link = np.concatenate([drawn, np.full(rows - filled, -1, dtype=np.int64)])
        links[key] = link[permutation(rows, seed=seed, stream=f"{stream}/nulls")] if filled < rows else link
    return links


def _driving(blueprint: Blueprint, key: ForeignKey, parent: pa.Table, *, seed: int, stream: str) -> Ints:
    """Each parent row as often as it has children, and then the rows without a parent."""
    evidence, nulls = blueprint.profile.key(key.columns, key.references), blueprint.nulls(key)
    if blueprint.children is not None:
        given = parent.select(list(blueprint.context))
        drawn = blueprint.children.sample(parent.num_rows, seed=derive_seed(seed, stream), context=given).column(CHILDREN)
        counts = np.maximum(drawn.to_numpy().astype(np.int64), 0)
    else:
        counts = draw_counts(evidence.children, parent.num_rows, seed=seed, stream=f"{stream}/counts")
    found = int(counts.sum())
    expected = _expected(blueprint, parent.num_rows, nulls, default=found)
    if found < (1 - TOLERANCE) * expected:
        counts = add_rows(counts, expected - found, seed=seed, stream=f"{stream}/more")
    elif found > (1 + TOLERANCE) * expected:
        counts = drop_rows(counts, found - expected, seed=seed, stream=f"{stream}/fewer")
    if set(key.columns) == set(blueprint.table.table.primary_key):
        counts = np.minimum(counts, 1)
    linked = np.repeat(np.arange(parent.num_rows, dtype=np.int64), counts)
    alone = round(len(linked) * nulls / (1 - nulls)) if nulls < 1 else blueprint.source_rows
    return np.concatenate([linked, np.full(alone, -1, dtype=np.int64)])


def _expected(blueprint: Blueprint, parents: int, nulls: float, *, default: int) -> int:
    """Rows with a parent, in proportion to the source's.

    Counts fall short of it where few parents have most of the children, which is protected, and by the orphans of a key that
    may not be null, as in the twin they have parents; and in small tables by chance.
    """
    if not blueprint.parent_rows:
        return default
    return round(blueprint.source_rows * (1 - nulls) * parents / blueprint.parent_rows)
