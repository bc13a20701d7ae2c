"""Fairness: how much an outcome depends on a protected group, in the source and in the twin, and how true the twin is to each group.

- *parity*: the difference between the largest and the smallest share of favourable outcomes of any two groups (demographic parity;
  Dwork et al. 2012, "Fairness through awareness", doi:10.1145/2090236.2090255);
- *opportunity*: the same of the shares that a model finds among those whose outcome is favourable (equal opportunity; Hardt, Price and
  Srebro 2016, "Equality of opportunity in supervised learning", arXiv:1610.02413). Models learn from source or twin and are asked
  of held-out real rows.

Groups are the values of a protected column that `k` entities hold, or quarters of its range; small ones are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from warehouse_twin.metrics.binning import Binned, ColumnBins, group_counts
from warehouse_twin.metrics.columns import Bools, Floats, Ints
from warehouse_twin.metrics.detection import boosting, features, learnable, one_thread
from warehouse_twin.metrics.levels import level_count, levels
from warehouse_twin.metrics.replicates import Replicates, scored
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.shapes import column_shape

FEWEST = 30
"""Rows of a group that its share is known from."""
FEWEST_SHAPES = 100
"""Rows of a group that the shapes of its columns are known from."""
FEWEST_LEARNED = 100
OF_A_GROUP = 10
"""Held-out rows of a group with the favourable outcome that a model is asked of."""


@dataclass(frozen=True, slots=True)
class Question:
    """A protected column, and where the outcome is favourable. `before`: real rows as they are, where the others are rebalanced."""

    samples: Samples
    protected: ColumnBins
    outcome: ColumnBins
    code: int
    """the fine bin of the favourable value"""
    before: Binned | None

    @property
    def size(self) -> int:
        """Groups, without those of other values and of none."""
        if self.protected.categories is not None:
            return self.protected.coarse_size - 2
        return level_count(self.protected) - 1

    def groups(self, sample: Binned) -> Ints:
        """The group of every row, -1 for none."""
        code = sample.coarse[self.protected.name] if self.protected.categories is not None else levels(sample, self.protected)
        return np.where(code < self.size, code, -1)

    def favoured(self, sample: Binned) -> Bools:
        found: Bools = sample.fine[self.outcome.name] == self.code
        return found


def fairness_scores(
    samples: Samples, before: Binned | None, *, protected: Sequence[str], outcome: str, favourable: str, seed: int
) -> list[Score]:
    """`parity`, `parity_error`, `opportunity` and `opportunity_error` of each protected column, then `subgroup_shape` of the table.

    All are in [0, 1]. `parity` and `opportunity` are the twin's differences; their ceiling is the source's (held-out rows for
    parity, a model of real rows for opportunity), their floor that of independent columns. The errors are how far the twin's
    is from the source's. What cannot be told has n = 0.
    """
    columns = {column.name: column for column in samples.bins}
    found: list[Score] = []
    for name in protected:
        code = code_of(columns.get(outcome), favourable)
        if code is None or name not in columns or columns[name].kind == "opaque":
            found += [_unknown(measure, samples.table, name) for measure in MEASURES]
            continue
        asked = Question(samples, columns[name], columns[outcome], code, before)
        found += [*_parity(asked), *_opportunity(asked, seed=seed)]
    return [*found, subgroup_shape(samples, protected)]


MEASURES = ("parity", "parity_error", "opportunity", "opportunity_error")


def code_of(column: ColumnBins | None, value: str) -> int | None:
    """The fine bin of a value that is written as text; None where the column has none for it."""
    if column is None:
        return None
    if column.categories is not None:
        known = column.categories.to_pylist()
        return known.index(value) if value in known else None
    try:
        found = np.flatnonzero(np.equal(column.knots, float(value))) if column.knots is not None else np.zeros(0)
    except ValueError:
        return None
    return 2 * int(found[0]) + 1 if len(found) else None


def difference(favoured: Ints, rows: Ints, valid: Bools) -> float:
    """The largest share less the smallest, over valid groups that have rows; 0 with fewer than two."""
    used = valid & (rows > 0)
    if used.sum() < 2:
        return 0.0
    shares = favoured[used] / rows[used]
    return float(shares.max() - shares.min())


def _unknown(measure: str, table: str, *columns: str) -> Score:
    lower = measure != "subgroup_shape"
    return Score(measure, table, 1.0 if lower else 0.0, 0.0, 1.0, 0, "lower" if lower else "higher", columns=columns)


def _counts(asked: Question, sample: Binned) -> tuple[Ints, Ints]:
    """Favourable rows and rows of each jackknife group and protected group, shape `(groups, size)`."""
    code, favoured = asked.groups(sample), asked.favoured(sample)
    rows = group_counts(code, sample.group, groups=sample.groups, size=asked.size)
    return group_counts(np.where(favoured, code, -1), sample.group, groups=sample.groups, size=asked.size), rows


def _parity(asked: Question) -> list[Score]:
    samples, name = asked.samples, asked.protected.name
    real, drawn = _counts(asked, samples.training), _counts(asked, samples.synthetic)
    valid = (real[1].sum(axis=0) >= FEWEST) & (drawn[1].sum(axis=0) >= FEWEST)
    if valid.sum() < 2:
        return [_unknown(measure, samples.table, name) for measure in MEASURES[:2]]

    def gap(counts: tuple[Ints, Ints]) -> float:
        return difference(counts[0].sum(axis=0), counts[1].sum(axis=0), valid)

    def without(counts: tuple[Ints, Ints]) -> Floats:
        whole = [part.sum(axis=0) for part in counts]
        return np.array([difference(whole[0] - one, whole[1] - all_, valid) for one, all_ in zip(*counts, strict=True)])

    here, there = gap(drawn), gap(real)
    floor, held = (
        None if sample is None or not sample.rows else gap(_counts(asked, sample)) for sample in (samples.floor, samples.holdout)
    )
    before = held if asked.before is None or not asked.before.rows else gap(_counts(asked, asked.before))
    more = {"table": samples.table, "n": samples.n, "columns": (name,), "better": "lower"}
    own = scored(Replicates(here, (without(drawn),)), measure="parity", floor=floor, ceiling=before, **more)  # type: ignore[arg-type]
    apart = Replicates(abs(here - there), (np.abs(without(drawn) - there), np.abs(here - without(real))))
    yardsticks = {"floor": _apart(floor, there), "ceiling": _apart(held, there)}
    return [own, scored(apart, measure="parity_error", **more, **yardsticks)]  # type: ignore[arg-type]


def _apart(one: float | None, other: float) -> float | None:
    return None if one is None else abs(one - other)


def _opportunity(asked: Question, *, seed: int) -> list[Score]:
    samples, name, held = asked.samples, asked.protected.name, asked.samples.holdout
    unknown = [_unknown(measure, samples.table, name) for measure in MEASURES[2:]]
    if held is None or min(samples.n, held.rows) < FEWEST_LEARNED:
        return unknown
    code = np.where(asked.favoured(held), asked.groups(held), -1)
    rows = group_counts(code, held.group, groups=held.groups, size=asked.size)
    valid = rows.sum(axis=0) >= OF_A_GROUP
    if valid.sum() < 2:
        return unknown

    def gaps(sample: Binned, kept: Bools | None = None) -> tuple[float, Floats] | None:
        """The difference of a model that learned from these rows, and without each jackknife group of the held-out ones."""
        said = _said(asked, sample, held, kept, seed=seed)
        if said is None:
            return None
        found = group_counts(np.where(said, code, -1), held.group, groups=held.groups, size=asked.size)
        whole, every = found.sum(axis=0), rows.sum(axis=0)
        return difference(whole, every, valid), np.array(
            [difference(whole - one, every - all_, valid) for one, all_ in zip(found, rows, strict=True)]
        )

    drawn, real = gaps(samples.synthetic), gaps(samples.training)
    if drawn is None or real is None:
        return unknown
    floor = None if samples.floor is None else gaps(samples.floor)
    halves = [gaps(samples.training, samples.training.group % 2 == side) for side in (0, 1)]
    chance = None if halves[0] is None or halves[1] is None else abs(halves[0][0] - halves[1][0]) / math.sqrt(2)
    more = {"table": samples.table, "n": int(rows[:, valid].sum()), "columns": (name,), "better": "lower"}
    own = scored(Replicates(drawn[0], (drawn[1],)), measure="opportunity", floor=floor and floor[0], ceiling=real[0], **more)  # type: ignore[arg-type]
    apart = Replicates(abs(drawn[0] - real[0]), (np.abs(drawn[1] - real[1]),))
    yardsticks = {"floor": _apart(floor[0] if floor else None, real[0]), "ceiling": chance}
    return [own, scored(apart, measure="opportunity_error", **more, **yardsticks)]  # type: ignore[arg-type]


def _said(asked: Question, learned: Binned, held: Binned, kept: Bools | None, *, seed: int) -> Bools | None:
    """Whether a model says of each held-out row that its outcome is favourable; None where there is nothing to learn."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    others = [column for column in asked.samples.bins if column.name != asked.outcome.name]
    known, wanted = features(learned, others).values, asked.favoured(learned)
    if kept is not None:
        known, wanted = known[kept], wanted[kept]
    if not others or not 0 < wanted.sum() < len(wanted):
        return None
    rows, told = learnable(known, features(held, others).values)
    with one_thread():
        model = boosting(HistGradientBoostingClassifier, seed=seed).fit(rows, wanted)
        return np.asarray(model.predict(told), dtype=bool)


