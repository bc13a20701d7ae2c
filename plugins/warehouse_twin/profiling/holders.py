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
