"""From noisy counts to a model that draws rows: a tree of conditional shares, and weights that set all measured counts right.

Rows drawn along the tree are candidates, several for each row; one of them is chosen with odds e^(λ·f), f marking the measured cells
that it falls into. λ maximises the dual of maximum entropy with Gaussian slack, as much as the noise of each count (Dudík, Phillips and
Schapire 2007, JMLR 8: relaxed constraints): counts that are mostly noise pull little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.randomness import derive_seed, permutation, uniforms
from warehouse_twin.synthesizers.marginal_measuring import Estimate, Measured

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
CANDIDATES = 12
FITTED, LEAST_FITTED, TIMES, LOOKED_AT = 20_000, 1_000, 4, 100_000_000
"""Rows that the weights are fitted on, each with its candidates: the most, the least, as many times what a small table has, and the most
cells that all of them fall into, which makes them fewer where columns are many."""
ITERATIONS = 100
TREE_ROWS = 0.03
"""What the tree alone is believed, as a share of the rows (`_targets`)."""
BLOCK = 20_000
"""Rows that are drawn at once, with all their candidates."""
_BALANCED = 30


@dataclass(frozen=True)
class Step:
    """One column of the tree: drawn from `shares`, shape `(cells of parent, cells)`, a cumulative row for each cell of `parent`."""

    column: int
    parent: int | None
    shares: Floats


@dataclass(frozen=True)
class Fitted:
    """The tree in the order of drawing, and the weights of each measured count's cells."""

    measured: Measured
    steps: tuple[Step, ...]
    weights: tuple[Floats, ...]

    def draw(self, given: Ints, counters: Ints, *, seed: int) -> Ints:
        """Codes of all columns, shape `(columns, rows)`; `given` has those of the given columns. A row hangs on its counter alone."""
        from warehouse_twin.synthesizers.marginal_walking import weighed

        found = np.empty((len(self.measured.sizes), len(counters)), dtype=np.int64)
        layout, weights = Layout.of(self.measured), np.concatenate([np.empty(0), *self.weights])
        for start in range(0, len(counters), BLOCK):
            block = slice(start, start + BLOCK)
            candidates = self.candidates(given[:, block], counters[block], seed=seed)
            odds = np.stack([weighed(codes, layout.counts, layout.maps, weights) for codes in candidates])
            shares = np.cumsum(np.exp(odds - odds.max(0)), axis=0)
            draws = uniforms(counters[block], seed=seed, stream="choice") * shares[-1]
            chosen = np.minimum((draws >= shares).sum(0), CANDIDATES - 1)
            found[:, block] = candidates[chosen, :, np.arange(len(draws))].T
        return found

    def candidates(self, given: Ints, counters: Ints, *, seed: int) -> Ints:
        """Codes of several rows for each counter, shape `(candidates, columns, rows)`."""
        from warehouse_twin.synthesizers.marginal_walking import walked

        found = np.zeros((CANDIDATES, len(self.measured.sizes), len(counters)), dtype=np.int64)
        if self.measured.given:
            found[:, : self.measured.given] = given
        for number, codes in enumerate(found):
            for step in self.steps:
                draws = uniforms(counters, seed=seed, stream=f"{number}/{step.column}")
                walked(codes, step.column, -1 if step.parent is None else step.parent, step.shares, draws)
        return found

    def to_dict(self) -> dict[str, Any]:
        steps = [{"column": step.column, "parent": step.parent, "shares": step.shares.tolist()} for step in self.steps]
        return {"measured": self.measured.to_dict(), "steps": steps, "weights": [weights.tolist() for weights in self.weights]}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Fitted:
        steps = tuple(Step(item["column"], item["parent"], np.asarray(item["shares"], dtype=np.float64)) for item in value["steps"])
        weights = tuple(np.asarray(item, dtype=np.float64) for item in value["weights"])
        return cls(Measured.from_dict(value["measured"]), steps, weights)


@dataclass(frozen=True)
class Layout:
    """Where each measured count looks at a row, and where its cells stand among all (`marginal_walking`)."""

    counts: Ints
    maps: Ints
    size: int

    @classmethod
    def of(cls, measured: Measured) -> Layout:
        maps, rows, start = [*(np.arange(size) for size in measured.sizes), *map(np.asarray, measured.parts)], [], 0
        places = np.cumsum([0, *map(len, maps)])
        for count in measured.counts:
            ways = [column + len(measured.sizes) * count.coarse for column in count.columns]
            alone = len(ways) == 1
            second = (-1, places[ways[0]], 0, 0) if alone else (count.columns[1], *places[ways], count.counts.shape[1])
            rows.append((count.columns[0], *second, start))
            start += count.counts.size
        return cls(np.asarray(rows, dtype=np.int64).reshape(-1, 6), np.concatenate([np.empty(0), *maps]).astype(np.int64), start)


@dataclass(frozen=True)
class Mean:
    """What a column that is not given comes to on average, its cells being worth `worth`, shape `(cells,)`, at most about 1."""

    column: int
    worth: Floats
    known: Estimate


