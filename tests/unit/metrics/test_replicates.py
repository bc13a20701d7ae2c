"""The jackknife gives the textbook variance of a mean, keeps entities together and admits what it cannot know."""

from __future__ import annotations

import math

import numpy as np
import pytest

from warehouse_twin.metrics.replicates import Replicates, entity_groups, jackknife_variance, mean_of, row_groups, scored


def test_for_a_mean_the_variance_is_that_of_the_textbook() -> None:
    values = np.array([3.0, 5.0, 8.0, 12.0])
    left_out = (values.sum() - values) / 3
    assert jackknife_variance(left_out) == pytest.approx(values.var(ddof=1) / 4)


def test_the_interval_uses_students_t_and_stays_within_bounds() -> None:
    sample = np.array([0.9, 1.1])
    replicates = Replicates(0.5, (sample, np.array([0.5, 0.5])))
    assert replicates.half_width == pytest.approx(12.7062 * 0.1, rel=1e-5)  # variance ½ · (0.1² + 0.1²), one degree of freedom
    assert replicates.interval() == (0.0, 1.0)
    assert replicates.interval(least=-1.0)[0] == pytest.approx(0.5 - 1.2706, abs=1) == -0.7706


def test_with_one_group_nothing_is_known() -> None:
    assert math.isinf(Replicates(0.7, (np.array([0.7]), np.ones(10))).half_width)
    assert Replicates(0.7, ()).interval() == (0.0, 1.0)


def test_entities_are_never_split_and_groups_are_even() -> None:
    entities = np.repeat(np.arange(100), 7)
    group, count = entity_groups(entities, seed=3)
    assert count == 10
    assert all(len(set(group[entities == entity].tolist())) == 1 for entity in range(100))
    assert np.bincount(group).tolist() == [70] * 10


def test_fewer_entities_than_groups_make_fewer_groups() -> None:
    assert entity_groups(np.array([5, 5, 9]), seed=3)[1] == 2
    assert row_groups(0, seed=3)[1] == 0


def test_groups_are_a_function_of_the_seed() -> None:
    assert row_groups(50, seed=1)[0].tolist() == row_groups(50, seed=1)[0].tolist() != row_groups(50, seed=2)[0].tolist()


def test_the_mean_of_statistics_has_the_mean_of_their_replicates() -> None:
    one, other = Replicates(0.2, (np.array([0.1, 0.3]),)), Replicates(0.6, (np.array([0.5, 0.7]),))
    whole = mean_of([one, other])
    assert whole.value == pytest.approx(0.4)
    assert whole.samples[0].tolist() == pytest.approx([0.3, 0.5])


def test_a_score_has_its_value_within_bounds_and_interval() -> None:
    score = scored(Replicates(1.4, (np.array([1.3, 1.5]),)), measure="m", table="t", n=2)
    assert (score.value, score.high) == (1.0, 1.0)
    assert score.low <= score.value
