"""How many entities hold a value: what decides whether it may leave the secure zone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def holders_of(codes: Ints, entities: Ints, *, size: int) -> Ints:
    """Distinct entities of each code in [0, size), shape `(size,)`; `codes` and `entities` have one number a row."""
    if not len(codes):
        return np.zeros(size, dtype=np.int64)
    encoded = pa.array(entities).dictionary_encode()
    people = encoded.indices.to_numpy().astype(np.int64)
    width = len(encoded.dictionary)
    both = np.sort(codes.astype(np.int64) * width + people)
    fresh = np.r_[True, both[1:] != both[:-1]]
    return np.bincount(both[fresh] // width, minlength=size).astype(np.int64)


def after_kth(entities: Ints, begin: int, k: int) -> int | None:
    """The first place after `begin` with k distinct entities between the two; None when there is none."""
    window = 4 * k
    while True:
        firsts = np.unique(entities[begin : begin + window], return_index=True)[1]
        if len(firsts) >= k:
            return begin + int(np.sort(firsts)[k - 1]) + 1
        if begin + window >= len(entities):
            return None
        window *= 4
