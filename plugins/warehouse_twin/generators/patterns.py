r"""Patterns: texts of a given form, written like a small regular expression.

Known are literal characters, classes (`[A-Z0-9_]`, `\d`, `\w`), groups with alternatives (`(DE|FR)`), and how often something
stands there (`{4}`, `{2,5}`, `?`). A backslash makes any other character stand for itself. Each part of a value is drawn by
itself, so that equal counters give equal values however the rows are split.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.randomness import derive_seed, permuted, random_bits

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
MAX_TEXT, MAX_LENGTH, MAX_DEPTH = 500, 1_000, 8
_ENOUGH = 2**62
_ESCAPED = {"d": string.digits, "w": string.ascii_letters + string.digits + "_"}
_SPECIAL = "[](){}|?*+.^$\\"


class PatternError(ValueError):
    """A pattern that cannot be read; says at which character."""


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


def parse_pattern(text: str) -> Pattern:
    """Read a pattern. Raises PatternError, which says what is wrong at which character."""
    if len(text) > MAX_TEXT:
        raise PatternError(f"the pattern has {len(text)} characters; wanted at most {MAX_TEXT}")
    pattern = Pattern(text, _Parser(text).whole())
    if pattern.longest > MAX_LENGTH:
        raise PatternError(f"the pattern makes texts of up to {pattern.longest} characters; wanted at most {MAX_LENGTH}")
    return pattern


class _Parser:
    """Recursive descent over the text of one pattern."""

    def __init__(self, text: str) -> None:
        self.text, self.place, self.depth = text, 0, 0

    def whole(self) -> Node:
        node = self._either()
        if self.place < len(self.text):
            self._wrong("a ) without its (")
        return node

    def _wrong(self, what: str) -> NoReturn:
        raise PatternError(f"at character {self.place + 1}: {what}")

    def _next(self) -> str:
        return self.text[self.place] if self.place < len(self.text) else ""

    def _take(self) -> str:
        character = self._next()
        self.place += 1
        return character

    def _either(self) -> Node:
        ways = [self._sequence()]
        while self._next() == "|":
            self.place += 1
            ways.append(self._sequence())
        return ways[0] if len(ways) == 1 else Either(tuple(ways))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return Sequence(tuple(parts))

    def _atom(self) -> Node:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return self._class()
        if character in "*+":
            self._wrong(f"{character} has no end; wanted a count such as {{1,8}}, or \\{character} for the character itself")
        if character in _SPECIAL and character != "\\":
            self._wrong(f"{character} means nothing here; wanted \\{character} for the character itself")
        return Choice(tuple(self._escaped() if character == "\\" else self._take()))

    def _escaped(self) -> str:
        """The characters that `\\x` stands for."""
        self.place += 1
        character = self._next()
        if not character or (character.isalnum() and character not in _ESCAPED):
            self._wrong(f"\\{character} is not known; wanted \\d, \\w, or a \\ before a sign")
        self.place += 1
        return _ESCAPED.get(character, character)

    def _group(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._wrong(f"groups stand more than {MAX_DEPTH} deep")
        self.place += 1
        node = self._either()
        if self._take() != ")":
            self._wrong("a ( without its )")
        self.depth -= 1
        return node

    def _class(self) -> Node:
        self.place += 1
        if self._next() == "^":
            self._wrong("a class of what is not meant; wanted the characters that are")
        found: list[str] = []
        while (character := self._next()) != "]":
            if not character:
                self._wrong("a [ without its ]")
            options = self._escaped() if character == "\\" else self._take()
            if len(options) == 1 and self._next() == "-" and self.text[self.place + 1 : self.place + 2] not in ("]", ""):
                self.place += 1
                last = self._escaped() if self._next() == "\\" else self._take()
                if len(last) != 1 or ord(last) < ord(options) or ord(last) - ord(options) > MAX_LENGTH:
                    self._wrong(f"{options}-{last} is no range of characters; wanted the lower one first")
                options = "".join(map(chr, range(ord(options), ord(last) + 1)))
            found += options
        self.place += 1
        if not found:
            self._wrong("an empty class")
        return Choice(tuple(dict.fromkeys(found)))

    def _repeated(self, node: Node) -> Node:
        if self._next() == "?":
            self.place += 1
            return Repeat(node, 0, 1)
        if self._next() != "{":
            return node
        start = self.place
        end = self.text.find("}", start)
        least, comma, most = self.text[start + 1 : max(end, start)].partition(",")
        if not (least.isdecimal() and (most.isdecimal() if comma else True) and len(least) < 5 and len(most) < 5):
            self._wrong("wanted a count such as {4} or {2,5}, or \\{ for the character itself")
        low, high = int(least), int(most) if comma else int(least)
        if high < low or high > MAX_LENGTH:
            self._wrong(f"{{{least}{comma}{most}}} is no count; wanted the lower one first and at most {MAX_LENGTH}")
        self.place = end + 1
        return Repeat(node, low, high)
