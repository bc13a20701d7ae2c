"""Rows dealt to parents so that every parent gets exactly the number it is to have.

The configuration model of a bipartite graph (Molloy and Reed, "A critical point for random graphs with a given degree sequence",
Random Structures & Algorithms 6, 1995): a parent has as many slots as children, and slots are dealt to rows. Where a pair may
stand only once, what repeats is resolved by exchanges between rows, which leave the counts of both sides as they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.randomness import permutation, uniforms
from warehouse_twin.relations.counting import scaled_to

Ints = NDArray[np.int64]
EXCHANGES = 20_000
ROUNDS = 400
TRIES = 64
QUIET = 60
"""Rounds without a repeat fewer, after which repeats are left to who can drop them."""


def deal(wanted: Ints, counts: Ints, types: Ints, *, seed: int, stream: str) -> Ints:
    """A parent for each row, -1 where `wanted` is -1: each of the type the row wants, as far as parents of the type have room.

    `types` and `counts` are those of the parents; counts add up to the rows that want one. Rows that find no room go to types
    that have some, near ones first (types are in order). Inside a type rows meet parents at random.
    """
    link = np.full(len(wanted), -1, dtype=np.int64)
    rows = np.flatnonzero(wanted >= 0)
    slots = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    size = int(max(types.max(initial=0), wanted.max(initial=0))) + 1
    room = np.minimum(np.bincount(types[slots], minlength=size), np.bincount(wanted[rows], minlength=size))
    kept_rows, other_rows = _halves(rows, wanted[rows], room, seed=seed, stream=f"{stream}/rows")
    kept_slots, other_slots = _halves(slots, types[slots], room, seed=seed, stream=f"{stream}/slots")
    link[kept_rows] = kept_slots
    link[other_rows] = other_slots
    return link


def _halves(items: Ints, types: Ints, room: Ints, *, seed: int, stream: str) -> tuple[Ints, Ints]:
    """As many items a type as there is room, picked at random, and the rest; both by type, then at random."""
    shuffled = permutation(len(items), seed=seed, stream=stream)
    order = shuffled[np.argsort(types[shuffled], kind="stable")]
    ordered = types[order]
    kept = np.zeros(len(items), dtype=bool)
    kept[order] = np.arange(len(order)) - np.searchsorted(ordered, ordered, side="left") < room[ordered]
    return items[order[kept[order]]], items[order[~kept[order]]]


def bounded(counts: Ints, most: int) -> Ints:
    """Counts of at most `most`; what is over goes to the others in proportion to their room, and is lost where there is none."""
    whole = np.minimum(counts, most)
    over = int((counts - whole).sum())
    room = most - whole
    return whole + scaled_to(room, min(over, int(room.sum()))) if over and room.any() else whole


def balanced(counts: Ints, types: Ints, wanted: Ints, *, seed: int, stream: str) -> Ints:
    """The same counts, some exchanged between parents, so that the parents of each type have together about as many as are wanted.

    `wanted` has a number for each type. Exchanges leave the distribution of the counts as it is.
    """
    counts = counts.copy()
    gap = wanted - np.bincount(types, weights=counts, minlength=len(wanted)).astype(np.int64)
    tries = np.arange(EXCHANGES if len(counts) > 1 and gap.any() else 0, dtype=np.int64)
    left = (uniforms(tries, seed=seed, stream=f"{stream}/left") * len(counts)).astype(np.int64)
    right = (uniforms(tries, seed=seed, stream=f"{stream}/right") * len(counts)).astype(np.int64)
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        here, there, more = types[one], types[other], counts[one] - counts[other]
        if here != there and abs(gap[here] + more) + abs(gap[there] - more) < abs(gap[here]) + abs(gap[there]):
            gap[here] += more
            gap[there] -= more
            counts[one], counts[other] = counts[other], counts[one]
    return counts


def apart(groups: Ints, link: Ints, types: Ints, *, seed: int, stream: str) -> Ints:
    """The links (none of them -1) with rows' parents exchanged until no row of a group has the parent of another one.

    Exchanges are tried with rows whose parent is of the same type first. A row that finds nobody is left as it is: where a pair
    cannot be had, or only by a rare turn.
    """
    link = link.copy()
    rows = np.arange(len(link), dtype=np.int64)
    alike = np.argsort(types[link], kind="stable")
    ordered = types[link][alike]
    fewest, since = len(link) + 1, 0
    for attempt in range(ROUNDS):
        repeats, pairs = _repeats(groups, link)
        since = 0 if len(repeats) < fewest else since + 1
        fewest = min(fewest, len(repeats))
        if not len(repeats) or since > QUIET:
            break
        repeats = np.tile(repeats, min(TRIES, len(rows) // (4 * len(repeats)) + 1))  # several partners each, where that costs little
        draws = uniforms(np.arange(len(repeats)), seed=seed, stream=f"{stream}/{attempt}")
        if attempt < 20:
            first = np.searchsorted(ordered, types[link[repeats]], side="left")
            size = np.searchsorted(ordered, types[link[repeats]], side="right") - first
            partners = alike[np.minimum(first + (draws * size).astype(np.int64), len(rows) - 1)]
        else:
            partners = (draws * len(rows)).astype(np.int64)
        mine, theirs = _exchangeable(groups, link, repeats, partners, pairs, moving=since > 3)
        link[mine], link[theirs] = link[theirs], link[mine]
    return link


def _repeats(groups: Ints, link: Ints) -> tuple[Ints, Ints]:
    """Rows whose pair an earlier row has, and all pairs as sorted codes."""
    pairs = groups * (int(link.max(initial=0)) + 1) + link
    order = np.argsort(pairs, kind="stable")
    ordered = pairs[order]
    return order[1:][ordered[1:] == ordered[:-1]], ordered


def _exchangeable(groups: Ints, link: Ints, rows: Ints, partners: Ints, pairs: Ints, *, moving: bool) -> tuple[Ints, Ints]:
    """Of these rows and their partners those who may exchange parents, each row at most once.

    Both new pairs must be new; with `moving` it is enough that the row's own is: the repeat moves on, where it may find a way.
    """
    width = int(link.max(initial=0)) + 1
    mine, theirs = groups[rows] * width + link[partners], groups[partners] * width + link[rows]
    fit = ~_among(pairs, mine) & (moving | ~_among(pairs, theirs))
    rows, partners, mine, theirs = rows[fit], partners[fit], mine[fit], theirs[fit]
    alone = _first_of(np.concatenate([rows, partners])) & _first_of(np.concatenate([mine, theirs]))
    both = alone[: len(rows)] & alone[len(rows) :]
    return rows[both], partners[both]


def _among(ordered: Ints, values: Ints) -> NDArray[np.bool_]:
    place = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: NDArray[np.bool_] = ordered[place] == values
    return found


def _first_of(values: Ints) -> NDArray[np.bool_]:
    """True where a value stands for the first time."""
    first = np.zeros(len(values), dtype=bool)
    first[np.unique(values, return_index=True)[1]] = True
    return first
