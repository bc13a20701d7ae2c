"""What a gate needs of earlier releases to attack as who kept them would: their rows, and who was in the source when they were made.

Who that was is kept in the secure zone, as keyed hashes without any value; it goes when its release does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.columns import Ints
from warehouse_twin.metrics.comparable import record_columns, text_columns
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT
from warehouse_twin.relations.entities import Membership
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.earlier import EarlierRelease, releases_before
from warehouse_twin.workspace import Workspace, new_folder

FOLDER = "present"
TOGETHER = 3
"""Earlier releases that are looked at, the newest ones."""
FEWEST = 100
"""Entities that came since, learned from and held out: with fewer nothing could be told."""


def remember(context: StageContext, members: Mapping[str, Membership]) -> None:
    """Keep the entities of each table's rows, for gates of later releases."""
    with new_folder(_folder(context.workspace, context.twin, context.release)) as folder:
        for name, member in members.items():
            np.save(folder / f"{name}.npy", np.unique(member.entity))


def forgotten(workspace: Workspace, twin: str, kept: Sequence[int]) -> Iterator[Path]:
    """What is remembered of releases that nobody compares with any more."""
    names = {str(number) for number in kept}
    yield from (path for path in _folder(workspace, twin, 0).parent.glob("*") if path.name not in names)


def parameters(context: StageContext) -> Mapping[str, Any]:
    """What goes into the gate's key: nothing for a first release."""
    found = [release.key for release in releases_before(context, most=TOGETHER)]
    return {"kept": found} if found else {}


@dataclass(frozen=True)
class Kept:
    """The releases that an attacker kept, the newest first."""

    context: StageContext
    releases: Sequence[EarlierRelease]

    @classmethod
    def of(cls, context: StageContext) -> Kept:
        return cls(context, releases_before(context, most=TOGETHER))

    def marked(self, resolved: ResolvedTwin) -> ResolvedTwin:
        """The twin with the tables that these releases can be held against, so that a score that is missing is missed."""
        if not self.releases:
            return resolved
        same = [name for name in resolved.drawn_before if _alike(resolved, name, self.releases[0])]
        return replace(resolved, released_before=tuple(same), grown=tuple(name for name in same if self._came(name)))

    def rows(self, resolved: ResolvedTwin, name: str) -> list[pa.Table]:
        """A table's rows in each, up to one that had other columns."""
        return [release.rows(name) for release in takewhile(lambda release: _alike(resolved, name, release), self.releases)]

    def present(self, name: str) -> Ints:
        """The entities of a table's rows when the newest was made; none where that was not kept."""
        known = self._known(name)
        return np.zeros(0, dtype=np.int64) if known is None else known

    def _known(self, name: str) -> Ints | None:
        path = _folder(self.context.workspace, self.context.twin, self.releases[0].number) / f"{name}.npy"
        return np.load(path) if path.exists() else None

    def _came(self, name: str) -> bool:
        """Whether enough entities came to a table since, on either side."""
        known = self._known(name)
        if known is None:
            return False
        rows = pq.read_table(self.context.snapshot / f"{name}.parquet", columns=[ENTITY, HOLDOUT])
        entities, held = (rows.column(column).to_numpy() for column in (ENTITY, HOLDOUT))
        return all(len(np.setdiff1d(entities[side], known)) >= FEWEST for side in (held, ~held))


def _folder(workspace: Workspace, twin: str, release: int) -> Path:
    return workspace.output("secure", twin, FOLDER, str(release))


def _alike(resolved: ResolvedTwin, name: str, release: EarlierRelease) -> bool:
    """Whether a release has the table, drawn, with the columns that it is attacked by."""
    was = {table.name: table for table in release.resolved.protected}.get(name)
    if was is None:
        return False
    now = resolved[name]
    asked = {*record_columns(resolved, now), *text_columns(resolved, now)}
    return {(column, _kind(now, column)) for column in asked} <= {(column, _kind(was, column)) for column in was.table.column_names}


def _kind(table: ResolvedTable, column: str) -> tuple[str, str]:
    return table.table.column(column).sql_type, table.kinds.get(column, "")
