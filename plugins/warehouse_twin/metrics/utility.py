"""Utility: whether a model that learned from the twin does as well on real rows as one that learned from the source.

Train on synthetic, test on real (Esteban, Hyland and Rätsch 2017, "Real-valued (medical) time series generation with recurrent
conditional GANs", arXiv:1706.02633), beside a model that was trained on real rows, with scikit-learn's histogram gradient boosting.
Skill is on one scale for all columns: 0 knows nothing, 1 is never wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from warehouse_twin.metrics.binning import Binned, ColumnBins
from warehouse_twin.metrics.columns import Bools, Floats, Ints
from warehouse_twin.metrics.detection import boosting, features, learnable, one_thread
from warehouse_twin.metrics.levels import levels, strengths
from warehouse_twin.metrics.replicates import Replicates, scored
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.score import Score

FEWEST = 100
"""With fewer rows to learn from, or to be tested on, no model is trained."""
CLASSES = 5
"""The commonest categories are told apart; all others are one more class."""
OF_A_CLASS = 10
"""Rows that a class and all others must have among the tested ones for the class to count; of numbers, rows that are not the commonest."""
PICKED = 3
TRIED = 10
TRIED_ROWS = 2_000
FOLLOWS = 0.95
"""What is predicted so well follows from the other columns: that it still does is asked by `broken_rules`."""
PREDICTED = 0.1


@dataclass(frozen=True, slots=True)
class Task:
    """Rows with what is known of them and what is to be predicted: a class, or a rank in [0, 1]."""

    known: Floats
    wanted: Floats | Ints
    group: Ints

    def __len__(self) -> int:
        return len(self.group)

    def some(self, rows: Bools | slice) -> Task:
        return replace(self, known=self.known[rows], wanted=self.wanted[rows], group=self.group[rows])


def utility(samples: Samples, target: str, *, seed: int, measure: str = "utility") -> Score:
    """How well a model predicts the column `target` of held-out rows from their other columns, when it learned from drawn rows.

    Skill, in [0, 1]: of categories 2 · AUC - 1 (Somers' D), each class against all others, averaged over the five commonest categories
    that k entities hold and all others as one; of numbers and times R² of their ranks among the training rows. The ceiling learned from
    as many real rows, the floor from independently drawn columns, all are tested on the same held-out rows. The interval is
    a jackknife over the entities of these, with the models as they are. Rows that lack the column are left out. Where a column is
    the same in all rows or but for one group of entities, without a second column, or with fewer than 100 rows to learn from or to be
    tested on n is 0 and the interval all of [0, 1].
    """
    column = next((column for column in samples.bins if column.name == target), None)
    if column is None or column.kind == "opaque" or len(samples.bins) < 2 or samples.holdout is None:
        return _unknown(measure, samples.table, target)
    rank = _ranks(samples.training, column)
    real, drawn, held = (_task(sample, samples.bins, column, rank) for sample in (samples.training, samples.synthetic, samples.holdout))
    apart = None if samples.floor is None else _task(samples.floor, samples.bins, column, rank)
    rows = min(len(task) for task in (real, drawn, apart) if task is not None)
    if min(rows, len(held)) < FEWEST or not _varies(real.wanted[:rows]):
        return _unknown(measure, samples.table, target)
    found, *yardsticks = (None if task is None else _tested(task.some(slice(rows)), held, seed=seed) for task in (drawn, apart, real))
    if found is None or not found.samples:
        return _unknown(measure, samples.table, target)
    floor, ceiling = (None if one is None else max(0.0, one.value) for one in yardsticks)
    n = min(rows, len(held))
    return scored(found, measure=measure, table=samples.table, n=n, columns=(target,), floor=floor, ceiling=ceiling)


def utility_worst(samples: Samples, candidates: Collection[str], *, seed: int) -> Score:
    """`utility` of the picked column that is furthest below its ceiling, which `columns` names; n is 0 where none can be picked."""
    scores = [utility(samples, name, seed=seed, measure="utility_worst") for name in picked(samples, candidates, seed=seed)]
    known = [score for score in scores if score.n]
    if not known:
        return _unknown("utility_worst", samples.table)
    return max(known, key=lambda score: score.shortfall)


def picked(samples: Samples, candidates: Collection[str], *, seed: int) -> list[str]:
    """Up to three columns of `candidates` that models predict best from the other columns, decided on the training rows alone.

    Of the ten that go furthest together with another column those are picked that a model which learned from half of the training
    entities predicts best for the other half; what is predicted nearly in full comes last, and of what is hardly predicted one is
    picked where there is nothing else.
    """
    asked = [column for column in samples.bins if column.name in candidates and column.kind != "opaque"]
    codes = {column.name: levels(samples.training, column)[:TRIED_ROWS] for column in samples.bins}
    strength = strengths(codes, [column.name for column in asked])
    tried = sorted(asked, key=lambda column: -strength[column.name])[:TRIED]
    skills = {column.name: skill for column in tried if (skill := _tried(samples, column, seed=seed)) is not None}
    best = sorted(skills, key=lambda name: (skills[name] >= FOLLOWS, -skills[name]))
    return [name for name in best if skills[name] >= PREDICTED][:PICKED] or best[:1]


def _tried(samples: Samples, column: ColumnBins, *, seed: int) -> float | None:
    """The skill of one half of the training entities for the other; None where there is nothing to learn."""
    task = _task(samples.training, samples.bins, column, _ranks(samples.training, column)).some(slice(TRIED_ROWS))
    learned, other = task.some(task.group % 2 == 0), task.some(task.group % 2 == 1)
    if min(len(learned), len(other)) < FEWEST // 2 or not _varies(learned.wanted):
        return None
    skill = _tested(learned, other, seed=seed).value
    return skill if np.isfinite(skill) else None


def _unknown(measure: str, table: str, *columns: str) -> Score:
    return Score(measure, table, 0.0, 0.0, 1.0, 0, columns=columns)


def _varies(values: Floats | Ints) -> bool:
    return bool((values != values[:1]).any())


def _ranks(training: Binned, column: ColumnBins) -> Floats:
    """What is predicted of a row in each fine bin: a class, or which share of the training rows lies below."""
    if column.categories is not None:
        return np.minimum(np.arange(column.fine_size), min(CLASSES, column.fine_size - 1)).astype(np.float64)
    fine = training.fine[column.name]
    counts = np.bincount(fine[fine >= 0], minlength=column.fine_size)
    below: Floats = (np.cumsum(counts) - counts / 2) / max(counts.sum(), 1)
    return below


def _task(sample: Binned, bins: Sequence[ColumnBins], column: ColumnBins, rank: Floats) -> Task:
    """The rows that have the column."""
    others = [one for one in bins if one.name != column.name]
    fine = sample.fine[column.name]
    wanted = rank[fine] if column.categories is None else rank[fine].astype(np.int64)
    return Task(features(sample, others).values, wanted, sample.group).some(fine >= 0)


def _tested(learned: Task, held: Task, *, seed: int) -> Replicates:
    """The skill for `held` rows of a model that learned from others, and the same without each group of them."""
    said = _said(learned, held.known, seed=seed)
    value = _skill(held.wanted, said)
    present = np.unique(held.group)
    without = [_skill(held.wanted[held.group != group], said[held.group != group]) for group in present]
    return Replicates(value, (np.asarray(without),) if np.isfinite([value, *without]).all() else ())


def _said(learned: Task, known: Floats, *, seed: int) -> Floats:
    """A score of every class for each row, shape `(rows, classes)`, or its rank, `(rows,)`."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    classes = learned.wanted.dtype.kind == "i"
    if not _varies(learned.wanted):
        return np.zeros((len(known), CLASSES + 1)) if classes else np.full(len(known), learned.wanted[0])
    model = boosting(HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor, seed=seed)
    rows, asked = learnable(learned.known, known)
    with one_thread():
        model.fit(rows, learned.wanted)
        if not classes:
            return np.asarray(model.predict(asked))
        found = np.zeros((len(known), CLASSES + 1))
        found[:, model.classes_] = model.predict_proba(asked)
        return found


def _skill(wanted: Floats | Ints, said: Floats) -> float:
    """R² of ranks, or the mean of 2 · AUC - 1 over the classes; at most 1, NaN where nothing can be told."""
    from sklearn.metrics import r2_score

    if said.ndim == 1:
        apart = len(wanted) - np.unique(wanted, return_counts=True)[1].max(initial=0)
        return float(r2_score(wanted, said)) if apart >= OF_A_CLASS else float("nan")
    found = list(_areas(wanted, said))
    return 2 * float(np.mean(found)) - 1 if found else float("nan")


def _areas(wanted: Floats | Ints, said: Floats) -> Iterator[float]:
    """The area under the ROC curve of each class against all others."""
    from scipy.stats import rankdata

    for code in range(said.shape[1]):
        mine = wanted == code
        inside = int(mine.sum())
        outside = len(mine) - inside
        if min(inside, outside) >= OF_A_CLASS:
            yield (rankdata(said[:, code])[mine].sum() / inside - (inside + 1) / 2) / outside
