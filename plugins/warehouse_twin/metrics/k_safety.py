"""Which cells of a count may be shown: those that at least k entities are in, and never so many of them that the rest can be worked out.

A cell that fewer hold is merged with one beside it where cells have an order, and put with the others where they have none; so what
is left over, too, is held by k entities or by nobody. A cell that nobody is in says nothing of anybody.
"""

from __future__ import annotations

import numpy as np

from warehouse_twin.metrics.columns import Bools, Ints


def presence(codes: Ints, entities: Ints, *, size: int) -> Bools:
    """Which entities are in which of `size` cells, shape `(size, entities)`. Rows with a negative code are in none."""
    _, person = np.unique(entities, return_inverse=True)
    found = np.zeros((size, int(person.max(initial=-1)) + 1), dtype=bool)
    counted = codes >= 0
    found[codes[counted], person[counted]] = True
    return found


def few(held: Bools, *, k: int) -> bool:
    """Whether a cell, shape `(entities,)`, is held by somebody, but by fewer than k."""
    return 0 < int(held.sum()) < k


def merged(cells: Bools, *, k: int) -> list[list[int]]:
    """Neighbours of ordered cells put together until no group is held by fewer than k; empty when even all of them are.

    `cells` is of shape `(cells, entities)`. The group with the fewest goes to the smaller of its neighbours that somebody is in.
    """
    groups, held = [[place] for place in range(len(cells))], list(cells)
    while small := [place for place, one in enumerate(held) if few(one, k=k)]:
        if len(groups) == 1:
            return []
        place = min(small, key=lambda at: (held[at].sum(), at))
        beside = [at for at in (place - 1, place + 1) if 0 <= at < len(groups)]
        other = min(beside, key=lambda at: (not held[at].any(), held[at].sum(), at))
        left, right = sorted((place, other))
        groups[left : right + 1] = [groups[left] + groups[right]]
        held[left : right + 1] = [held[left] | held[right]]
    return groups


def hidden(cells: Bools, *, k: int) -> Bools:
    """Which cells without an order stay unseen, shape `(cells,)`: those of fewer than k, and as many more, the smallest first, until
    k are in them together."""
    counts = cells.sum(axis=1)
    out: Bools = (counts > 0) & (counts < k)
    for place in np.argsort(counts, kind="stable"):
        together: Bools = np.logical_or.reduce(cells[out], axis=0)
        if not few(together, k=k):
            break
        out[place] |= counts[place] > 0
    return out
