"""Which word follows which: the pairs of neighbouring words that at least k entities share.

With them a text is drawn as a Markov chain of order one (Shannon 1948, section 3): phrases of two words come out as often as
in the source, and no longer ones are remembered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.profiling.holders import holders_of

Ints = NDArray[np.int64]
MAX_PAIRS = 10_000


def successions(numbers: Ints, owners: Ints, entities: Ints, *, words: int, k: int, at_most: int = MAX_PAIRS) -> dict[str, list[int]]:
    """`{"first", "next", "rows"}`, one entry a pair, in order; the start of a text is word number `words`.

    `numbers` has the number of each word of all texts, -1 for one that is not kept; `owners` the text it is in, ascending;
    `entities` one id a text. An entry whose `next` is -1 has the rows of `first` that any other word follows.
    """
    start = np.r_[True, owners[1:] != owners[:-1]] if len(owners) else np.zeros(0, dtype=bool)
    before = np.where(start, words, np.r_[-1, numbers[:-1]] if len(numbers) else numbers)
    known = before >= 0
    pairs = before[known] * (words + 1) + numbers[known] + 1
    distinct, codes = np.unique(pairs, return_inverse=True)
    rows, holders = np.bincount(codes, minlength=len(distinct)), holders_of(codes, entities[owners[known]], size=len(distinct))
    shared = np.flatnonzero((holders >= k) & (distinct % (words + 1) > 0))
    kept = np.sort(shared[np.argsort(-rows[shared], kind="stable")][:at_most])
    first, following = distinct[kept] // (words + 1), distinct[kept] % (words + 1) - 1
    others = np.bincount(distinct // (words + 1), weights=rows, minlength=words + 1)
    others = others.astype(np.int64) - np.bincount(first, weights=rows[kept], minlength=words + 1).astype(np.int64)
    open_ = np.flatnonzero((others > 0) & np.isin(np.arange(words + 1), first))
    first, following = np.r_[first, open_], np.r_[following, np.full(len(open_), -1)]
    counts = np.r_[rows[kept], others[open_]]
    order = np.lexsort((following, first))
    return {"first": first[order].tolist(), "next": following[order].tolist(), "rows": counts[order].tolist()}
