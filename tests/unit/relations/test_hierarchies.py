"""Hierarchies: depth and fan-out as in the source, nobody his own ancestor, and nothing that fewer than k entities have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse_twin.profiling.table_profile import Part
from warehouse_twin.relations.hierarchies import Hierarchy, fallback, learn_hierarchy, levels_of


def learned(above: np.ndarray, *, k: int = 10) -> Hierarchy:
    found = learn_hierarchy(above, np.ones(len(above), dtype=bool), np.arange(len(above)), k=k)
    assert found is not None
    return found


def depths(above: np.ndarray) -> np.ndarray:
    return levels_of(above, (above < 0) | (above == np.arange(len(above))))


def below(above: np.ndarray) -> np.ndarray:
    others = above[(above >= 0) & (above != np.arange(len(above)))]
    return np.bincount(others, minlength=len(above))


def closeness(one: np.ndarray, other: np.ndarray) -> float:
    """1 - Kolmogorov-Smirnov distance of two samples of counts."""
    size = int(max(one.max(), other.max())) + 1
    shares = [np.cumsum(np.bincount(sample, minlength=size)) / len(sample) for sample in (one, other)]
    return float(1 - np.abs(shares[0] - shares[1]).max())


def firm() -> np.ndarray:
    """One at the top, 8 below, 60 managers, 900 others: some managers with few and some with many."""
    draw = np.random.default_rng(1)
    managers, weights = np.arange(9, 69), draw.integers(1, 20, 60)
    others = draw.choice(managers, 900, p=weights / weights.sum())
    return np.concatenate([[-1], np.zeros(8), draw.integers(1, 9, 60), others]).astype(np.int64)


def test_a_firm_keeps_its_depth_and_how_many_are_below_whom() -> None:
    source = firm()
    drawn = learned(source).draw(len(source), seed=1, stream="s")
    assert (drawn < 0).sum() == 1
    assert closeness(below(source), below(drawn)) >= 0.98
    assert closeness(depths(source), depths(drawn)) >= 0.95
    assert (drawn[1:] < np.arange(1, len(drawn))).all()


def test_five_with_all_the_others_below_them_stay_five() -> None:
    source = np.concatenate([np.full(5, -1), np.arange(95) % 5])
    found = learned(source)
    assert [stratum.children.cells for stratum in found.strata] == [((0.0, 0.0, 95),)]
    drawn = found.draw(100, seed=1, stream="s")
    assert sorted(below(drawn)[:5]) == [19] * 5
    assert (drawn[5:] < 5).all()
    assert (drawn[:5] == -1).all()


def test_a_chain_stays_a_chain() -> None:
    drawn = learned(np.arange(-1, 99)).draw(50, seed=1, stream="s")
    assert drawn.tolist() == list(range(-1, 49))


def test_a_deep_tree_keeps_itslevels_of() -> None:
    """Ten roots, two below each row, six levels."""
    source = np.concatenate([np.full(10, -1), np.repeat(np.arange(310), 2)])
    drawn = learned(source).draw(len(source), seed=1, stream="s")
    assert np.bincount(depths(drawn)).tolist() == np.bincount(depths(source)).tolist() == [10, 20, 40, 80, 160, 320]
    assert sorted(below(drawn)) == sorted(below(source))


def test_rows_that_are_above_themselves_stay_so() -> None:
    source = np.concatenate([np.arange(12), np.arange(48) % 12])
    drawn = learned(source).draw(120, seed=1, stream="s")
    assert drawn[:24].tolist() == list(range(24))
    assert below(drawn)[:24].tolist() == [4] * 24


def test_rows_in_a_circle_end_somewhere() -> None:
    source = np.concatenate([[1, 0], np.full(10, -1), np.arange(40) % 10 + 2])
    assert set(depths(source)[:2]) == {1}
    drawn = learned(source).draw(52, seed=1, stream="s")
    assert (drawn[10:] < np.arange(10, 52)).all()


def test_what_is_held_out_is_not_learned_but_counts_as_below() -> None:
    source = np.concatenate([np.full(20, -1), np.repeat(np.arange(20), 3)])
    training = np.arange(80) % 4 > 0
    found = learn_hierarchy(source, training, np.arange(80), k=10)
    assert found is not None
    assert [(stratum.rows, stratum.below, stratum.children.cells) for stratum in found.strata] == [
        (15, 45, ((3.0, 3.0, 15),)),
        (45, 0, ((0.0, 0.0, 45),)),
    ]


def test_too_few_entities_make_no_stratum() -> None:
    source = np.concatenate([np.full(5, -1), np.arange(95) % 5])
    assert learn_hierarchy(source, np.ones(100, dtype=bool), np.arange(100) % 9, k=10) is None
    assert learn_hierarchy(source[:0], np.ones(0, dtype=bool), np.zeros(0, dtype=np.int64), k=10) is None


@pytest.mark.parametrize("rows", [0, 1, 2, 8, 300])
def test_without_any_level_known_the_profiled_counts_must_do(rows: int) -> None:
    for part in (Part("number"), Part("number", cells=((0.0, 0.0, 5), (2.0, 2.0, 3)), step=1.0), Part("number", protected=8)):
        drawn = fallback(0.125, part).draw(rows, seed=1, stream="s")
        assert (drawn < np.arange(rows)).all()
        assert (drawn < 0).sum() == (max(1, round(rows / 8)) if rows else 0)


@given(st.lists(st.integers(-1, 60), min_size=1, max_size=60), st.integers(0, 80), st.integers(1, 4), st.integers(0, 3))
def test_nobody_is_his_own_ancestor_whatever_the_source_is_like(above: list[int], rows: int, k: int, seed: int) -> None:
    source = np.asarray([-1 if at >= len(above) else at for at in above], dtype=np.int64)
    found = learn_hierarchy(source, np.ones(len(above), dtype=bool), np.arange(len(above)), k=k)
    if found is None:
        return
    assert Hierarchy.from_dict(found.to_dict()) == found
    drawn = found.draw(rows, seed=seed, stream="s")
    assert (drawn <= np.arange(rows)).all()
    assert ((drawn == np.arange(rows)).sum() > 0) <= (found.loops > 0)
