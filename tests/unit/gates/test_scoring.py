"""Scores of a whole twin, with controls whose outcome is known: a perfect twin passes, each kind of bad one fails where it must."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.gates.inputs import Inputs, Part
from warehouse_twin.gates.judging import Judged, judge, requirements
from warehouse_twin.gates.policy import load_policy
from warehouse_twin.gates.scoring import score_twin
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.resolved import Column, ResolvedFairness, ResolvedTable, ResolvedTwin, Table


@pytest.fixture
def outcome(expectations: Path, twin: ResolvedTwin, make_manifest):
    """What the shipped policy says of a release: status by expectation, columns and table; nothing may be missing."""

    def judge_release(release, twin: ResolvedTwin = twin) -> dict[str, Judged]:
        scored = score_twin(twin, release.inputs, seed=5)
        judged, problems = judge(requirements(load_policy(expectations), twin, make_manifest()), scored.scores)
        assert problems == []
        return {item.requirement.key: item for item in judged}

    return judge_release


OF_TIMES = ("time_order", "seasonality", "event_gaps", "horizon", "autocorrelation", "step_trend")
OF_ROWS = ("detection", "coverage", "tails", "near_duplicates", "triple_trend", "missing_patterns", "unique_key", "mode_coverage")
SAMPLED = (*OF_ROWS, *OF_TIMES, "hop_trend", "utility")
"""Measures of bounded samples; the other ones each have tests of their own."""


def statuses(found: dict[str, Judged], status: str) -> set[str]:
    return {key for key, item in found.items() if item.status == status and not key.startswith(SAMPLED)}


def told(found: dict[str, Judged]) -> set[str]:
    """What samples say that fails, or would if it were judged."""
    failed = {item.requirement.label: item.score.measure for item in found.values() if item.would == "fail"}
    return {label for label, measure in failed.items() if measure.startswith(SAMPLED)}


def test_other_rows_of_the_same_distribution_pass(release, outcome) -> None:
    found = outcome(release)
    assert statuses(found, "fail") == statuses(found, "undecided") == told(found) == set()
    assert {item.would for item in found.values()} == {"pass"}
    trend = found["pair_trend trips.pair_trend"].score
    assert trend.floor < trend.value - 0.05
    assert trend.ceiling == pytest.approx(trend.value, abs=0.02)


def test_columns_drawn_alone_fail_the_pairs_and_nothing_else_of_the_values(release, outcome, twin) -> None:
    for name in ("km", "fare", "kind"):
        table = release.twin["trips"]
        order = np.random.default_rng(len(name) + ord(name[0])).permutation(len(table))
        release.twin["trips"] = table.set_column(table.column_names.index(name), name, table.column(name).take(order))
    found = outcome(release)
    assert statuses(found, "fail") == {f"{name} trips.{name}" for name in ("pair_trend", "pair_trend_way", "pair_trend_min")}
    of_rows = {f"trips.{name}" for name in ("detection", "mode_coverage", "triple_trend", "utility_worst")}
    assert told(found) == {*of_rows, "drivers.detection_with_children"}  # the means of km and fare no longer belong together


def test_copied_rows_fail_privacy_and_no_fidelity_of_the_values(release, outcome) -> None:
    real = pa.concat_tables([part.rows for part in release.real["trips"]])
    copied = release.real["trips"][0].rows
    chosen = copied.take(np.random.default_rng(1).integers(0, len(copied), len(real)))
    release.twin["trips"] = chosen.set_column(0, "id", pa.array(np.arange(len(chosen))))
    failed = statuses(outcome(release), "fail")
    assert {"exact_copies trips.exact_copies", "near_copies trips.near_copies", "dcr_excess trips.dcr_excess"} <= failed
    assert not any("shape" in key or "pair" in key for key in failed)


def test_copies_with_small_changes_fail_privacy(release, outcome) -> None:
    copied = release.real["trips"][0].rows
    moved = copied.column("km").to_numpy() * 1.0001
    release.twin["trips"] = copied.set_column(2, "km", pa.array(moved))
    found = outcome(release)
    assert found["exact_copies trips.exact_copies"].status == "pass"
    assert found["near_copies trips.near_copies"].status == "fail"


def test_copies_under_new_names_fail_privacy(release, outcome, twin) -> None:
    """Where the profile says that names are made up; without that they would hide every copy."""
    twin, rows = with_names(twin, release)
    release.twin["trips"] = rows
    known = release.inputs
    for made_up, status in ((lambda _: {"name"}, "fail"), (lambda _: (), "pass")):
        scored = score_twin(twin, replace(known, made_up=made_up), seed=5)
        [copies] = [score for score in scored.scores if score.measure == "exact_copies" and score.table == "trips"]
        assert (copies.low > copies.ceiling) is (status == "fail")


def with_names(twin: ResolvedTwin, release) -> tuple[ResolvedTwin, pa.Table]:
    """The twin with a column of names, all different; and the training rows under names of their own."""
    training, holdout = release.real["trips"]
    release.real["trips"] = tuple(Part(_named(part.rows, who), part.entities) for part, who in ((training, "t"), (holdout, "h")))
    trips = twin["trips"]
    wider = replace(trips, table=replace(trips.table, columns=(*trips.table.columns, Column("name", "VARCHAR", False))))
    tables = tuple(wider if table.name == "trips" else table for table in twin.tables)
    return replace(twin, tables=tables), _named(training.rows, "s")


def _named(rows: pa.Table, who: str) -> pa.Table:
    return rows.append_column("name", pa.array([f"{who}{number}" for number in range(len(rows))]))


def test_a_collapsed_table_fails_its_shapes(release, outcome) -> None:
    trips = release.twin["trips"]
    release.twin["trips"] = trips.set_column(2, "km", pa.array(np.full(len(trips), 5.0)))
    failed = statuses(outcome(release), "fail")
    assert {"column_shape trips.column_shape", "column_shape_each trips.column_shape(km)"} <= failed


def test_lost_nulls_orphans_repeated_keys_and_rows_fail(release, outcome) -> None:
    trips = release.twin["trips"]
    filled = pa.array(np.nan_to_num(trips.column("fare").to_numpy(), nan=20.0))
    broken = trips.set_column(3, "fare", filled).set_column(1, "driver", pa.array(trips.column("driver").to_numpy() + 1))
    release.twin["trips"] = broken.set_column(0, "id", pa.array(np.arange(len(broken)) // 2))
    release.twin["drivers"] = release.twin["drivers"].slice(0, 1_500)
    failed = statuses(outcome(release), "fail")
    assert {
        "null_share trips.null_share_worst",
        "orphans trips.orphans(driver)",
        "key_unique trips.key_unique",
        "row_count trips.row_count",
        "row_count drivers.row_count",
    } <= failed


def test_a_key_that_keeps_orphans_is_held_to_the_sources_share(release, outcome, with_table) -> None:
    """A tenth of the source's trips lead to nobody; in the twin none, or as many."""
    (key, *others) = with_table("trips")["trips"].table.foreign_keys
    kept = replace(with_table("trips")["trips"].table, foreign_keys=(replace(key, keeps_orphans=True), *others))
    twin = with_table("trips", table=kept)

    def astray(rows: pa.Table) -> pa.Table:
        column = rows.column(key.columns[0]).to_numpy()
        return rows.set_column(1, key.columns[0], pa.array(np.where(np.arange(len(column)) % 10 == 0, -5, column)))

    release.real["trips"] = tuple(replace(part, rows=astray(part.rows)) for part in release.real["trips"])
    none = outcome(release, twin)
    assert none["orphan_rate trips.orphan_rate(driver)"].status == "fail"
    assert "orphans trips.orphans(driver)" not in none
    release.twin["trips"] = astray(release.twin["trips"])
    assert outcome(release, twin)["orphan_rate trips.orphan_rate(driver)"].status == "pass"


