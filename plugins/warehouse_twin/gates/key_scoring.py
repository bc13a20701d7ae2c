"""Scores of a table's keys and row count: what holds a schema together."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from warehouse_twin.gates.inputs import Part
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.columns import Ints
from warehouse_twin.metrics.comparable import key_label
from warehouse_twin.metrics.keys import child_counts, children, key_unique, match_parents, orphan_rate, orphans, row_count, unique_key
from warehouse_twin.metrics.score import Score
from warehouse_twin.relations.key_plans import key_plans

Read = Callable[[str], tuple[Part, Part]]


class Links:
    """What the twin's tables refer to: its parents, and which parent decides how many rows a child has."""

    def __init__(self, twin: ResolvedTwin, read: Callable[[str], pa.Table]) -> None:
        self.twin, self.read = twin, read
        self.plans = key_plans(twin)

    def drive(self, table: ResolvedTable) -> ForeignKey | None:
        """The key to the parent whose rows a table's rows follow from; None for root tables."""
        plan = self.plans.get(table.name)
        return None if plan is None else plan.drive


@dataclass(frozen=True, slots=True)
class Family:
    """The children of every parent over one key: of those of the training part, with the parents' entities, and of the twin's."""

    columns: tuple[str, ...]
    training: Ints
    entities: Ints
    drawn: Ints


def key_scores(
    twin: ResolvedTwin, table: ResolvedTable, rows: pa.Table, real: tuple[Part, Part], links: Links, *, read: Read, seed: int
) -> tuple[list[Score], list[Family]]:
    """Unique keys, row count, and for each foreign key orphans and children per parent, which are told too. `read` gives a table's
    real parts."""
    name = table.name
    families = []
    scores = [key_unique(name, rows, columns=table.table.primary_key)] if table.table.primary_key else []
    if not table.keep_real:
        scores += [unique_key(name, rows, columns=columns) for columns in dict.fromkeys(table.table.unique)]
        scores.append(_row_count(table, rows, real, links, read))
    for key in table.table.foreign_keys:
        label = key_label(table, key)
        parent = rows if key.references == name else links.read(key.references)
        found = match_parents(rows, parent, columns=key.columns, references=key.references_columns)
        if key.keeps_orphans:
            source = real_links(key, real, real if key.references == name else read(key.references))
            scores.append(orphan_rate(name, found, source, columns=label))
        else:
            scores.append(orphans(name, found, columns=label))
        if not table.keep_real and not twin[key.references].keep_real:
            parents = real if key.references == name else read(key.references)
            drawn = children(found, rows=len(parent))
            score, family = _child_counts(name, key, label, real, parents, drawn, seed=seed)
            scores.append(score)
            families.append(family)
    return scores, families


def real_links(key: ForeignKey, real: tuple[Part, Part], parents: tuple[Part, Part]) -> Ints:
    """The parent of every real row, whichever part those are in; parents of the training part come first."""
    child = pa.concat_tables([part.rows.select(list(key.columns)) for part in real])
    parent = pa.concat_tables([part.rows.select(list(dict.fromkeys(key.references_columns))) for part in parents])
    return match_parents(child, parent, columns=key.columns, references=key.references_columns)


def _child_counts(
    name: str, key: ForeignKey, label: tuple[str, ...], real: tuple[Part, Part], parents: tuple[Part, Part], drawn: np.ndarray, *, seed: int
) -> tuple[Score, Family]:
    """Real parents are split as their entities are, but count all their children, whichever part those are in."""
    counts = children(real_links(key, real, parents), rows=sum(len(part.rows) for part in parents))
    training = len(parents[0].rows)
    score = child_counts(
        name,
        columns=label,
        training=counts[:training],
        entities=parents[0].entities,
        synthetic=drawn,
        holdout=counts[training:] if len(counts) > training else None,
        seed=seed,
    )
    return score, Family(label, counts[:training], parents[0].entities, drawn)


def _row_count(table: ResolvedTable, rows: pa.Table, real: tuple[Part, Part], links: Links, read: Read) -> Score:
    """Root tables have the rows that were asked for; children as many a parent as in the source."""
    source = sum(len(part.rows) for part in real)
    drive = links.drive(table)
    if drive is None:
        expected = float(table.rows) if table.rows is not None else round(source * (table.factor or 1.0))
        return row_count(table.name, rows=len(rows), expected=expected)
    parents = read(drive.references)
    counts = children(real_links(drive, real, parents), rows=sum(len(part.rows) for part in parents))
    drawn = len(links.read(drive.references))
    expected = source * drawn / len(counts) if len(counts) else float(source)
    return row_count(table.name, rows=len(rows), expected=expected, error=float(counts.std()) * math.sqrt(drawn) if len(counts) else 0.0)
