"""Great Expectations evaluates what the policy asks, and whatever it leaves out fails the verdict."""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from warehouse_twin.gates import expecting
from warehouse_twin.gates.expecting import SCHEMA_EXPECTATIONS, SUITE_SIZE, Rows, evaluate
from warehouse_twin.gates.judging import Requirement, judge
from warehouse_twin.gates.policy import Expectation
from warehouse_twin.gates.verdict import Evaluation, Verdict, decide
from warehouse_twin.metrics.score import Score

BEYOND = pa.array([-800_000], pa.date32())  # in 221 BC, which pandas has no day for
TABLE = Rows("trips", ("id", "km"), pa.table({"id": [1], "km": BEYOND}), filled=True)


def asked(name: str, measure: str = "column_shape", columns: tuple[str, ...] = ("km",), **changes: object) -> Requirement:
    scope = "column" if measure in ("column_shape", "null_share") else "table"
    item = {
        "name": name,
        "score": measure,
        "scope": scope,
        "goal": ">= 0.9",
        "min_n": 10,
        "severity": "critical",
        "why": "because it matters",
    }
    return Requirement(
        Expectation.model_validate(item), **{"suite": "fidelity", "burden": "against", "table": "trips", "columns": columns, **changes}
    )


def score(measure: str = "column_shape", value: float = 0.95, columns: tuple[str, ...] = ("km",), n: int = 100) -> Score:
    return Score(measure, "trips", value, value - 0.01, value + 0.01, n, columns=columns)


ASKED = [asked("shape"), asked("nulls", "null_share"), asked("least", "pair_trend_min", ())]
SCORES = [score(), score("null_share"), score("pair_trend_min", columns=("km", "fare"))]


@pytest.fixture
def run(tmp_path: Path):
    def evaluated(requirements: Sequence[Requirement] = ASKED, scores: Sequence[Score] = SCORES, tables: Sequence[Rows] = (TABLE,)):
        judged, problems = judge(requirements, scores)
        evaluation = evaluate(requirements, judged, scores, tables, docs=tmp_path / "docs", scratch=tmp_path / "scratch")
        verdict = decide(twin="cabs", release=1, judged=judged, problems=problems, evaluation=evaluation, attempt=1)
        return evaluation, verdict

    return evaluated


def test_what_meets_its_goal_passes_and_leaves_docs(run, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        evaluation, verdict = run()
    assert (evaluation.expected, evaluation.evaluated, evaluation.problems) == (5, 5, ())
    assert verdict.status == "pass"
    page = next((tmp_path / "docs" / "expectations").glob("trips scores*")).read_text()
    assert "column_shape" in page
    assert list((tmp_path / "scratch").iterdir()) == []
    assert [record for record in caplog.records if record.name.startswith("great_expectations")] == []


def test_it_says_what_the_policy_says_of_each_score(run) -> None:
    requirements = [asked("bad"), asked("few", "null_share"), asked("fine", "pair_trend_min", (), accepted="a small table")]
    scores = [score(value=0.5), score("null_share", n=3), score("pair_trend_min", n=3, columns=("a", "b"))]
    evaluation, verdict = run(requirements, scores)
    assert [evaluation.met[item.key] for item in requirements] == [False, False, True]
    assert verdict.status == "fail"
    assert verdict.problems == ()


def test_a_score_that_is_missing_fails_in_both(run) -> None:
    evaluation, verdict = run(scores=SCORES[:2])
    assert evaluation.met[ASKED[2].key] is False
    assert verdict.failed == ["trips.pair_trend_min was never measured, wanted once"]


def test_an_expectation_that_is_left_out_fails_the_verdict(run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = expecting._suites

    def short(*arguments):
        for name, frame, expectations in whole(*arguments):
            yield name, frame, expectations[1:]

    monkeypatch.setattr(expecting, "_suites", short)
    evaluation, verdict = run()
    assert (evaluation.expected, evaluation.evaluated) == (5, 3)
    assert not verdict.passed
    assert "3 of 5 expectations were evaluated" in verdict.failed


def test_an_expectation_that_is_not_registered_fails_the_verdict(run, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    from great_expectations.expectations import registry

    monkeypatch.delitem(registry._registered_expectations, "expect_score_to_meet_goal")
    evaluation, verdict = run(tables=())
    assert evaluation.evaluated == 0
    assert not verdict.passed


def test_an_exception_inside_fails_the_verdict_and_shows_no_value(
    run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*arguments: object, **named: object) -> str:
        raise ValueError("SECRET")

    from warehouse_twin.gates import score_expectation

    monkeypatch.setattr(score_expectation, "status_of", broken)
    _, verdict = run()
    assert not verdict.passed
    assert any("raised an exception" in text or "stopped with" in text for text in verdict.problems)
    monkeypatch.setattr(expecting, "_run", broken)
    evaluation, verdict = run()
    assert evaluation == Evaluation(5, 0, {}, ("Great Expectations stopped with ValueError; nothing was evaluated",))
    assert not verdict.passed
    assert "SECRET" not in str(verdict.to_dict()) + caplog.text


def test_a_disk_that_is_full_gives_no_verdict(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Great Expectations raises errors of its own for it."""

    def full(*arguments: object, **named: object) -> str:
        raise RuntimeError("cannot scaffold") from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(expecting, "_run", full)
    with pytest.raises(RuntimeError, match="cannot scaffold"):
        run()


def test_a_full_disk_that_was_only_logged_is_met(caplog: pytest.LogCaptureFixture) -> None:
    def logs(text: str) -> None:
        with expecting._told_of_the_disk("a tool"):
            logging.getLogger("a tool").error("%s\nTraceback", text)

    with pytest.raises(OSError, match="No space left on device"):
        logs("[Errno 28] No space left on device")
    assert caplog.text == ""
    logs("something else")
    assert "something else" in caplog.text


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (Rows("trips", ("km", "id"), TABLE.head, filled=True), "columns trips"),
        (Rows("trips", ("id", "km", "gone"), TABLE.head, filled=True), "columns trips"),
        (Rows("trips", ("id", "km"), TABLE.head.slice(0, 0), filled=True), "rows trips"),
    ],
)
def test_a_table_of_another_shape_fails_the_verdict(run, rows: Rows, problem: str) -> None:
    _, verdict = run(tables=(rows,))
    assert verdict.failed == [f"{problem} of the twin's table is not as in the source"]


def test_an_empty_table_may_be_empty_where_the_source_is(run) -> None:
    assert run(tables=(Rows("trips", ("id", "km"), TABLE.head.slice(0, 0), filled=False),))[1].passed


def test_suites_are_split(run) -> None:
    count = SUITE_SIZE + 3
    requirements = [asked(f"shape{index}", columns=(f"c{index}",)) for index in range(count)]
    evaluation, verdict = run(requirements, [score(columns=(f"c{index}",)) for index in range(count)])
    assert evaluation.evaluated == count + SCHEMA_EXPECTATIONS
    assert verdict.passed


def test_nothing_is_sent_anywhere(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    verdict: Verdict = run()[1]
    assert verdict.passed
    assert not (tmp_path / "home").exists()


def test_scores_are_judged_at_their_own_level_here_too(run) -> None:
    """0.88 ± 0.01 misses 0.9 by two half-widths of a 95 % interval, and at 0.0005 by less than its half-width."""
    near = [Score("column_shape", "trips", 0.88, 0.87, 0.89, 100, columns=("km",), df=9)]
    for level, met in ((0.025, False), (0.0005, True)):
        evaluation, verdict = run([asked("shape", level=level)], near, tables=())
        assert list(evaluation.met.values()) == [met]
        assert not verdict.problems