def subgroup_shape(samples: Samples, protected: Sequence[str]) -> Score:
    """`column_shape` of the rows of one protected group: of the group that is furthest below its ceiling. `columns` names the column
    that the group is of, and not the group. n is 0 where no group has a hundred rows on both sides."""
    columns = {column.name: column for column in samples.bins}
    found: list[Score] = []
    for name in (name for name in protected if name in columns and columns[name].kind != "opaque"):
        asked = Question(samples, columns[name], columns[name], -1, None)
        for group in range(asked.size):
            within = _within(samples, lambda sample, asked=asked, group=group: asked.groups(sample) == group, without=name)  # type: ignore[misc]
            if within.n >= FEWEST_SHAPES and within.bins:
                found.append(replace(column_shape(within)[0], measure="subgroup_shape", columns=(name,)))
    if not found:
        return _unknown("subgroup_shape", samples.table)
    return max(found, key=lambda score: score.shortfall)


def _within(samples: Samples, chosen: Callable[[Binned], Bools], *, without: str) -> Samples:
    """The rows of a group, without the column that says so."""

    def some(sample: Binned) -> Binned:
        kept = chosen(sample)
        fine, coarse = ({name: codes[kept] for name, codes in part.items()} for part in (sample.fine, sample.coarse))
        missing = {name: flags[kept] for name, flags in sample.missing.items()}
        return Binned(int(kept.sum()), fine, coarse, missing, sample.group[kept], sample.groups)

    floor, holdout = (None if sample is None else some(sample) for sample in (samples.floor, samples.holdout))
    held = holdout if holdout is not None and holdout.rows >= FEWEST_SHAPES else None
    bins = tuple(column for column in samples.bins if column.name != without)
    return Samples(samples.table, bins, some(samples.training), some(samples.synthetic), floor, held)