def test_children_spread_otherwise_fail_the_counts(release, outcome) -> None:
    trips = release.twin["trips"]
    even = np.sort(np.arange(len(trips)) % 1_000)
    release.twin["trips"] = trips.set_column(1, "driver", pa.array(even))
    found = outcome(release)
    assert "child_counts trips.child_counts(driver)" in statuses(found, "fail")
    assert told(found) == {"drivers.detection_with_children"}


def test_a_changed_row_of_a_table_that_is_kept_fails(release, outcome) -> None:
    zones = release.twin["zones"]
    release.twin["zones"] = zones.set_column(1, "name", pa.array(["north", "south", "moon"]))
    assert statuses(outcome(release), "fail") == {"same_rows zones.same_rows"}


def test_row_counts_follow_what_was_asked_for(release, with_table) -> None:
    twin = with_table("drivers", factor=2.0)
    by_key = {score.label: score for score in score_twin(twin, release.inputs, seed=5).scores}
    assert by_key["drivers.row_count"].value == pytest.approx(0.5)
    assert by_key["trips.row_count"].value > 0.9  # follows from the drivers that are there


def test_challengers_are_scored_on_the_columns_they_draw(release, twin) -> None:
    release.challengers["trips"] = {"independent": release.floor["trips"].drop_columns(["kind"])}
    found = score_twin(twin, release.inputs, seed=5).challengers
    assert list(found) == ["trips"]
    scores = found["trips"]["independent"]
    assert {score.columns for score in scores if score.measure == "column_shape"} == {(), ("km",), ("fare",)}
    assert {"pair_trend", "exact_copies", "near_copies", "dcr_excess"} <= {score.measure for score in scores}


