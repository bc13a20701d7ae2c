"""A study's lines: means over seeds, the interval of closeness over all draws, and shares that are paired."""

import numpy as np
import pyarrow as pa
from benchmarks import measures, study


def measured(shape: float, draws: list[float]) -> dict[str, object]:
    return {"shape": shape, "c2st": None, "tstr": {"auc": shape}, "dcr_excess": float(np.mean(draws)), "dcr_draws": np.asarray(draws)}


def test_a_line_has_means_over_seeds_and_the_interval_over_draws() -> None:
    case = study.Case("tiny", pa.table({"x": [1]}), pa.table({"x": [1]}), {})
    line = study._line(case, "tree", [1, 2], [measured(0.9, [0.0, 0.01]), measured(0.7, [0.02, 0.03])])
    assert (line["shape"], line["tstr"], line["c2st"], line["dcr_excess"]) == (0.8, {"auc": 0.8}, None, 0.015)
    assert 0.0 <= line["dcr_excess_interval"][0] < 0.002
    assert 0.028 < line["dcr_excess_interval"][1] <= 0.03
    assert "dcr_draws" not in line


def test_rows_that_were_copied_are_closer_to_where_they_are_from() -> None:
    training, holdout = np.arange(0.0, 100.0)[:, None], np.arange(0.0, 100.0)[:, None] + 0.4
    assert measures.closer_shares(training, training, holdout, seed=1).tolist() == [1.0] * 10
    assert measures.closer_shares(holdout, training, holdout, seed=1).tolist() == [0.0] * 10


def test_the_profile_of_a_study_has_pairs_and_rules() -> None:
    x = np.random.default_rng(1).integers(0, 50, 2_000)
    profile = study.profile_of(pa.table({"x": x, "y": x * 2}))
    assert profile.pairs[0][:2] == ("x", "y")
    assert profile.rules