def fit(measured: Measured, given: Ints | None, means: Sequence[Mean] = (), *, seed: int) -> Fitted:
    """A model of what was measured; `given`, shape `(given columns, rows)`, are rows of the twin that it will be drawn for.

    Without them it is the tree alone. `means` is what is known of columns besides counts.
    """
    steps = _steps(measured)
    plain = Fitted(measured, steps, tuple(np.zeros(count.counts.size) for count in measured.counts))
    if given is None:
        return plain
    rows = min(FITTED, TIMES * round(measured.rows.value), LOOKED_AT // (CANDIDATES * max(1, len(measured.counts))))
    rows = max(LEAST_FITTED, rows)
    if not measured.given:
        counters = np.arange(rows, dtype=np.int64)
    else:
        counters = permutation(given.shape[1], seed=seed, stream="fitted")[:rows]
        given = given[:, counters]
    if not len(steps) or not len(counters):
        return plain
    return Fitted(measured, steps, _weights(plain, given, counters, means, seed=derive_seed(seed, "fit")))


def _weights(plain: Fitted, given: Ints, counters: Ints, means: Sequence[Mean], *, seed: int) -> tuple[Floats, ...]:
    from scipy.optimize import minimize

    from warehouse_twin.synthesizers.marginal_walking import cells_of, dealt_out, summed

    measured, layout = plain.measured, Layout.of(plain.measured)
    candidates = plain.candidates(given, counters, seed=seed)
    cells = np.concatenate([cells_of(codes, layout.counts, layout.maps) for codes in candidates])
    worths = np.asarray([mean.worth[candidates[:, mean.column]].ravel() for mean in means]).reshape(len(means), len(cells))
    targets, slack = _targets(measured, means)

    def dual(weights: Floats) -> tuple[float, Floats]:
        odds = (summed(cells, weights) + weights[layout.size :] @ worths).reshape(CANDIDATES, -1)
        most = odds.max(0)
        chances = np.exp(odds - most)
        sums = chances.sum(0)
        value = float((most + np.log(sums / CANDIDATES)).mean() - targets @ weights + (slack * weights**2).sum() / 2)
        chances = (chances / sums).ravel() / len(counters)
        expected = np.concatenate([dealt_out(cells, chances, layout.size), worths @ chances])
        return value, expected - targets + slack * weights

    solved = minimize(dual, np.zeros(len(targets)), jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}).x
    starts = np.cumsum([0, *(count.counts.size for count in measured.counts)])
    found = [solved[start:end] for start, end in pairwise(starts)]
    for mean, weight in zip(means, solved[starts[-1] :], strict=True):
        found[mean.column - measured.given] += weight * mean.worth  # counts of single columns come first
    return tuple(found)


def _targets(measured: Measured, means: Sequence[Mean]) -> tuple[Floats, Floats]:
    """What the marks of a row are to be on average, and how much each may be off: rows times the variance of what was measured.

    The tree is wrong about what it does not join, so it is believed as a part of the rows would be that had been drawn from it. Believed
    as all of them, it moved by a sixth of what it was off by in a cell of 1,300 of 26,000 rows that was counted to within 80. Means bind
    as if there were one row: the tree that they set right is off by the noise of many counts, and not as little as so many rows would
    be by chance.
    """
    total = measured.rows.value
    shares = [_balanced(count.counts.ravel().astype(float)) for count in measured.counts]
    noise = [np.full(count.counts.size, count.deviation / total) for count in measured.counts]
    targets = np.concatenate([*shares, [mean.known.value for mean in means]])
    slack: Floats = np.concatenate([TREE_ROWS * total * np.concatenate(noise) ** 2, [mean.known.deviation**2 for mean in means]])
    return targets, slack


def _steps(measured: Measured) -> tuple[Step, ...]:
    """The columns in an order in which each comes after the one that it is drawn given."""
    known = set(range(measured.given))
    shares = {column: _balanced(measured.single(column).counts.astype(float)) for column in range(measured.given, len(measured.sizes))}
    steps: list[Step] = []
    if not known and shares:
        known = {0}
        steps.append(Step(0, None, np.cumsum(shares[0])[None, :]))
    left = list(measured.tree)
    while left:
        edge = next(edge for edge in left if known.intersection(edge.columns))
        left.remove(edge)
        a, b = edge.columns
        parent, column = (a, b) if a in known else (b, a)
        table = edge.counts if parent == a else edge.counts.T
        steps.append(Step(column, parent, _conditional(table.astype(float), shares.get(parent), shares[column])))
        known.add(column)
    return tuple(steps)


def _conditional(table: Floats, of_parent: Floats | None, of_column: Floats) -> Floats:
    """Cumulative shares of the column for each cell of the parent, in keeping with what is known of both alone."""
    joint = _balanced(table.ravel()).reshape(table.shape)
    for _ in range(_BALANCED):
        if of_parent is not None:
            joint *= (of_parent / np.maximum(joint.sum(1), 1e-12))[:, None]
        joint *= (of_column / np.maximum(joint.sum(0), 1e-12))[None, :]
    sums = joint.sum(1, keepdims=True)
    joint = np.where(sums > 1e-9, joint / np.maximum(sums, 1e-12), of_column)
    return np.cumsum(joint, axis=1)


def _balanced(counts: Floats) -> Floats:
    """The nearest shares, none below zero, that add up to one (Duchi et al. 2008, doi:10.1145/1390156.1390191)."""
    total = max(float(counts.sum()), 1.0)
    descending = np.sort(counts)[::-1]
    excess = np.cumsum(descending) - total
    places = np.arange(1, len(counts) + 1)
    last = np.flatnonzero(descending - excess / places > 0)[-1]
    found: Floats = np.maximum(counts - excess[last] / (last + 1), 0.0) / total
    return found
