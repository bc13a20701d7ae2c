"""Firms have accounts and accounts have events: what joins, sorts and calendars show of a good twin and of bad ones."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.gates.inputs import Inputs, Part
from warehouse_twin.gates.joining import ways
from warehouse_twin.gates.judging import judge, requirements
from warehouse_twin.gates.policy import load_policy
from warehouse_twin.gates.sampling import families
from warehouse_twin.gates.scoring import score_twin
from warehouse_twin.gates.time_scoring import gap_score
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.score import Score
from warehouse_twin.warehouses.catalog import Column, Constraint, Table

HOUR = 3_600 * 1_000_000
DAY = 24 * HOUR
Tables = Mapping[str, pa.Table]


def declared(name: str, columns: Mapping[str, str], parent: str = "") -> ResolvedTable:
    keys = (ForeignKey((parent,), f"{parent}s", ("id",)),) if parent else ()
    return ResolvedTable(Table(name, tuple(Column(*column, True) for column in columns.items()), ("id",), keys), False, "independent")


TWIN = ResolvedTwin(
    "bank", "p", "bank", "d", "bank", 7, "firms", 10, 0.2,
    (
        declared("firms", {"id": "BIGINT", "size": "DOUBLE", "branch": "VARCHAR"}),
        declared("accounts", {"id": "BIGINT", "firm": "BIGINT", "opened": "DATE", "limit": "DOUBLE", "closed": "DATE"}, "firm"),
        declared("events", {"id": "BIGINT", "account": "BIGINT", "at": "TIMESTAMP", "amount": "DOUBLE"}, "account"),
    ),
)  # fmt: skip
MANIFEST = Manifest.model_validate(
    {
        "twin": "bank",
        "source": {"warehouse": "p", "schema": "bank"},
        "target": {"warehouse": "d", "schema": "bank"},
        "seed": 7,
        "tables": {table.name: {} for table in TWIN.tables},
    }
)


def bank(seed: int, firms: int, first: int) -> dict[str, pa.Table]:
    """Large firms have high limits and large amounts; events begin when the account was opened, by day, often soon after another."""
    rng = np.random.default_rng(seed)
    size = rng.exponential(1.0, firms)
    firm = np.repeat(np.arange(firms), 2)
    opened = rng.integers(18_000, 19_000, 2 * firms)
    limit = size[firm] * rng.normal(100, 5, 2 * firms)
    open_still = rng.random(2 * firms) < 0.5
    account = np.repeat(np.arange(2 * firms), 8)
    days = np.where(rng.random(len(account)) < 0.5, 0, rng.integers(5, 40, len(account)))
    day = opened[account] + np.cumsum(days.reshape(-1, 8), axis=1).ravel()
    at = day * DAY + rng.integers(8, 18, len(account)) * HOUR
    at = at.astype("M8[us]")
    none = pa.array(opened + 60, pa.int32(), mask=open_still).cast(pa.date32())
    return {
        "firms": pa.table({"id": np.arange(firms) + first, "size": size, "branch": np.where(size > 1, "steel", "bread")}),
        "accounts": pa.table(
            {
                "id": np.arange(2 * firms) + 10 * first,
                "firm": firm + first,
                "opened": pa.array(opened, pa.int32()).cast(pa.date32()),
                "limit": pa.array(np.where(open_still, np.nan, limit), from_pandas=True),
                "closed": none,
            }
        ),
        "events": pa.table({"id": np.arange(len(account)), "account": account + 10 * first, "at": at, "amount": limit[account] / 10}),
    }


def apart(table: pa.Table, seed: int, names: tuple[str, ...] = ()) -> pa.Table:
    rng = np.random.default_rng(seed)
    for name in names or table.column_names:
        column = table.column(name).take(rng.permutation(len(table)))
        table = table.set_column(table.column_names.index(name), name, column)
    return table


LEARNED, HELD = bank(1, 400, 0), bank(2, 250, 1_000)


def owner(tables: Tables, name: str) -> np.ndarray:
    """The firm of every row."""
    if name == "firms":
        return tables["firms"].column("id").to_numpy()
    firm = tables["accounts"].column("firm").to_numpy()
    first = tables["accounts"].column("id")[0].as_py()
    return firm if name == "accounts" else firm[tables["events"].column("account").to_numpy() - first]


REAL = {name: tuple(Part(tables[name], owner(tables, name)) for tables in (LEARNED, HELD)) for name in LEARNED}
KEYS = {"id", "firm", "account"}
FLOOR = {name: apart(table.drop_columns(sorted(KEYS & set(table.column_names))), 5) for name, table in LEARNED.items()}
GOOD = bank(3, 650, 5_000)


OF_TIMES = ("time_order", "seasonality", "event_gaps", "horizon", "autocorrelation", "step_trend")
OF_ROWS = ("detection", "coverage", "tails", "near_duplicates", "triple_trend", "missing_patterns", "unique_key", "mode_coverage")
SAMPLED = (*OF_ROWS, *OF_TIMES, "hop_trend", "utility")


def seen(twin: Tables) -> tuple[set[str], dict[str, Score]]:
    """Labels of the scores of samples that fail, or would if they were judged, without the columns they name; and all of them."""
    scored = score_twin(TWIN, Inputs(REAL.__getitem__, twin.__getitem__, FLOOR.get, lambda _: {}), seed=5)
    policy = load_policy(Path(__file__).parents[3] / "expectations")
    judged, problems = judge(requirements(policy, TWIN, MANIFEST), scored.scores)
    assert problems == []
    found = [item for item in judged if item.requirement.expectation.score.startswith(SAMPLED)]
    return {item.requirement.label for item in found if item.would == "fail"}, {item.requirement.label: item.score for item in found}


def test_ways_lead_up_and_nowhere_twice() -> None:
    assert [way.tables for way in ways(TWIN, TWIN["events"])] == [("events", "accounts"), ("events", "accounts", "firms")]
    assert ways(TWIN, TWIN["firms"]) == []


def test_another_draw_of_the_source_would_pass_and_its_floor_is_far_below() -> None:
    failed, scores = seen(GOOD)
    assert failed == set()
    of_times = ("seasonality", "horizon", "autocorrelation", "event_gaps", "time_order_parent")
    of_rows = ("detection", "coverage", "tails", "mode_coverage", "near_duplicates", "missing_patterns", "utility_worst")
    asked = (*of_rows, *of_times, "hop_trend_1", "hop_trend_2")
    assert {label for label in scores if label.startswith("events")} == {f"events.{name}" for name in asked}
    assert scores["events.hop_trend_2"].columns == ("accounts", "firms")
    over_keys = ("events.hop_trend_1", "events.hop_trend_2", "events.time_order_parent", "accounts.hop_trend_1")
    for label in (*over_keys, "accounts.missing_patterns", "accounts.time_order", "events.event_gaps"):
        score = scores[label]
        assert score.floor < score.ceiling - 0.04, label
        assert score.value == pytest.approx(score.ceiling, abs=0.05), label
    assert min(score.n for score in scores.values()) >= 250


def test_events_of_somebody_else_are_seen_over_both_keys_and_in_time() -> None:
    failed, _ = seen({**GOOD, "events": apart(GOOD["events"], 1, ("account",))})
    assert {f"events.{name}" for name in ("hop_trend_1", "hop_trend_2", "time_order_parent", "event_gaps")} <= failed
    assert "accounts.detection_with_children" in failed
    assert not failed & {"events.seasonality", "events.detection", "accounts.time_order", "accounts.hop_trend_1", "events.missing_patterns"}


def test_accounts_of_another_firm_are_seen_over_two_keys_and_not_over_one() -> None:
    failed, _ = seen({**GOOD, "accounts": apart(GOOD["accounts"], 1, ("firm",))})
    assert {"accounts.hop_trend_1", "events.hop_trend_2"} <= failed
    assert "events.hop_trend_1" not in failed


def test_the_same_rows_again_and_again_are_seen_and_a_branch_that_is_lost() -> None:
    rng = np.random.default_rng(1)
    few = GOOD["firms"].slice(0, 20).take(rng.integers(0, 20, 650))
    bread = few.set_column(2, "branch", pa.array(["bread"] * 650))
    failed, scores = seen({**GOOD, "firms": bread.set_column(0, "id", GOOD["firms"].column("id"))})
    assert {"firms.near_duplicates", "firms.coverage", "firms.detection"} <= failed
    assert not {label for label in failed if label.startswith("events.detection")}
    assert scores["firms.near_duplicates"].value > 0.9


def test_events_of_one_parent_are_looked_at_together_whoever_they_belong_to() -> None:
    """Where every row is an entity of its own, a parent's rows are in both parts; the gaps are as in the whole all the same."""
    rows = pa.concat_tables([LEARNED["events"], HELD["events"]])
    held = np.random.default_rng(1).random(len(rows)) < 0.2
    parts = tuple(Part(rows.filter(pa.array(mask)), np.flatnonzero(mask)) for mask in (~held, held))
    [key] = TWIN["events"].table.foreign_keys
    drawn = Part(GOOD["events"], families(GOOD["events"], key))
    score = gap_score("events", key, "at", parts, drawn, seed=5)
    assert score.value == pytest.approx(score.ceiling, abs=0.05)
    assert score.floor < score.ceiling - 0.1


