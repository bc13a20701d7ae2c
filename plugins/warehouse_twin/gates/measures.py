"""The measures a policy can name, and of what parts of a twin each is taken: known from keys and columns, before any score.

The number of scores that a verdict needs follows from here and the policy alone, so a score that was never computed is missed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from warehouse_twin.gates.ancestor_scoring import parents_in_time
from warehouse_twin.gates.family_features import own_children
from warehouse_twin.gates.joining import MOST_HOPS, children_keys, ways
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.comparable import (
    key_label,
    predicted_columns,
    record_columns,
    shape_columns,
    step_columns,
    text_columns,
    time_columns,
)
from warehouse_twin.metrics.copies import FEWEST_COLUMNS
from warehouse_twin.metrics.score import Better
from warehouse_twin.relations.key_plans import key_plans

Scope = Literal["table", "column", "foreign_key", "query"]
Targets = Callable[[ResolvedTwin, ResolvedTable], list[tuple[str, ...]]]
"""The columns of every score that a measure takes of a table; `()` for one of the whole table."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: which way is better, and its targets by scope. `worst` names a column or pair that only the score knows; what is
    `counted` over all rows has no interval."""

    better: Better
    targets: Mapping[Scope, Targets]
    worst: bool = False
    counted: bool = False


def _once(applies: Callable[[ResolvedTwin, ResolvedTable], bool]) -> Targets:
    return lambda twin, table: [()] if applies(twin, table) else []


def _columns(twin: ResolvedTwin, table: ResolvedTable) -> list[tuple[str, ...]]:
    return [(name,) for name in shape_columns(twin, table)]


def _predicted(twin: ResolvedTwin, table: ResolvedTable) -> list[tuple[str, ...]]:
    return [(name,) for name in predicted_columns(twin, table)] if table.targets is not None else []


def _picks(twin: ResolvedTwin, table: ResolvedTable) -> bool:
    """Whether the gate picks what is predicted."""
    return table.targets is None and bool(predicted_columns(twin, table))


def _keys(twin: ResolvedTwin, table: ResolvedTable) -> list[tuple[str, ...]]:
    return [key_label(table, key) for key in table.table.foreign_keys if not key.keeps_orphans]


def _keys_with_orphans(twin: ResolvedTwin, table: ResolvedTable) -> list[tuple[str, ...]]:
    return [key_label(table, key) for key in table.table.foreign_keys if key.keeps_orphans]


def _keys_to_protected(twin: ResolvedTwin, table: ResolvedTable) -> list[tuple[str, ...]]:
    """Keys to a reference table are values like any other, and measured as columns."""
    return [key_label(table, key) for key in table.table.foreign_keys if not table.keep_real and not twin[key.references].keep_real]


def _protected(twin: ResolvedTwin, table: ResolvedTable) -> list[tuple[str, ...]]:
    """The protected columns of a table that has any column to be compared."""
    asked = table.fairness if shape_columns(twin, table) else None
    return [(name,) for name in asked.protected] if asked is not None else []


def _queries(measure: str) -> Targets:
    """The queries that are asked of source and twin; the answer is a score of the first drawn table that a query reads."""
    return lambda twin, table: [(query.name,) for query in twin.queries if query.table == table.name and measure in query.measures]


def _has_events(twin: ResolvedTwin, table: ResolvedTable) -> bool:
    """Whether rows of one parent follow each other in time."""
    return bool(time_columns(twin, table)) and key_plans(twin)[table.name].drive is not None


def _has_steps(twin: ResolvedTwin, table: ResolvedTable) -> bool:
    """Whether the manifest orders the rows of one parent."""
    return bool(step_columns(twin, table)) and key_plans(twin)[table.name].drive is not None


def _unique(twin: ResolvedTwin, table: ResolvedTable) -> list[tuple[str, ...]]:
    """Keys that the source declares beside the primary one, each once."""
    return list(dict.fromkeys(table.table.unique)) if not table.keep_real else []


def _over(hops: int) -> Callable[[ResolvedTwin, ResolvedTable], bool]:
    return lambda twin, table: any(way.hops == hops for way in ways(twin, table))


def _compared_before(twin: ResolvedTwin, table: ResolvedTable) -> bool:
    return table.name in twin.released_before and len(record_columns(twin, table)) >= FEWEST_COLUMNS


_ANY_COLUMN = _once(lambda twin, table: bool(shape_columns(twin, table)))
_ANY_PAIR = _once(lambda twin, table: len(shape_columns(twin, table)) > 1)
_ANY_TRIPLE = _once(lambda twin, table: len(shape_columns(twin, table)) > 2)
_ANY_CHILD = _once(lambda twin, table: not table.keep_real and bool(children_keys(twin, table)))
_ANY_FAMILY = _once(lambda twin, table: bool(own_children(twin, table)))
_ANY_RECORD = _once(lambda twin, table: bool(record_columns(twin, table)))
_CANARIES = _once(lambda twin, table: table.canaries and len(record_columns(twin, table)) >= FEWEST_COLUMNS)
_WHOLE_RECORD = _once(lambda twin, table: len(record_columns(twin, table)) >= FEWEST_COLUMNS)

MEASURES: Mapping[str, Measure] = {
    "column_shape": Measure("higher", {"table": _ANY_COLUMN, "column": _columns}),
    "null_share": Measure("higher", {"column": _columns}),
    "null_share_worst": Measure("higher", {"table": _ANY_COLUMN}, worst=True),
    "pair_trend": Measure("higher", {"table": _ANY_PAIR}),
    "pair_trend_way": Measure("higher", {"table": _ANY_PAIR}),
    "pair_trend_min": Measure("higher", {"table": _ANY_PAIR}, worst=True),
    "child_counts": Measure("higher", {"foreign_key": _keys_to_protected}),
    "orphans": Measure("lower", {"foreign_key": _keys}, counted=True),
    "orphan_rate": Measure("higher", {"foreign_key": _keys_with_orphans}, counted=True),
    "key_unique": Measure("higher", {"table": _once(lambda twin, table: bool(table.table.primary_key))}, counted=True),
    "unique_key": Measure("higher", {"table": _unique}, counted=True),
    "broken_rules": Measure("lower", {"table": _once(lambda twin, table: table.synthesizer == "tree")}, worst=True, counted=True),
    "row_count": Measure("higher", {"table": _once(lambda twin, table: not table.keep_real)}),
    "same_rows": Measure("higher", {"table": _once(lambda twin, table: table.keep_real)}, counted=True),
    "detection": Measure("lower", {"table": _ANY_COLUMN}),
    "detection_with_children": Measure("lower", {"table": _ANY_CHILD}),
    "coverage": Measure("higher", {"table": _ANY_COLUMN}, worst=True),
    "tails": Measure("higher", {"table": _ANY_COLUMN}, worst=True),
    "repeated_rows": Measure("lower", {"table": _ANY_RECORD}),
    "near_duplicates": Measure("lower", {"table": _ANY_RECORD}),
    "mode_coverage": Measure("higher", {"table": _ANY_RECORD}),
    "triple_trend": Measure("higher", {"table": _ANY_TRIPLE}),
    "missing_patterns": Measure("higher", {"table": _ANY_PAIR}),
    "time_order": Measure("higher", {"table": _once(lambda twin, table: len(time_columns(twin, table)) > 1)}, worst=True),
    "time_order_parent": Measure("higher", {"table": _once(lambda twin, table: bool(parents_in_time(twin, table.name)))}, worst=True),
    "seasonality": Measure("higher", {"table": _once(lambda twin, table: bool(time_columns(twin, table)))}, worst=True),
    "horizon": Measure("higher", {"table": _once(lambda twin, table: bool(time_columns(twin, table)))}, worst=True),
    "autocorrelation": Measure("higher", {"table": _once(lambda twin, table: bool(time_columns(twin, table)))}, worst=True),
    "event_gaps": Measure("higher", {"table": _once(_has_events)}),
    "step_trend": Measure("higher", {"table": _once(_has_steps)}),
    **{f"hop_trend_{hops}": Measure("higher", {"table": _once(_over(hops))}, worst=True) for hops in range(1, MOST_HOPS + 1)},
    "utility": Measure("higher", {"column": _predicted}),
    "utility_worst": Measure("higher", {"table": _once(_picks)}, worst=True),
    "source_drift": Measure("lower", {"table": _once(lambda twin, table: table.name in twin.drawn_before)}, worst=True),
    "twin_drift": Measure("lower", {"table": _once(lambda twin, table: table.name in twin.drawn_before)}, worst=True),
    "parity": Measure("lower", {"column": _protected}),
    "parity_error": Measure("lower", {"column": _protected}),
    "opportunity": Measure("lower", {"column": _protected}),
    "opportunity_error": Measure("lower", {"column": _protected}),
    "subgroup_shape": Measure("higher", {"table": _once(lambda twin, table: bool(_protected(twin, table)))}, worst=True),
    "query_error": Measure("lower", {"query": _queries("query_error")}),
    "query_rank": Measure("higher", {"query": _queries("query_rank")}),
    "join_rows": Measure("higher", {"query": _queries("join_rows")}),
    "exact_copies": Measure("lower", {"table": _ANY_RECORD}),
    "near_copies": Measure("lower", {"table": _ANY_RECORD}),
    "dcr_excess": Measure("lower", {"table": _ANY_RECORD}),
    "singling_out": Measure("lower", {"table": _WHOLE_RECORD}),
    "linkability": Measure("lower", {"table": _WHOLE_RECORD}),
    "attribute_inference": Measure("lower", {"table": _WHOLE_RECORD}, worst=True),
    "rare_combinations": Measure("lower", {"table": _ANY_RECORD}),
    "rare_words": Measure("lower", {"table": _once(lambda twin, table: bool(text_columns(twin, table)))}),
    **{f"membership{part}": Measure("lower", {"table": _WHOLE_RECORD}) for part in ("", "_exposed", "_found")},
    **{f"membership_children{part}": Measure("lower", {"table": _ANY_FAMILY}) for part in ("", "_found")},
    "canaries": Measure("lower", {"table": _CANARIES}),
    "membership_releases": Measure("lower", {"table": _once(_compared_before)}),
    "membership_added": Measure("lower", {"table": _once(lambda twin, table: table.name in twin.grown and _compared_before(twin, table))}),
    "rare_words_releases": Measure(
        "lower", {"table": _once(lambda twin, table: table.name in twin.released_before and bool(text_columns(twin, table)))}
    ),
}
