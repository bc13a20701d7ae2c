r"""Patterns: texts of a given form, written like a small regular expression.

Known are literal characters, classes (`[A-Z0-9_]`, `\d`, `\w`), groups with alternatives (`(DE|FR)`), and how often something
stands there (`{4}`, `{2,5}`, `?`). A backslash makes any other character stand for itself. Each part of a value is drawn by
itself, so that equal counters give equal values however the rows are split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.randomness import derive_seed, permuted, random_bits

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
_ENOUGH = 2**62


@dataclass(frozen=True)
class Choice:
    """One of some texts, each as often: the characters of a class, or a single literal."""

    options: tuple[str, ...]

    def make(self, counters: Ints, seed: int) -> Texts:
        picked = random_bits(counters, seed=seed, stream="pick") % np.uint64(len(self.options))
        return _texts(self.options)[picked.astype(np.int64)]

    @property
    def longest(self) -> int:
        return max(map(len, self.options))

    def slots(self) -> list[tuple[str, ...]] | None:
        return [self.options]


@dataclass(frozen=True)
class Sequence:
    """Parts one after another."""

    parts: tuple[Node, ...]

    def make(self, counters: Ints, seed: int) -> Texts:
        made = _texts([""]).repeat(len(counters))
        for place, part in enumerate(self.parts):
            made = made + part.make(counters, derive_seed(seed, place))
        return made

    @property
    def longest(self) -> int:
        return sum(part.longest for part in self.parts)

    def slots(self) -> list[tuple[str, ...]] | None:
        found: list[tuple[str, ...]] = []
        for part in self.parts:
            inner = part.slots()
            if inner is None:
                return None
            found += inner
        return found


@dataclass(frozen=True)
class Either:
    """One of several alternatives, each as often."""

    ways: tuple[Node, ...]

    def make(self, counters: Ints, seed: int) -> Texts:
        picked = (random_bits(counters, seed=seed, stream="way") % np.uint64(len(self.ways))).astype(np.int64)
        made = _texts([""]).repeat(len(counters))
        for place, way in enumerate(self.ways):
            rows = np.flatnonzero(picked == place)
            made[rows] = way.make(counters[rows], derive_seed(seed, place))
        return made

    @property
    def longest(self) -> int:
        return max(way.longest for way in self.ways)

    def slots(self) -> list[tuple[str, ...]] | None:
        """One slot, where the alternatives are plain texts of which none begins with another: then a value is read in one way."""
        texts = []
        for way in self.ways:
            inner = way.slots()
            if inner is None or any(len(options) > 1 for options in inner):
                return None
            texts.append("".join(options[0] for options in inner))
        apart = all(not one.startswith(other) for one in texts for other in texts if one is not other)
        return [tuple(texts)] if apart else None


@dataclass(frozen=True)
class Repeat:
    """A part between `least` and `most` times, each count as often."""

    part: Node
    least: int
    most: int

    def make(self, counters: Ints, seed: int) -> Texts:
        spread = random_bits(counters, seed=seed, stream="count") % np.uint64(self.most - self.least + 1)
        counts = spread.astype(np.int64) + self.least
        made = _texts([""]).repeat(len(counters))
        for place in range(self.most):
            rows = np.flatnonzero(counts > place)
            made[rows] = made[rows] + self.part.make(counters[rows], derive_seed(seed, place))
        return made

    @property
    def longest(self) -> int:
        return self.most * self.part.longest

    def slots(self) -> list[tuple[str, ...]] | None:
        inner = self.part.slots()
        return None if inner is None or self.least != self.most else inner * self.least


Node = Choice | Sequence | Either | Repeat


@dataclass(frozen=True)
class Pattern:
    """A pattern that was read."""

    text: str
    root: Node

    def make(self, counters: Ints, *, seed: int) -> Texts:
        """A value a counter, shape `(rows,)`; values may repeat."""
        return self.root.make(counters, seed)

    @property
    def longest(self) -> int:
        return self.root.longest

    @property
    def distinct(self) -> int:
        """How many different values `make_distinct` can give; 0 where the pattern has several ways to write one value."""
        slots = self.root.slots()
        return 0 if slots is None else _size(_varied(slots))

    def make_distinct(self, counters: Ints, *, seed: int) -> Texts:
        """A value a counter, none twice for counters below `distinct`.

        The last slots, as many as 62 bits hold, are a permutation of the counters; those before them are drawn.
        """
        slots = self.root.slots()
        if slots is None:
            raise ValueError(f"pattern {self.text} writes some values in several ways")
        varied = _varied(slots)
        numbers = permuted(counters, size=_size(varied), seed=seed, stream="distinct")
        made = _texts([""]).repeat(len(counters))
        for options in reversed(varied):
            made = _texts(options)[numbers % len(options)] + made
            numbers = numbers // len(options)
        for place, options in enumerate(reversed(slots[: len(slots) - len(varied)])):
            made = Choice(options).make(counters, derive_seed(seed, place)) + made
        return made


def _varied(slots: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The last slots, as long as their combinations fit into 62 bits."""
    size, first = 1, len(slots)
    while first and size * len(slots[first - 1]) <= _ENOUGH:
        first -= 1
        size *= len(slots[first])
    return slots[first:]


def _size(slots: list[tuple[str, ...]]) -> int:
    size = 1
    for options in slots:
        size *= len(options)
    return size


def _texts(options: tuple[str, ...] | list[str]) -> Texts:
    texts = np.empty(len(options), dtype=object)
    texts[:] = options
    return texts
