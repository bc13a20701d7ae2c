"""Margins: log-linear terms over a tree, one for each feature, by which the pairs of columns it draws agree with the real ones.

A tree splits on what says most and has no rows left for what says a little. Its classes, taken together in groups, are therefore
weighed by a factor for each value of each feature, fitted by iterative proportional scaling (Darroch, Ratcliff, "Generalized
iterative scaling for log-linear models", Annals of Mathematical Statistics 43, 1972): after a step the groups' expected counts beside
the values of that feature are the real ones, as far as these are more than chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Features = Sequence[NDArray[np.float32]]
GROUPS, COMMON = 20, 31
"""Groups of classes in order, about evenly filled; and the commonest classes out of order that are a group each."""
FEW, BIN_ROWS = 30, 100
"""So many values of a feature are told apart whatever their rows; of more, neighbours are taken together up to these rows."""
BINS, BINS_OF_CATEGORIES = 1_500, 400
"""Bins of a feature at the most, for classes that are in order and for those that are not, whose groups are sharper."""
SWEEPS, LEAST_TRUST, LONGEST_STEP = 2, 0.02, 1.5
TERMS = 16
"""Features that have a term at the most, those that are furthest from the real ones."""
LEAST_SHARE = np.float32(1e-7)
PRIOR_ROWS = 2.0
"""Rows as expected that a bin is given besides its own."""


@dataclass(frozen=True)
class Term:
    """The factors of one feature: `bins` by its code + 1 (the first is null's), `logs` of shape (bins, groups)."""

    feature: int
    bins: Ints
    logs: NDArray[np.float32]


@dataclass(frozen=True)
class Margins:
    """`groups` says of each class in which group it is."""

    groups: Ints
    terms: tuple[Term, ...]

    def weighed(self, histograms: NDArray[np.float32], leaf: Ints, features: Features, rows: slice) -> NDArray[np.float32]:
        """The cumulative weights of the rows' classes, shape (rows, classes): shares in their `leaf` of `histograms`, also cumulative,
        times the factors of their features."""
        from warehouse_twin.synthesizers.walking import weighed

        seen = np.stack([features[term.feature][rows] for term in self.terms])
        return weighed(histograms, leaf, self.groups, seen, *self._joined)

    @cached_property
    def _joined(self) -> tuple[Ints, Ints, NDArray[np.float32]]:
        """Where each term's bins begin, with the end of the last; the places of all of them in `logs`; and these, one below another."""
        starts = np.cumsum([0, *(len(term.bins) for term in self.terms)])
        firsts = np.cumsum([0, *(len(term.logs) for term in self.terms)])
        bins = np.concatenate([term.bins + first for term, first in zip(self.terms, firsts[:-1], strict=True)])
        return starts, bins, np.concatenate([term.logs for term in self.terms])

    def most(self) -> Floats:
        """A bound on what the share of each class can be multiplied by once shares add up to one."""
        highest = np.sum([term.logs.max(axis=0) for term in self.terms], axis=0, dtype=np.float64)
        lowest = float(np.sum([term.logs.min() for term in self.terms], dtype=np.float64))
        found: Floats = np.exp(highest - lowest)[self.groups]
        return found

    def to_row(self) -> dict[str, Any]:
        return {
            "groups": self.groups,
            "terms": [{"feature": term.feature, "bins": term.bins, "logs": term.logs.ravel()} for term in self.terms],
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Margins | None:
        if not row["terms"]:
            return None
        groups = np.asarray(row["groups"], dtype=np.int64)
        width = int(groups.max()) + 1
        terms = (
            Term(term["feature"], np.asarray(term["bins"], dtype=np.int64), np.asarray(term["logs"], dtype=np.float32).reshape(-1, width))
            for term in row["terms"]
        )
        return cls(groups, tuple(terms))


def binned_codes(bins: Ints, codes: NDArray[np.float32]) -> Ints:
    """The bin of each code; what no training row had goes with the last."""
    found: Ints = bins[np.minimum(codes.astype(np.int64) + 1, len(bins) - 1)]
    return found


def bins_of(codes: NDArray[np.float32], *, most: int) -> Ints:
    """The bin of each code + 1: its own where there are few, else with its neighbours."""
    rows = np.bincount(codes.astype(np.int64) + 1)
    if len(rows) <= FEW:
        return np.arange(len(rows), dtype=np.int64)
    limit = max(rows.sum() / most, BIN_ROWS)
    bins = np.zeros(len(rows), dtype=np.int64)
    current, filled = 0, 0
    for code, count in enumerate(rows.tolist()):
        if filled and filled + count / 2 > limit:
            current, filled = current + 1, 0
        bins[code] = current
        filled += count
    return bins


def groups_of(targets: Ints, classes: int, *, ordered: int) -> Ints:
    """The group of each class: neighbours where the first `ordered` classes are in order, else the commonest alone."""
    counts = np.bincount(targets, minlength=classes).astype(np.float64)
    if ordered:
        middle = np.cumsum(counts[:ordered]) - counts[:ordered] / 2
        _, groups = np.unique(np.floor(middle / max(counts[:ordered].sum(), 1.0) * GROUPS), return_inverse=True)
        found: Ints = np.r_[groups, groups.max() + 1 + np.arange(classes - ordered)].astype(np.int64)
        return found
    groups = np.full(classes, COMMON, dtype=np.int64)
    if classes <= COMMON + 1:
        return np.arange(classes, dtype=np.int64)
    groups[np.argsort(-counts, kind="stable")[:COMMON]] = np.arange(COMMON)
    return groups


@dataclass(frozen=True)
class Pair:
    """A feature beside the groups: its bins, those of the drawn rows, and how many real rows are in each bin and group."""

    feature: int
    bins: Ints
    drawn: Ints
    real: Floats


def fit_margins(pairs: Sequence[Pair], groups: Ints, expected: NDArray[np.float32], *, least_rows: int, ordered: int = 0) -> Margins | None:
    """The terms that lead from the `expected` shares of groups of the drawn rows, shape (rows, groups), to the real counts.

    The first `ordered` groups are in order. A bin of fewer than `least_rows` real rows has no term. None where no feature shows more
    than chance.
    """
    from warehouse_twin.synthesizers.scaling import counted, scaled

    shares = np.maximum(expected, LEAST_SHARE)
    waves = _waves(expected.shape[1], ordered)

    def compared(pair: Pair) -> _Compared:
        return _compared(pair.real, *counted(shares, pair.drawn, len(pair.real)), waves, least_rows)

    apart = [compared(pair).apart for pair in pairs]
    chosen = [index for index in np.argsort(-np.asarray(apart), kind="stable")[:TERMS].tolist() if apart[index] > 0]
    found: dict[int, NDArray[np.float32]] = {}
    for _ in range(SWEEPS):
        for index in chosen:
            difference = compared(pairs[index])
            if not difference.apart:
                continue
            step = difference.step(waves)
            found[index] = found.get(index, np.float32(0)) + step
            scaled(shares, pairs[index].drawn, np.exp(step))
    if not found:
        return None
    return Margins(groups, tuple(Term(pairs[index].feature, pairs[index].bins, step) for index, step in found.items()))


def _waves(size: int, ordered: int) -> Floats:
    """An orthonormal basis of the groups, a column each: cosines over those in order, of which the first few are shifts and spreads of
    the whole distribution, and every other group by itself."""
    basis = np.eye(size)
    places = np.arange(ordered)
    for wave in range(ordered):
        basis[:ordered, wave] = np.cos(np.pi * wave * (places + 0.5) / ordered) * np.sqrt((2 if wave else 1) / ordered)
    return basis


@dataclass(frozen=True)
class _Compared:
    """Real and drawn counts of one feature: by how many standard deviations they differ along each wave, shape (bins, waves), and by how
    much the variance of that is more than chance, shape (waves,)."""

    expected: Floats
    rows: Floats
    used: NDArray[np.bool_]
    seen: Floats
    excess: Floats

    @property
    def apart(self) -> float:
        """By how much chi-squared is more than chance."""
        return float(self.excess.sum() * self.used.sum())

    def step(self, waves: Floats) -> NDArray[np.float32]:
        """What is added to the logs of the feature, shape (bins, groups).

        How far a bin's own counts are followed along a wave is the share of their variance that is not chance (James, Stein,
        "Estimation with quadratic loss", 1961): a shift of the whole distribution stands out where no single group does.
        """
        weight = self.rows / float(self.rows[self.used].mean()) * self.excess
        more = (self.seen * weight / (1 + weight)) @ waves.T * np.sqrt(np.maximum(self.expected, 0.5))
        prior = PRIOR_ROWS * self.expected / np.maximum(self.rows, 1e-9) + 1e-9
        step = np.log((np.maximum(self.expected + more, 0.0) + prior) / (self.expected + prior))
        return np.where(self.used[:, None], np.clip(step, -LONGEST_STEP, LONGEST_STEP), 0.0).astype(np.float32)


def _compared(real: Floats, drawn: Floats, squares: Floats, waves: Floats, least_rows: int) -> _Compared:
    """Counts of bins and groups, both of shape (bins, groups), the drawn ones taken for as many rows a bin as the real ones.

    What drawn rows that are fewer than the real ones show is chance by as much more, as far as their leaves tell groups from one
    another: `squares` of their shares, shape (bins,), are between the least, all rows alike, and the most, 1 a row: each sure of its group.
    """
    rows, had = real.sum(axis=1, keepdims=True), drawn.sum(axis=1, keepdims=True)
    used = ((rows >= least_rows) & (had > 0))[:, 0]
    some = np.maximum(had, 1e-9)
    expected = drawn * rows / some
    seen = ((real - expected) / np.sqrt(np.maximum(expected, 0.5)) * used[:, None]) @ waves
    alike = ((drawn / some) ** 2).sum(axis=1, keepdims=True)
    told = np.clip((squares[:, None] / some - alike) / np.maximum(1 - alike, 1e-9), 0.0, 1.0)
    chance = 1 + told * np.maximum(rows / some - 1, 0.0)
    excess = (seen**2 / chance).sum(axis=0) / max(int(used.sum()) - 1, 1) - 1
    return _Compared(expected, rows, used, seen, np.where(excess < LEAST_TRUST * (1 + excess), 0.0, excess))
