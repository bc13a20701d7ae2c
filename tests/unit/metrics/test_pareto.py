"""The front of models, by figures known by hand."""

from __future__ import annotations

from warehouse_twin.metrics.pareto import Figures, pareto_front


def test_who_is_beaten_in_all_three_figures_is_not_on_the_front() -> None:
    good, cheap = Figures(0.95, 0.01, 60.0), Figures(0.90, 0.0, 1.0)
    beaten = Figures(0.90, 0.02, 5.0)
    assert pareto_front([good, cheap, beaten]) == [True, True, False]
    assert pareto_front([good, good]) == [True, True], "equals do not beat each other"
    assert pareto_front([]) == []


def test_what_was_not_measured_is_worst_and_without_fidelity_nobody_is_on_the_front() -> None:
    assert pareto_front([Figures(0.9, 0.0, 1.0), Figures(0.9, None, 1.0)]) == [True, False]
    assert pareto_front([Figures(None, None, 1.0)]) == [False]


def test_figures_are_those_of_the_scores() -> None:
    scores = {"column_shape": 0.9, "pair_trend": 0.8004, "dcr_excess": -0.02, "exact_copies": 0.5}
    assert Figures.of(scores, cost=2.04) == Figures(0.85, 0.0, 2.0)
    assert Figures.of({"column_shape": 0.9}, cost=None) == Figures(0.9, None, None)
    assert Figures.of({}, cost=1.0) == Figures(None, None, 1.0)