def test_events_at_any_hour_are_seen_in_the_seasons() -> None:
    rng = np.random.default_rng(1)
    moved = GOOD["events"].column("at").to_numpy().astype(np.int64) // DAY * DAY + rng.integers(0, 24, len(GOOD["events"])) * HOUR
    at = moved.astype("M8[us]")
    failed, scores = seen({**GOOD, "events": GOOD["events"].set_column(2, "at", pa.array(at))})
    assert "events.seasonality" in failed
    assert scores["events.seasonality"].columns == ("at", "hour")


def test_closed_before_it_was_opened_and_limits_without_closing_are_seen() -> None:
    failed, _ = seen({**GOOD, "accounts": apart(GOOD["accounts"], 1, ("closed",))})
    assert {"accounts.time_order", "accounts.missing_patterns"} <= failed
    assert not {label for label in failed if label.startswith(("events", "firms.detection("))}


def test_models_of_a_column_in_another_order_know_nothing_and_those_the_manifest_names_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    failed, scores = seen({**GOOD, "firms": apart(GOOD["firms"], 1, ("size",))})
    assert "firms.utility_worst" in failed
    assert scores["firms.utility_worst"].high < scores["firms.utility_worst"].ceiling - 0.5
    tables = tuple(replace(table, targets=("branch",) if table.name == "firms" else ()) for table in TWIN.tables)
    monkeypatch.setattr(sys.modules[__name__], "TWIN", replace(TWIN, tables=tables))
    failed, scores = seen(GOOD)
    assert failed == set()
    assert {label for label in scores if "utility" in label} == {"firms.utility(branch)"}
    assert scores["firms.utility(branch)"].n == 250


