"""Texts of a learned number of words, each word after the one before it: length and phrases of two, no sentence of the source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.randomness import uniforms

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Texts = NDArray[np.object_]


class Chain:
    """Words with what follows them (`profiling.successions`), ready to be drawn from."""

    def __init__(self, words: Mapping[str, int], pairs: Mapping[str, list[int]]) -> None:
        self.vocabulary = np.asarray(list(words), dtype=object)
        self.ends = np.cumsum(list(words.values()), dtype=np.float64)
        first = np.asarray(pairs.get("first", []), dtype=np.int64)
        self.following = np.asarray(pairs.get("next", []), dtype=np.int64)
        self.pair_ends = np.cumsum(pairs.get("rows", []), dtype=np.float64)
        places = np.arange(len(words) + 1)
        self.begin, self.end = (np.searchsorted(first, places, side=side) for side in ("left", "right"))  # type: ignore[call-overload]

    def after(self, before: Ints, draws: Floats, others: Floats) -> Ints:
        """The number of the word after each of `before`; one of no pair, or of an open one, is drawn by its own frequency."""
        chosen: Ints = np.searchsorted(self.ends, others * self.ends[-1], side="right").astype(np.int64)
        known = np.flatnonzero(self.end[before] > self.begin[before])
        begin, end = self.begin[before[known]], self.end[before[known]]
        low = np.where(begin > 0, self.pair_ends[np.maximum(begin - 1, 0)], 0.0)
        place = np.searchsorted(self.pair_ends, low + draws[known] * (self.pair_ends[end - 1] - low), side="right")
        following = self.following[np.clip(place, begin, end - 1)]
        chosen[known] = np.where(following >= 0, following, chosen[known])
        return chosen


def make_texts(formats: Mapping[str, Any], counters: Ints, seed: int) -> Texts:
    """A text a counter; without any word, some Latin."""
    lengths = formats.get("lengths") or {"3": 1}
    words = formats.get("words") or dict.fromkeys(("lorem", "ipsum", "dolor", "sit", "amet"), 1)
    chain = Chain(words, formats.get("pairs", {}) if formats.get("words") else {})
    sizes = np.asarray([int(length) for length in lengths])
    ends = np.cumsum(list(lengths.values()), dtype=np.float64)
    chosen = sizes[np.searchsorted(ends, uniforms(counters, seed=seed, stream="length") * ends[-1], side="right")]
    texts = np.full(len(counters), "", dtype=object)
    last = np.full(len(counters), len(words), dtype=np.int64)
    for place in range(int(chosen.max(initial=0))):
        rows = np.flatnonzero(chosen > place)
        draws, others = (uniforms(counters[rows], seed=seed, stream=f"{stream}{place}") for stream in ("word", "other"))
        last[rows] = chain.after(last[rows], draws, others)
        texts[rows] += (" " if place else "") + chain.vocabulary[last[rows]]
    return texts
