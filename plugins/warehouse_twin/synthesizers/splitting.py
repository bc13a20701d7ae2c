"""The splits of a classification tree, compiled: CART with Gini impurity on features that are small whole numbers.

Breiman, Friedman, Olshen, Stone, "Classification and Regression Trees" (1984). scikit-learn sorts values and sums over all classes
at every threshold; here rows are counted into the values of a feature, and the sum of squared class counts on either side changes by
one addition a row, whatever the number of classes: about a tenth of the time with 60 classes, and the same trees but for ties.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.synthesizers.compiling import compiled

Ints = NDArray[np.int32]
Codes = NDArray[np.uint16] | Ints


BEYOND = 2.0
"""Standard deviations of the normal distribution: leaves that chance made lie near to the rows they are of."""
_MULTIPLIER, _INCREMENT = np.uint64(6364136223846793005), np.uint64(1442695040888963407)
"""Knuth's linear congruential generator of 64 bits ("The Art of Computer Programming" 2, 3.3.4); the high bits are used."""


class Nodes(NamedTuple):
    """Nodes as arrays of equal length: -1 in `feature`, `left` and `right` of a leaf. A row goes left up to and with the value `low`,
    right from the value `high` on; no training row of the node lies between. `reached` is the node each row ends in."""

    feature: Ints
    low: Ints
    high: Ints
    left: Ints
    right: Ints
    reached: Ints


@compiled
def _best_of(
    column: Codes, order: Ints, targets: Ints, leaf_rows: int, sums: tuple[Ints, int], scratch: tuple[Ints, ...]
) -> tuple[float, int, int]:
    """The score of the best threshold of one feature in one node, and the values on both its sides; -1 without any.

    `order` are the node's rows and `targets` theirs; `sums` their class counts and the sum of their squares. The score is to be as high
    as may be: the two sides' sums of squared class counts, each over its rows, which is highest where the impurity is lowest.
    `scratch`: rows of each value (zeros, left as zeros), values, targets in the order of values, class counts of either side.
    """
    rows, values, held, left, right = scratch
    size = len(order)
    low = high = int(column[order[0]])
    for row in range(size):
        value = int(column[order[row]])
        values[row] = value
        rows[value] += 1
        low, high = min(low, value), max(high, value)
    if low == high:
        rows[low] = 0
        return -1.0, 0, 0
    filled = 0
    for value in range(low, high + 1):
        count = int(rows[value])
        rows[value] = filled
        filled += count
    for row in range(size):
        place = rows[values[row]]
        held[place] = targets[row]
        rows[values[row]] = place + 1
    counts, squares = sums
    left[:] = 0
    right[:] = counts
    before, after = 0, squares
    best, below, above = -1.0, 0, 0
    passed, last, waiting = 0, low, False
    for value in range(low, high + 1):
        end = int(rows[value])
        rows[value] = 0
        if end == passed:
            continue
        if waiting:
            above, waiting = value, False
        for row in range(passed, end):
            target = held[row]
            before += 2 * left[target] + 1
            after -= 2 * right[target] - 1
            left[target] += 1
            right[target] -= 1
        passed, last = end, value
        if passed >= leaf_rows and size - passed >= leaf_rows:
            score = before / passed + after / (size - passed)
            if score > best:
                best, below, waiting = score, last, True
    return best, below, above


@compiled
def _chance(counts: Ints, size: int) -> float:
    """What a split that has nothing to do with the classes gains, `BEYOND` standard deviations above its usual.

    The gain is the squared distance of the two sides' shares times their rows: for sides dealt out by chance a weighted sum of
    chi-squares, taken for one chi-square of the same mean and variance, whose quantile is Wilson's and Hilferty's (Proc. Nat. Acad.
    Sci. 17, 1931). The best of many thresholds is meant to be beaten too, so the quantile is a far one.
    """
    second = third = 0.0
    for count in counts:
        share = count / size
        second += share**2
        third += share**3
    mean, variance = 1.0 - second, second - 2.0 * third + second**2
    if variance <= 0.0:
        return 0.0
    spread = 2.0 / 9.0 * variance / mean**2
    return float(mean * (1.0 - spread + BEYOND * np.sqrt(spread)) ** 3)


@compiled
def _counted(order: Ints, targets: Ints, held: Ints, counts: Ints) -> int:
    """Put the targets of the rows in `order` into `held` and their classes into `counts`; the sum of the squares of these."""
    counts[:] = 0
    for row in range(len(order)):
        held[row] = targets[order[row]]
        counts[held[row]] += 1
    squares = 0
    for count in counts:
        squares += int(count) * int(count)
    return squares


@compiled
def _parted(order: Ints, column: Codes, low: int, other: Ints) -> int:
    """Put the rows up to and with the value `low` before the others, in place, each side in its old order; how many there are."""
    kept, moved = 0, 0
    for row in range(len(order)):
        if column[order[row]] <= low:
            order[kept] = order[row]
            kept += 1
        else:
            other[moved] = order[row]
            moved += 1
    order[kept:] = other[:moved]
    return kept


@compiled
def split(features: Codes, sizes: Ints, targets: Ints, classes: int, leaf_rows: int, looked: int, seed: int) -> Nodes:
    """The tree of `targets` (below `classes`) given `features`, shape (features, rows), each from 0 to below its entry of `sizes`.

    Nodes are split while both sides hold `leaf_rows` rows and their classes differ by more than chance makes them. Each looks at
    `looked` features, chosen by chance, and at more until one of them tells its sides apart.
    """
    total = targets.shape[0]
    most = 2 * (total // leaf_rows) + 1
    feature, left, right = np.full(most, -1, np.int32), np.full(most, -1, np.int32), np.full(most, -1, np.int32)
    low, high = np.zeros(most, np.int32), np.zeros(most, np.int32)
    reached = np.zeros(total, np.int32)
    order, other = np.arange(total).astype(np.int32), np.empty(total, np.int32)
    held = np.empty(total, np.int32)
    scratch = (
        np.zeros(sizes.max(), np.int32),
        np.empty(total, np.int32),
        np.empty(total, np.int32),
        np.zeros(classes, np.int32),
        np.zeros(classes, np.int32),
    )
    counts = np.zeros(classes, np.int32)
    stack = [(0, 0, total)]
    used = 1
    places, state = np.arange(features.shape[0]), np.uint64(seed)
    while len(stack):
        node, begin, end = stack.pop()
        rows = order[begin:end]
        reached[rows] = node
        size = end - begin
        if size < 2 * leaf_rows:
            continue
        squares = _counted(rows, targets, held, counts)
        if squares == size * size:
            continue
        best, chance = -1.0, squares / size + _chance(counts, size)
        for one in range(features.shape[0]):
            if one >= looked and best > chance:
                break
            state = state * _MULTIPLIER + _INCREMENT
            swapped = one + np.int64(state >> np.uint64(33)) % (features.shape[0] - one)
            places[one], places[swapped] = places[swapped], places[one]
            place = places[one]
            column = features[place]
            score, below, above = _best_of(column, rows, held[:size], leaf_rows, (counts, squares), scratch)
            if score > best:
                best, feature[node], low[node], high[node] = score, place, below, above
        if best <= chance:
            feature[node] = -1
            continue
        kept = _parted(rows, features[feature[node]], low[node], other)
        left[node], right[node] = used, used + 1
        stack.append((used + 1, begin + kept, end))
        stack.append((used, begin, begin + kept))
        used += 2
    return Nodes(feature[:used], low[:used], high[:used], left[:used], right[:used], reached)