def test_a_twin_that_stops_early_is_named_with_its_end() -> None:
    at = GOOD["events"].column("at").to_numpy().astype(np.int64)
    cut = np.where(at > np.quantile(at, 0.85), np.quantile(at, 0.2), at).astype(np.int64).astype("M8[us]")
    failed, scores = seen({**GOOD, "events": GOOD["events"].set_column(2, "at", pa.array(cut))})
    assert "events.horizon" in failed
    assert scores["events.horizon"].columns[0] == "at"
    assert "ends early" in scores["events.horizon"].columns[1]


def test_where_rows_are_ordered_a_row_follows_from_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The amount of an event is its account's, in all its events: an amount of another account does not follow."""
    ordered = replace(TWIN, tables=(*TWIN.tables[:2], replace(TWIN.tables[2], order_by="at")))
    monkeypatch.setattr(sys.modules[__name__], "TWIN", ordered)
    failed, scores = seen(GOOD)
    steps = scores["events.step_trend"]
    assert "events.step_trend" not in failed
    assert steps.floor < 0.4 < 0.8 < steps.ceiling
    failed, _ = seen({**GOOD, "events": apart(GOOD["events"], 1, ("amount",))})
    assert "events.step_trend" in failed


def test_declared_keys_that_repeat_are_named_and_each_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    both = tuple(Constraint("unique", columns, "UNIQUE") for columns in (("size",), ("branch",), ("size",)))
    firms = replace(TWIN.tables[0], table=replace(TWIN.tables[0].table, constraints=both))
    monkeypatch.setattr(sys.modules[__name__], "TWIN", replace(TWIN, tables=(firms, *TWIN.tables[1:])))
    failed, scores = seen(GOOD)
    assert {label for label in scores if "unique_key" in label} == {"firms.unique_key(size)", "firms.unique_key(branch)"}
    assert failed == {"firms.unique_key(branch)"}


@pytest.mark.parametrize("rows", [0, 1])
def test_tables_of_hardly_any_rows_have_every_score(rows: int) -> None:
    """`seen` asks that every score is there."""
    for few in ({name: table.slice(0, rows) for name, table in GOOD.items()}, {**GOOD, "firms": GOOD["firms"].slice(0, rows)}):
        _, scores = seen(few)
        assert all(score.low <= score.value <= score.high for score in scores.values())


@pytest.mark.parametrize("columns", ["id", "id at", "id none", "id at none same code", "id word"])
@pytest.mark.parametrize("held", [0, 300])
def test_odd_tables_have_every_score(monkeypatch: pytest.MonkeyPatch, columns: str, held: int) -> None:
    """One column, nothing but nulls, the same value everywhere, a value that fewer than k entities hold; with a holdout and without."""
    types = {"id": "BIGINT", "at": "TIMESTAMP", "none": "DOUBLE", "same": "BIGINT", "code": "VARCHAR", "word": "VARCHAR"}
    table = declared("odd", {name: types[name] for name in columns.split()})
    table = replace(table, targets=("same",) if "same" in columns else None)
    monkeypatch.setattr(sys.modules[__name__], "TWIN", replace(TWIN, tables=(table,)))
    monkeypatch.setattr(sys.modules[__name__], "MANIFEST", MANIFEST.model_copy(update={"tables": {"odd": MANIFEST.tables["firms"]}}))
    number = np.arange(600)
    values = {
        "id": number, "at": pa.array([None] * 600, pa.timestamp("us")), "none": pa.array([None] * 600, pa.float64()),
        "same": np.ones(600, dtype=np.int64), "code": [f"c{row % 100}" for row in range(600)], "word": ["a"] * 595 + ["b"] * 5,
    }  # fmt: skip
    rows = pa.table({name: values[name] for name in columns.split()})
    monkeypatch.setitem(REAL, "odd", (Part(rows.slice(held), number[held:]), Part(rows.slice(0, held), number[:held])))
    _, scores = seen({"odd": rows.set_column(0, "id", pa.array(number + 1_000))})
    assert all(score.low <= score.value <= score.high for score in scores.values())
    assert {name for name in scores if "utility" in name} <= {"odd.utility(same)", "odd.utility_worst"}
