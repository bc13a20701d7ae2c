"""The policy is read whole or not at all, with every fault and its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse_twin.errors import ConfigurationError, ManifestError
from warehouse_twin.gates.measures import MEASURES
from warehouse_twin.gates.policy import Expectation, goal_names, load_policy
from warehouse_twin.metrics.score import Score

ITEM = {
    "name": "a",
    "score": "pair_trend",
    "scope": "table",
    "goal": ">= 0.9",
    "min_n": 1,
    "severity": "critical",
    "why": "because it matters",
}


def score(**changes: object) -> Score:
    return Score(**{"measure": "pair_trend", "table": "t", "value": 0.5, "low": 0.4, "high": 0.6, "n": 9, **changes})


def test_the_shipped_policy_is_complete(expectations: Path) -> None:
    policy = load_policy(expectations)
    assert [suite.suite for suite in policy.suites] == ["fidelity", "privacy"]
    assert {item.score for _, item in policy.expectations} == set(MEASURES) - {"null_share"}
    assert {"column_shape", "pair_trend", "orphans", "exact_copies", "dcr_excess"} <= set(goal_names(expectations))


def test_the_digest_is_of_what_the_policy_says(expectations: Path, tmp_path: Path) -> None:
    for file in expectations.glob("*.yml"):
        (tmp_path / file.name).write_text(f"# a remark\n{file.read_text()}")
    assert load_policy(tmp_path).digest == load_policy(expectations).digest
    privacy = tmp_path / "privacy.yml"
    privacy.write_text(privacy.read_text().replace("<= 0.08", "<= 0.09"))
    assert load_policy(tmp_path).digest != load_policy(expectations).digest


@pytest.mark.parametrize(
    ("goal", "better", "wanted"),
    [
        (">= 0.97", "pair_trend", 0.97),
        (">= ceiling - 0.03", "pair_trend", 0.87),
        (">=floor+0.25", "pair_trend", 0.45),
        ("<= 0", "orphans", 0.0),
        ("<= ceiling + 0.5", "orphans", 1.4),
    ],
)
def test_a_goal_is_a_bound_or_a_margin(goal: str, better: str, wanted: float) -> None:
    item = Expectation.model_validate(
        {**ITEM, "score": better, "scope": "table" if better == "pair_trend" else "foreign_key", "goal": goal}
    )
    assert item.bound(score(floor=0.2, ceiling=0.9)) == pytest.approx(wanted)


def test_a_manifests_number_takes_the_place_of_the_goals() -> None:
    item = Expectation.model_validate({**ITEM, "goal": ">= ceiling - 0.03"})
    assert item.bound(score(ceiling=0.9), number=0.2) == pytest.approx(0.7)


def test_otherwise_is_for_scores_without_a_yardstick() -> None:
    plain = Expectation.model_validate({**ITEM, "goal": ">= ceiling - 0.03"})
    item = Expectation.model_validate({**ITEM, "goal": ">= ceiling - 0.03", "otherwise": ">= 0.8"})
    assert plain.bound(score()) is None
    assert item.bound(score()) == 0.8
    assert item.bound(score(ceiling=0.9)) == pytest.approx(0.87)


def test_every_fault_of_every_file_is_reported_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text(
        """suite: one
judged: maybe
expectations:
  - {name: a, score: pair_tren, scope: table, goal: ">= 1", min_n: 0, severity: critical, why: because it matters}
  - {name: b, score: orphans, scope: table, goal: "<= 0", min_n: 0, severity: critical, why: because it matters}
  - {name: c, score: orphans, scope: foreign_key, goal: ">= 0", min_n: 0, severity: critical, why: because it matters}
  - {name: d, score: pair_trend, scope: table, goal: better, min_n: -1, severity: fatal, colour: red}
"""
    )
    (tmp_path / "two.yml").write_text("suite: [\n")
    with pytest.raises(ManifestError) as caught:
        load_policy(tmp_path)
    text = str(caught.value)
    for wanted in (
        "one.yml:2:9: judged: got 'maybe'",
        "one.yml:4:5: expectations[0]: unknown score 'pair_tren'",
        "did you mean pair_trend?",
        "expectations[1]: orphans is not taken of a table; wanted foreign_key",
        "expectations[2]: of orphans, lower is better; wanted goals with <=",
        "expectations[3].goal: got 'better', wanted a goal such as",
        "expectations[3].min_n: got -1",
        "expectations[3].severity: got 'fatal'",
        "expectations[3].why: missing",
        "expectations[3].colour: got 'red'; extra inputs",
        "two.yml:2:1: not YAML",
    ):
        assert wanted in text


def test_a_measure_in_a_scope_is_judged_once(tmp_path: Path) -> None:
    item = '  - {name: NAME, score: orphans, scope: foreign_key, goal: "<= 0", min_n: 0, severity: critical, why: because it matters}\n'
    for name in ("one", "two"):
        (tmp_path / f"{name}.yml").write_text(f"suite: {name}\njudged: for\nexpectations:\n{item.replace('NAME', name)}")
    with pytest.raises(ManifestError, match=r"two\.yml:4:.*orphans of a foreign_key is there already, in .*one\.yml; wanted once"):
        load_policy(tmp_path)


def test_otherwise_is_a_bound() -> None:
    with pytest.raises(ValueError, match="wanted a bound without one"):
        Expectation.model_validate({**ITEM, "otherwise": ">= floor + 0.1"})


def test_a_folder_without_policy_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no policy"):
        load_policy(tmp_path)


def test_what_does_not_block_says_what_it_waits_for() -> None:
    item = Expectation.model_validate({**ITEM, "blocks": False, "until": "until it was studied"})
    assert (item.blocks, item.until) == (False, "until it was studied")
    for change in ({"blocks": False}, {"until": "until it was studied"}, {"blocks": True, "until": "until it was studied"}):
        with pytest.raises(ValueError, match="blocks: false and until go together"):
            Expectation.model_validate({**ITEM, **change})


def test_what_was_not_studied_yet_is_shown_and_blocks_nothing(expectations: Path) -> None:
    shown = {item.name for _, item in load_policy(expectations).expectations if not item.blocks}
    of_times = {"horizon", "autocorrelation", "step_trend", "event_gaps"}
    of_rows = {"tails", "triple_trend", "unique_key", "mode_coverage", "detection", "near_duplicates"}
    of_queries, of_models = {"query_error", "query_rank", "join_rows"}, {"utility", "utility_worst"}
    of_groups = {"parity", "parity_error", "opportunity", "opportunity_error", "subgroup_shape"}
    of_releases, over_keys = {"source_drift", "twin_drift"}, {"hop_trend_1", "hop_trend_2", "hop_trend_3", "detection_with_children"}
    assert shown == over_keys | of_times | of_rows | of_queries | of_models | of_groups | of_releases
