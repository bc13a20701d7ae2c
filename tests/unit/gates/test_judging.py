"""Doubt falls the way the policy says, and what is missing never passes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from warehouse_twin.gates.judging import Judged, Requirement, judge, requirements, status_of
from warehouse_twin.gates.policy import Expectation, load_policy
from warehouse_twin.gates.verdict import Evaluation, Verdict, decide
from warehouse_twin.metrics.score import Score

ITEM = {
    "name": "a",
    "score": "pair_trend",
    "scope": "table",
    "goal": ">= 0.9",
    "min_n": 50,
    "severity": "critical",
    "why": "because it matters",
}


def asked(**changes: object) -> Requirement:
    fields = {key: changes.pop(key) for key in list(changes) if key in (*ITEM, "blocks", "until")}
    expectation = Expectation.model_validate({**ITEM, **fields})
    return Requirement(expectation, **{"suite": "fidelity", "burden": "against", "table": "t", "columns": (), **changes})


def score(low: float, value: float, high: float, **changes: object) -> Score:
    better = "lower" if changes.get("measure") in ("orphans", "dcr_excess") else "higher"
    return Score(**{"measure": "pair_trend", "table": "t", "n": 100, "better": better, "value": value, "low": low, "high": high, **changes})


@pytest.mark.parametrize(
    ("interval", "better", "burden", "wanted"),
    [
        ((0.90, 0.92, 0.94), "higher", "against", "pass"),
        ((0.80, 0.85, 0.90), "higher", "against", "pass"),  # it may be 0.90
        ((0.80, 0.85, 0.89), "higher", "against", "fail"),
        ((0.05, 0.10, 0.15), "lower", "against", "pass"),
        ((0.91, 0.95, 0.99), "lower", "against", "fail"),
        ((0.90, 0.92, 0.94), "higher", "for", "pass"),
        ((0.89, 0.92, 0.94), "higher", "for", "undecided"),
        ((0.80, 0.85, 0.95), "higher", "for", "fail"),
        ((0.05, 0.10, 0.90), "lower", "for", "pass"),
        ((0.05, 0.10, 0.91), "lower", "for", "undecided"),
        ((0.85, 0.95, 0.99), "lower", "for", "fail"),
    ],
)
def test_doubt_falls_where_the_burden_lies(interval, better, burden, wanted) -> None:
    assert status_of(interval, n=100, goal=0.9, better=better, burden=burden, min_n=50) == wanted


@pytest.mark.parametrize(
    ("n", "interval", "wanted"),
    [
        (30, (0.97, 1.0, 1.0), "fail"),
        (30, (0.0, 0.5, 0.9), "undecided"),  # perhaps it is none
        (30, (0.0, 0.0, 0.0), "undecided"),  # too few to pass
        (29, (0.97, 1.0, 1.0), "undecided"),
        (300, (0.0, 0.0, 0.01), "pass"),
    ],
)
def test_fewer_rows_may_be_enough_to_fail(n, interval, wanted) -> None:
    goal = 0.0 if interval[0] else 0.1
    asked = {"better": "lower", "burden": "against", "min_n": 300, "fails_from": 30}
    assert status_of(interval, n=n, goal=goal, **asked) == wanted


@pytest.mark.parametrize("burden", ["for", "against"])
def test_too_few_rows_decide_nothing(burden) -> None:
    for interval in ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)):
        assert status_of(interval, n=49, goal=0.9, better="higher", burden=burden, min_n=50) == "undecided"
        assert status_of(interval, n=99, goal=None, better="higher", burden=burden, min_n=50) == "undecided"


@pytest.mark.parametrize("interval", [(math.nan, 1.0, 1.0), (0.9, math.inf, math.inf)])
def test_what_is_no_number_fails(interval) -> None:
    assert status_of(interval, n=99, goal=0.5, better="higher", burden="against", min_n=0) == "fail"
    assert status_of((1.0, 1.0, 1.0), n=99, goal=math.nan, better="higher", burden="against", min_n=0) == "fail"


def test_what_is_asked_follows_from_policy_and_tables_alone(expectations: Path, twin, make_manifest) -> None:
    labels = [item.key for item in requirements(load_policy(expectations), twin, make_manifest())]
    assert labels[:2] == ["key_unique zones.key_unique", "same_rows zones.same_rows"]
    assert [label for label in labels if label.startswith("column_shape_each trips")] == [
        f"column_shape_each trips.column_shape({name})" for name in ("km", "fare", "kind")
    ]
    assert [label for label in labels if "child_counts" in label] == ["child_counts trips.child_counts(driver)"]
    assert [label for label in labels if "orphans" in label] == ["orphans drivers.orphans(zone)", "orphans trips.orphans(driver)"]
    assert [label for label in labels if "dcr" in label] == ["dcr_excess drivers.dcr_excess", "dcr_excess trips.dcr_excess"]
    assert [label for label in labels if "detection" in label] == [
        "detection drivers.detection",
        "detection_with_children drivers.detection_with_children",
        "detection trips.detection",
    ]
    assert len(labels) == len(set(labels)) == 2 + (15 + 18) + (17 + 17)


def test_a_manifest_changes_goals_and_accepts_the_undecided_with_reasons(expectations: Path, twin, make_manifest) -> None:
    manifest = make_manifest(
        {"goals": {"pair_trend": {"goal": 0.1, "reason": "for the whole twin"}, "row_count": {"goal": 0.5, "reason": "half is enough"}}},
        trips={
            "goals": {"pair_trend": {"goal": 0.2, "reason": "for this table"}},
            "undecided": {"accept": True, "reason": "a small table"},
        },
    )
    found = {item.key: item for item in requirements(load_policy(expectations), twin, manifest)}
    drivers, trips = found["pair_trend drivers.pair_trend"], found["pair_trend trips.pair_trend"]
    assert (drivers.number, drivers.loosened, drivers.accepted) == (0.1, "for the whole twin", None)
    assert (trips.number, trips.loosened, trips.accepted) == (0.2, "for this table", "a small table")
    assert found["row_count trips.row_count"].number == 0.5
    assert found["orphans trips.orphans(driver)"].number is None


def test_a_score_that_is_missing_or_there_twice_is_a_problem() -> None:
    good = score(0.9, 0.95, 1.0)
    assert judge([asked()], [good])[1] == []
    assert judge([asked()], [score(0.9, 0.95, 1.0, columns=("x",))]) == ([], ["t.pair_trend was never measured, wanted once"])
    assert judge([asked()], [good, good])[1] == ["t.pair_trend was 2 times measured, wanted once"]


def test_the_worst_pair_is_found_whatever_its_columns() -> None:
    judged, problems = judge([asked(score="pair_trend_min")], [score(0.9, 0.95, 1.0, measure="pair_trend_min", columns=("x", "y"))])
    assert (problems, judged[0].status) == ([], "pass")


def judged(low: float, value: float, high: float, *, n: int = 100, **changes: object) -> Judged:
    found, problems = judge([asked(**changes)], [score(low, value, high, n=n, measure=changes.get("score", "pair_trend"))])
    assert problems == []
    return found[0]


def verdict(
    *items: Judged, expected: int | None = None, evaluated: int | None = None, problems: tuple[str, ...] = (), **met: bool
) -> Verdict:
    count = len(items) if expected is None else expected
    said = {item.requirement.key: item.meets for item in items} | ({items[0].requirement.key: met["met"]} if met else {})
    evaluation = Evaluation(count, count if evaluated is None else evaluated, said, problems)
    return decide(twin="x", release=3, judged=items, problems=(), evaluation=evaluation, attempt=1)


GOOD, BAD = judged(0.9, 0.95, 1.0), judged(0.1, 0.2, 0.3, name="b")
FEW = judged(0.1, 0.2, 0.3, n=7, name="c")
ACCEPTED = judged(0.1, 0.2, 0.3, n=7, name="d", accepted="a small table")
SHOWN = judged(0.1, 0.2, 0.3, name="f", blocks=False, until="until it was studied")
WARNED = judged(0.1, 0.2, 0.3, name="e", severity="warning")


def test_the_verdict_is_that_of_the_worst() -> None:
    assert verdict(GOOD).status == "pass"
    assert verdict(GOOD, WARNED).status == "pass"
    assert verdict(GOOD, ACCEPTED).status == "undecided-accepted"
    assert verdict(GOOD, ACCEPTED, FEW).status == "undecided"
    assert verdict(GOOD, FEW, BAD).status == "fail"
    assert [verdict(*items).passed for items in ((GOOD,), (ACCEPTED,), (FEW,), (BAD,))] == [True, True, False, False]


def test_what_is_shown_is_judged_by_nobody() -> None:
    assert (SHOWN.status, SHOWN.would, SHOWN.meets) == ("shown", "fail", True)
    assert (verdict(GOOD, SHOWN).status, verdict(GOOD, SHOWN).failed) == ("pass", [])
    few = judged(0.1, 0.2, 0.3, n=7, name="g", blocks=False, until="until it was studied")
    assert (few.status, few.would, verdict(GOOD, few).status) == ("shown", "undecided", "pass")
    assert {"status": "shown", "would": "fail", "until": "until it was studied"}.items() <= SHOWN.to_dict().items()
    assert "would" not in BAD.to_dict()


def test_accepting_the_undecided_does_not_accept_a_failure() -> None:
    assert judged(0.1, 0.2, 0.3, accepted="a small table").status == "fail"
    assert not verdict(judged(0.1, 0.2, 0.3, accepted="a small table")).passed


def test_the_verdict_fails_closed() -> None:
    assert verdict(GOOD, evaluated=0).failed == ["0 of 1 expectations were evaluated"]
    assert verdict(expected=0).failed == ["nothing was expected: a verdict on nothing is none"]
    assert verdict(GOOD, problems=("it broke",)).status == "fail"
    assert verdict(GOOD, met=False).failed == ["a t.pair_trend: Great Expectations and the policy disagree"]
    assert not verdict(BAD, met=True).passed
    alone = decide(twin="x", release=3, judged=[GOOD], problems=["t.x was never measured"], evaluation=Evaluation(1, 1, {}), attempt=1)
    assert (alone.status, alone.failed) == ("fail", ["t.x was never measured"])


def test_a_failure_says_by_how_much() -> None:
    assert verdict(BAD, FEW).failed == ["t.pair_trend 0.2 < 0.9", "t.pair_trend undecided: 7 rows, wanted 50"]
    near = judged(0.01, 0.04, 0.07, score="dcr_excess", goal="<= 0.05", burden="for")
    assert near.sentence == "t.dcr_excess undecided: 0.04, but perhaps 0.07 > 0.05"
    none = judged(0.1, 0.2, 0.3, goal=">= ceiling - 0.1")
    assert none.sentence == "t.pair_trend undecided: no real holdout to compare with"


def test_a_verdict_is_json_with_its_reasons() -> None:
    value = verdict(ACCEPTED).to_dict()
    assert (value["passed"], value["status"], value["expected"], value["evaluated"], value["attempt"]) == (
        True,
        "undecided-accepted",
        1,
        1,
        1,
    )
    (item,) = value["judged"]
    assert (item["status"], item["goal"], item["suite"], item["accepted"], item["loosened"]) == (
        "undecided",
        0.9,
        "fidelity",
        "a small table",
        None,
    )
    assert item["score"]["measure"] == "pair_trend"
    assert judged(0.9, 0.95, 1.0, accepted="a small table").to_dict()["accepted"] is None


def test_scores_share_the_chance_of_a_false_alarm_but_for_those_that_have_none(expectations: Path, twin, make_manifest) -> None:
    asked = requirements(load_policy(expectations), twin, make_manifest())
    sharing = [item for item in asked if item.shares]
    assert 10 < len(sharing) < len(asked)
    assert {item.level for item in sharing} == {0.025 / len(sharing)}
    assert {item.level for item in asked if not item.shares} == {0.025}
    assert {item.suite for item in sharing} == {"fidelity"}  # what is unsafe shall not pass more easily where there is more to judge
    assert not {"key_unique", "orphans", "broken_rules", "same_rows"} & {item.expectation.score for item in sharing}
    assert all(item.blocks for item in sharing)


def test_a_score_fails_at_its_own_level() -> None:
    alone, one_of_many = (judge([asked(level=level)], [score(0.83, 0.86, 0.89, df=9)])[0][0] for level in (0.025, 0.025 / 50))
    assert (alone.status, one_of_many.status) == ("fail", "pass")
    assert judge([asked(level=0.025 / 50)], [score(0.80, 0.83, 0.86, df=9)])[0][0].status == "fail"
    assert one_of_many.to_dict()["level"] == 0.0005


def test_the_verdict_says_at_what_level_it_was_judged() -> None:
    shared = judged(0.9, 0.95, 1.0, shares=True, level=0.0125)
    assert verdict(shared, GOOD).to_dict()["together"] == {"scores": 1, "level": 0.0125}
    assert verdict(GOOD).to_dict()["together"] == {}
