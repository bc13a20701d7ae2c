"""Parity and opportunity of groups, by hand, and the group that a twin draws worst."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.binning import Binned, Holders, binned, fit_bins
from warehouse_twin.metrics.fairness import MEASURES, code_of, difference, fairness_scores, subgroup_shape
from warehouse_twin.metrics.replicates import row_groups
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.score import Score

ROWS = 2_000


def people(
    *, women: float, men: float, seed: int, rows: int = ROWS, noisy: str | None = None, favourable: tuple[object, object] = ("yes", "no")
) -> pa.Table:
    """Half women, half men; of whom these shares are hired, mostly those of much experience."""
    draw = np.random.default_rng(seed)
    sex = np.arange(rows) % 2
    years = draw.random(rows) * 10
    wanted = np.where(sex == 0, women, men)
    hired = years > 10 * (1 - wanted)
    if noisy is not None:
        years = np.where(sex == ("women", "men").index(noisy), years**2 / 10, years)
    outcome = np.where(hired, *favourable) if isinstance(favourable[0], str) else np.where(hired, favourable[0], favourable[1])
    return pa.table({"sex": np.where(sex == 0, "women", "men"), "years": years, "hired": outcome})


def samples(training: pa.Table, drawn: pa.Table, *, floor: pa.Table | None = None, holdout: pa.Table | None = None) -> Samples:
    bins = fit_bins(training, training.column_names, holders=Holders(np.arange(len(training)), 10))

    def inside(rows: pa.Table) -> Binned:
        group, groups = row_groups(len(rows), seed=1)
        return binned(rows, bins, group=group, groups=groups)

    below, above = (None if rows is None else inside(rows) for rows in (floor, holdout))
    return Samples("people", bins, inside(training), inside(drawn), below, above)


def scores(given: Samples, before: Binned | None = None, *, favourable: str = "yes", protected: str = "sex") -> dict[str, Score]:
    found = fairness_scores(given, before, protected=[protected], outcome="hired", favourable=favourable, seed=1)
    assert [score.measure for score in found] == [*MEASURES, "subgroup_shape"]
    return {score.measure: score for score in found}


def test_a_difference_by_hand() -> None:
    favoured, rows = np.array([1, 5, 9]), np.array([10, 10, 10])
    assert difference(favoured, rows, np.array([True, True, True])) == pytest.approx(0.8)
    assert difference(favoured, rows, np.array([True, True, False])) == pytest.approx(0.4)
    assert difference(favoured, np.array([10, 0, 0]), np.array([True, True, True])) == 0


def test_parity_of_twin_and_source_stand_side_by_side() -> None:
    given = samples(
        people(women=0.2, men=0.5, seed=1),
        people(women=0.4, men=0.5, seed=2),
        floor=people(women=0.35, men=0.35, seed=3),
        holdout=people(women=0.2, men=0.5, seed=4),
    )
    found = scores(given)
    parity, error = found["parity"], found["parity_error"]
    assert (parity.value, parity.floor, parity.ceiling) == pytest.approx((0.1, 0, 0.3), abs=0.06)
    assert (error.value, error.floor, error.ceiling) == pytest.approx((0.2, 0.3, 0), abs=0.06)
    assert parity.low < parity.value < parity.high
    assert error.columns == ("sex",)


def test_what_was_rebalanced_stands_beside_the_source_as_it_was() -> None:
    given = samples(people(women=0.5, men=0.5, seed=1), people(women=0.5, men=0.5, seed=2), holdout=people(women=0.5, men=0.5, seed=3))
    source = samples(people(women=0.2, men=0.6, seed=4), people(women=0.2, men=0.6, seed=4)).training
    assert scores(given, source)["parity"].ceiling == pytest.approx(0.4, abs=0.06)
    assert scores(given)["parity"].ceiling == pytest.approx(0, abs=0.06)


def test_a_model_that_learned_from_an_unfair_twin_misses_one_group() -> None:
    """In truth experience decides for both; in the twin women are not hired at all."""
    fair = {seed: people(women=0.5, men=0.5, seed=seed) for seed in (1, 2, 3)}
    honest = scores(samples(fair[1], fair[2], holdout=fair[3]))
    unfair = scores(samples(fair[1], people(women=0, men=0.5, seed=2), holdout=fair[3]))
    assert honest["opportunity"].value < 0.1
    assert honest["opportunity_error"].value < 0.1
    assert unfair["opportunity"].value > 0.8
    assert unfair["opportunity_error"].value > 0.7
    assert unfair["opportunity"].ceiling < 0.1


def test_the_group_that_is_drawn_worst_is_found_and_only_its_column_named() -> None:
    real, held = people(women=0.5, men=0.5, seed=1), people(women=0.5, men=0.5, seed=3)
    good = subgroup_shape(samples(real, people(women=0.5, men=0.5, seed=2), holdout=held), ["sex"])
    bad = subgroup_shape(samples(real, people(women=0.5, men=0.5, seed=2, noisy="women"), holdout=held), ["sex"])
    assert good.value > 0.95
    assert bad.value < good.value - 0.05
    assert bad.columns == ("sex",)
    assert bad.n == ROWS / 2


@pytest.mark.parametrize(("favourable", "said"), [((1, 0), "1"), ((True, False), "true"), ((0.5, 0.25), "0.5")])
def test_the_favourable_value_may_be_of_any_type(favourable: tuple[object, object], said: str) -> None:
    given = samples(*(people(women=0.2, men=0.5, seed=seed, favourable=favourable) for seed in (1, 2)))
    assert scores(given, favourable=said)["parity"].value == pytest.approx(0.3, abs=0.06)


def test_numbers_have_quarters_of_their_range_as_groups() -> None:
    given = samples(people(women=0.5, men=0.5, seed=1), people(women=0.5, men=0.5, seed=2))
    assert scores(given, protected="years")["parity"].value == 1, "the experienced are hired, the others are not"


def test_what_cannot_be_told_says_so() -> None:
    real, drawn = people(women=0.2, men=0.5, seed=1), people(women=0.2, men=0.5, seed=2)
    unknown = {score.n for name, score in scores(samples(real, drawn), favourable="perhaps").items() if name in MEASURES}
    assert unknown == {0}, "nobody in the source has that value"
    assert scores(samples(real, drawn))["opportunity"].n == 0, "nobody is held out"
    one_group = real.filter(pa.compute.equal(real.column("sex"), "men"))
    assert scores(samples(one_group, one_group, holdout=one_group))["parity"].n == 0
    few = {score.n for score in scores(samples(real, drawn.slice(0, 20), holdout=drawn)).values()}
    assert few == {0}
    empty = {score.n for score in scores(samples(real.slice(0, 0), drawn.slice(0, 0))).values()}
    assert empty == {0}
    assert code_of(None, "yes") is None


def test_scores_are_the_same_again() -> None:
    given = samples(people(women=0.2, men=0.5, seed=1), people(women=0.4, men=0.5, seed=2), holdout=people(women=0.2, men=0.5, seed=3))
    assert scores(given) == scores(given)
