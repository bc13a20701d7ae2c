"""What `--explain` says: the columns a score lost most by, and what to try; names, never values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from warehouse_twin.gates.explaining import NEXT, explained
from warehouse_twin.gates.policy import load_policy


def score(measure: str, value: float, *columns: str, ceiling: float | None = 0.9) -> dict[str, Any]:
    return {"measure": measure, "table": "trips", "columns": list(columns), "value": value, "low": value, "high": value, "ceiling": ceiling}


def item(measure: str, value: float, *columns: str, status: str = "fail", suite: str = "fidelity", **more: object) -> dict[str, Any]:
    return {"score": score(measure, value, *columns), "goal": 0.8, "status": status, "suite": suite, **more}


PAIRS = {
    "trips": {
        "columns": ["km", "fare", "kind"],
        "value": [[None, 0.4, 0.9], [0.4, None, 0.7], [0.9, 0.7, None]],
        "ceiling": [[None, 0.9, 0.9], [0.9, None, 0.95], [0.9, 0.95, None]],
    }
}
SCORES = [score("column_shape", 0.6), score("column_shape", 0.5, "km"), score("column_shape", 0.95, "fare"), score("null_share", 0.1, "km")]


def said(*items: dict[str, Any], problems: tuple[str, ...] = ()) -> list[str]:
    return explained({"judged": items, "problems": list(problems)}, SCORES, PAIRS)


def test_a_score_of_a_table_names_the_columns_it_lost_most_by() -> None:
    lines = said(item("column_shape", 0.6))
    assert lines[0] == "fail: trips.column_shape 0.600 [0.600, 0.600], goal 0.800"
    assert lines[1] == "  furthest off: km 0.500 (ceiling 0.900), fare 0.950 (ceiling 0.900)"
    assert lines[2].startswith("  try: check `kind` of these columns")


@pytest.mark.parametrize("measure", ["pair_trend", "pair_trend_way", "detection"])
def test_scores_that_rest_on_pairs_name_the_pairs(measure: str) -> None:
    assert said(item(measure, 0.6))[1] == "  furthest off: km with fare 0.400 (ceiling 0.900), fare with kind 0.700 (ceiling 0.950)"


def test_a_score_that_names_its_columns_needs_no_others() -> None:
    lines = said(item("pair_trend_min", 0.4, "km", "fare"), item("column_shape", 0.5, "km"))
    assert [line.split(":")[0] for line in lines] == ["fail", "  try", "fail", "  try"]


def test_goals_are_loosened_where_that_is_no_lie() -> None:
    assert "with a reason" in said(item("event_gaps", 0.5))[1]
    assert "`gates: goals:`" not in "".join(said(item("broken_rules", 0.5, "km + fare = total")))
    assert "`gates: goals:`" not in "".join(said(item("near_copies", 0.5, suite="privacy")))


def test_what_the_manifest_says_is_repeated() -> None:
    assert "  goal changed by the manifest: half will do" in said(item("pair_trend", 0.2, loosened="half will do"))
    lines = said(item("dcr_excess", 0.1, status="undecided", accepted="a small table"))
    assert lines[1:] == ["  accepted by the manifest: a small table"]


def test_the_undecided_needs_rows_and_problems_come_first() -> None:
    lines = said(item("coverage", 0.1, status="undecided"), problems=("trips.x was never measured",))
    assert lines[0] == "problem: trips.x was never measured"
    assert lines[2].startswith("  try: more rows")


def test_what_is_shown_comes_last_with_what_it_would_be() -> None:
    lines = said(item("utility_worst", 0.1, "km", status="shown", would="fail"), item("pair_trend", 0.9, status="pass"))
    assert lines[0] == "every score that is judged passed"
    assert lines[1] == "not judged, would fail: trips.utility_worst(km) 0.100 [0.100, 0.100], goal 0.800"


def test_every_score_that_blocks_has_a_next_step(expectations: Path) -> None:
    assert {one.score for _, one in load_policy(expectations).expectations if one.blocks} <= NEXT.keys()
