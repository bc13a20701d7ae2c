"""Drift since the release before: the source's, by the k-safe profiles of both, and the twin's, by their rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.binning import Binned, binned, fit_bins
from warehouse_twin.metrics.comparable import shape_columns
from warehouse_twin.metrics.drift import source_drift, twin_drift
from warehouse_twin.metrics.replicates import row_groups
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.score import Score
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import derive_seed, first_permuted
from warehouse_twin.receipts import Receipt
from warehouse_twin.releases.registry import tag_of
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.earlier import EarlierRelease, releases_before
from warehouse_twin.workspace import read_json

LOOKED_AT = 20_000
"""Rows of each release, at most."""
TOLD = 0.1
"""A column that drifted further is named in the gate's answer."""


def release_before(context: StageContext) -> EarlierRelease | None:
    """The newest release that is older than the context's."""
    return next(iter(releases_before(context, most=1)), None)


def parameters(context: StageContext) -> Mapping[str, Any]:
    """What goes into the gate's key: nothing for a first release."""
    before = release_before(context)
    return {} if before is None else {"before": before.key}


def with_before(resolved: ResolvedTwin, context: StageContext) -> ResolvedTwin:
    """The twin with the tables that the release before has drawn too, so that a score that is missing is missed."""
    before = release_before(context)
    if before is None:
        return resolved
    drawn = before.record["models"]
    return replace(resolved, drawn_before=tuple(table.name for table in resolved.protected if table.name in drawn))


def scores(context: StageContext, resolved: ResolvedTwin, twin: Callable[[str], pa.Table]) -> list[Score]:
    """Of each of these tables the drift of the source and of the twin, whose rows are read by `twin`."""
    before = release_before(context)
    if before is None:
        return []
    found: list[Score] = []
    for name in resolved.drawn_before:
        now = TableProfile.from_dict(read_json(context.folder("profile") / f"{name}.json"))
        found.append(source_drift(_profile_of(context, before.number, name), now))
        seed = derive_seed(context.manifest.seed, "release", context.release, "drift", name)
        found.append(twin_drift(_samples(resolved, resolved[name], before.rows(name), twin(name), seed=seed)))
    return found


def lines(context: StageContext, found: Sequence[Score]) -> list[str]:
    """What drifted, for a person."""
    before = release_before(context)
    drifted = [
        f"  {'source' if score.measure == 'source_drift' else 'twin'}: {score.table}.{score.columns[0]} by {score.value:.2f}"
        for score in found
        if score.measure in ("source_drift", "twin_drift") and score.n and score.value > TOLD
    ]
    return [f"drifted since {tag_of(context.twin, before.number)}:", *drifted] if before is not None and drifted else []


def _profile_of(context: StageContext, number: int, table: str) -> TableProfile | None:
    """The profile that an earlier release was made with; None where it is gone, or of another version."""
    receipt = replace(context, release=number).receipt_file("profile")
    if not receipt.exists():
        return None
    file = context.workspace.root / Receipt.read(receipt).output / f"{table}.json"
    try:
        return TableProfile.from_dict(read_json(file)) if file.exists() else None
    except (ValueError, TypeError, KeyError):  # of another version
        return None


def _samples(resolved: ResolvedTwin, table: ResolvedTable, before: pa.Table, now: pa.Table, *, seed: int) -> Samples:
    both = set(before.column_names) & set(now.column_names)
    columns = [name for name in shape_columns(resolved, table) if name in both and before.field(name).type == now.field(name).type]
    bins = fit_bins(before, columns, kinds=table.kinds)

    def some(rows: pa.Table, stream: str) -> Binned:
        chosen = first_permuted(len(rows), LOOKED_AT, seed=seed, stream=stream)
        group, groups = row_groups(len(chosen), seed=derive_seed(seed, stream))
        return binned(rows.select(columns).take(pa.array(chosen)), bins, group=group, groups=groups)

    return Samples(table.name, bins, some(before, "before"), some(now, "now"))
