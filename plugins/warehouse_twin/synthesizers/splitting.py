"""The splits of a classification tree, compiled: CART with Gini impurity on features that are small whole numbers.

Breiman, Friedman, Olshen, Stone, "Classification and Regression Trees" (1984). scikit-learn sorts values and sums over all classes
at every threshold; here rows are counted into the values of a feature, and the sum of squared class counts on either side changes by
one addition a row, whatever the number of classes: about a tenth of the time with 60 classes, and the same trees but for ties.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.compiling import compiled

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
def _sorted(column: Codes, order: Ints, targets: Ints, scratch: tuple[Ints, ...]) -> tuple[int, int]:
    """Put the targets of a node's rows into the order of their values, by counting; the least and the greatest value.

    `scratch` is that of `_best_of`: of the rows of each value, where they end is left.
    """
    rows, values, held = scratch[0], scratch[1], scratch[2]
    low = high = int(column[order[0]])
    for row in range(len(order)):
        value = int(column[order[row]])
        values[row] = value
        rows[value] += 1
        low, high = min(low, value), max(high, value)
    filled = 0
    for value in range(low, high + 1):
        count = int(rows[value])
        rows[value] = filled
        filled += count
    for row in range(len(order)):
        place = rows[values[row]]
        held[place] = targets[row]
        rows[values[row]] = place + 1
    return low, high


@compiled
def _best_of(
    column: Codes, order: Ints, targets: Ints, leaf_rows: int, sums: tuple[Ints, int], scratch: tuple[Ints, ...]
) -> tuple[float, int, int]:
    """The score of the best threshold of one feature in one node, and the values on both its sides; -1 without any.

    `order` are the node's rows and `targets` theirs; `sums` their class counts and the sum of their squares. The score is to be as high
    as may be: the two sides' sums of squared class counts, each over its rows, which is highest where the impurity is lowest.
    `scratch`: rows of each value (zeros, left as zeros), values, targets in the order of values, class counts of either side.
    """
    rows, _, held, left, right = scratch
    low, high = _sorted(column, order, targets, scratch)
    size = len(order)
    if low == high:
        rows[low] = 0
        return -1.0, 0, 0
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
def _moved_up(places: NDArray[np.int64], one: int, state: np.uint64) -> np.uint64:
    """Swap a place drawn from those at `one` and after with the one there; the generator's next state."""
    state = state * _MULTIPLIER + _INCREMENT
    other = one + np.int64(state >> np.uint64(33)) % (len(places) - one)
    places[one], places[other] = places[other], places[one]
    return state


@compiled
def _scratch(total: int, values: int, classes: int) -> tuple[Ints, ...]:
    """Room for `_best_of`, shared by all nodes."""
    rows, left, right = np.zeros(values, np.int32), np.zeros(classes, np.int32), np.zeros(classes, np.int32)
    return rows, np.empty(total, np.int32), np.empty(total, np.int32), left, right


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
    scratch = _scratch(total, sizes.max(), classes)
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
        chance = squares / size + _chance(counts, size)
        best, place, below, above = -1.0, -1, 0, 0
        for one in range(features.shape[0]):
            if one >= looked and best > chance:
                break
            state = _moved_up(places, one, state)
            score, under, over = _best_of(features[places[one]], rows, held[:size], leaf_rows, (counts, squares), scratch)
            if score > best:
                best, place, below, above = score, places[one], under, over
        if best <= chance:
            continue
        feature[node], low[node], high[node] = place, below, above
        kept = _parted(rows, features[place], below, other)
        left[node], right[node] = used, used + 1
        stack.append((used + 1, begin + kept, end))
        stack.append((used, begin, begin + kept))
        used += 2
    return Nodes(feature[:used], low[:used], high[:used], left[:used], right[:used], reached)