def test_key_columns_that_no_synthesizer_draws_get_a_floor(release, twin) -> None:
    release.floor["trips"] = release.floor["trips"].drop_columns(["kind"])
    scores = {score.label: score for score in score_twin(twin, release.inputs, seed=5).scores}
    assert scores["trips.column_shape(kind)"].floor == pytest.approx(1.0, abs=0.03)
    assert scores["trips.pair_trend"].floor is not None


def test_scores_and_pairs_are_the_same_every_time_and_hold_no_value(release, twin) -> None:
    one, other = (score_twin(twin, release.inputs, seed=5) for _ in range(2))
    assert one == other
    assert one.scores != score_twin(twin, release.inputs, seed=6).scores
    assert set(one.pairs) == {"drivers", "trips"}
    assert one.pairs["trips"]["columns"] == ["km", "fare", "kind"]


def odd_table(rows: int) -> pa.Table:
    moment = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    count = np.arange(rows)
    return pa.table(
        {
            "id": pa.array(count, pa.int64()),
            "constant": pa.array([7] * rows, pa.int32()),
            "nothing": pa.array([None] * rows, pa.string()),
            "money": pa.array([int(index) % 5 for index in count], pa.decimal128(12, 2)),
            "stamp": pa.array([moment + dt.timedelta(hours=int(index)) for index in count], pa.timestamp("us", tz="UTC")),
            "local": pa.array([dt.datetime(2024, 1, 1)] * rows, pa.timestamp("us")),
            "day": pa.array([dt.date(2024, 1, 1)] * rows, pa.date32()),
            "clock": pa.array([dt.time(1, 2)] * rows, pa.time64("us")),
            "flag": pa.array([index % 2 == 0 for index in count], pa.bool_()),
            "blob": pa.array([b"x"] * rows, pa.binary()),
            "list": pa.array([[1]] * rows, pa.list_(pa.int64())),
        }
    )


@pytest.mark.parametrize("sizes", [(0, 0, 0), (1, 0, 1), (1, 1, 1), (0, 0, 3), (5, 1, 0), (40, 10, 50)])
def test_odd_types_and_sizes_give_every_score_that_is_asked_for(sizes: tuple[int, int, int], expectations: Path) -> None:
    training, holdout, drawn = (odd_table(size) for size in sizes)
    declared = Table("odd", tuple(Column(name, "X", True) for name in training.column_names), ("id",))
    twin = ResolvedTwin("odd", "p", "odd", "d", "odd", 7, None, 10, 0.2, (ResolvedTable(declared, False, "tree"),))
    parts = (Part(training, np.arange(len(training))), Part(holdout, np.arange(len(holdout))))
    floor = training.drop_columns(["id"]) if sizes[0] else None
    scored = score_twin(twin, Inputs(lambda _: parts, lambda _: drawn, lambda _: floor, lambda _: {}), seed=5)
    manifest = Manifest.model_validate(
        {
            "twin": "odd",
            "source": {"warehouse": "p", "schema": "odd"},
            "target": {"warehouse": "d", "schema": "odd"},
            "seed": 7,
            "tables": {"odd": {}},
        }
    )
    judged, problems = judge(requirements(load_policy(expectations), twin, manifest), scored.scores)
    assert problems == []
    values = [item for item in judged if item.requirement.expectation.name not in ("row_count", "key_unique", "broken_rules")]
    assert {item.would for item in values} == {"undecided"}  # nothing passes because it is small


def test_a_group_of_people_that_the_twin_treats_otherwise_is_told(release, outcome, with_table) -> None:
    """Drivers of a zone are the outcome here: those of the north are young, in the twin as often as the others."""
    twin = with_table("drivers", fairness=ResolvedFairness(("age",), "zone", "n"))
    honest = outcome(release, twin)
    error = honest["parity_error drivers.parity_error(age)"]
    assert (error.status, error.would) == ("shown", "pass")
    assert error.score.floor > error.score.value + 0.3
    drivers = release.twin["drivers"]
    order = np.random.default_rng(5).permutation(len(drivers))
    release.twin["drivers"] = drivers.set_column(3, "zone", drivers.column("zone").take(order))
    broken = outcome(release, twin)
    assert broken["parity_error drivers.parity_error(age)"].would == "fail"
    assert broken["parity drivers.parity(age)"].score.value < 0.2 < broken["parity drivers.parity(age)"].score.ceiling


def test_scores_of_groups_are_there_for_tables_of_any_size(release, outcome, with_table) -> None:
    twin = with_table("drivers", fairness=ResolvedFairness(("age",), "zone", "nobody"))
    assert outcome(release, twin)["parity drivers.parity(age)"].would == "undecided"
    for rows in (0, 1, 30):
        for name in ("drivers", "trips"):
            release.twin[name] = release.twin[name].slice(0, rows)
        assert outcome(release, with_table("drivers", fairness=ResolvedFairness(("zone",), "age", "35.0"))) is not None
