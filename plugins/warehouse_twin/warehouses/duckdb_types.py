"""DuckDB's type names taken apart: what a nested type is made of, and how long its arrays are.

A name of a field may be any text in double quotes, `INTERVAL` or `[3]` too, so types are parsed and not searched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from warehouse_twin.warehouses import quoted

_ARRAY = re.compile(r"(?P<item>.+)\[(?P<length>\d*)\]", re.DOTALL)
_MADE_OF = re.compile(r"(?P<name>STRUCT|MAP|UNION|TUPLE)\((?P<parts>.*)\)", re.DOTALL)
_PART = re.compile(r"\"(?P<quoted>(?:[^\"]|\"\")*)\"\s+(?P<kind>.+)|(?P<plain>\S+)\s+(?P<other>.+)", re.DOTALL)
_ONLY_TEXT = re.compile(r"TIME WITH TIME ZONE|INTERVAL|BIT|BIGNUM|UHUGEINT|UNION|VARIANT|GEOMETRY|ENUM\(.*\)", re.DOTALL)
_MICROSECONDS = {
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
    "TIMESTAMPTZ_NS": "TIMESTAMP WITH TIME ZONE",
    "TIME_NS": "TIME",
}


@dataclass(frozen=True, slots=True)
class Declared:
    """A type: `name` as it is written where it has no parts, else LIST, ARRAY, STRUCT, MAP, UNION or TUPLE.

    `parts` are its fields with their names, of a map `key` and `value`, of a list or an array `item`; `length` is an array's.
    """

    name: str
    parts: tuple[tuple[str, Declared], ...] = ()
    length: int | None = None

    def part(self, name: str) -> Declared | None:
        """None where the type has no such part, as of a type that is not DuckDB's."""
        return dict(self.parts).get(name)

    def all(self) -> Iterator[Declared]:
        """The type itself and all that it is made of."""
        yield self
        for _, part in self.parts:
            yield from part.all()

    @property
    def only_text(self) -> bool:
        """Whether Arrow or Parquet loses something of it: it is read as text, which DuckDB casts back to the same value."""
        return any(_ONLY_TEXT.fullmatch(part.name) is not None for part in self.all())

    def read_as(self) -> str:
        """The type it is read as: lists in place of arrays, as Parquet loses those that are null, and times in microseconds, the one
        unit in which an infinite time stays what it is."""
        inner = [part.read_as() for _, part in self.parts]
        if self.name in ("LIST", "ARRAY"):
            return f"{inner[0]}[]"
        if self.name in ("MAP", "TUPLE"):
            return f"{self.name}({', '.join(inner)})"
        if self.parts:
            return f"{self.name}({', '.join(f'{quoted(name)} {kind}' for (name, _), kind in zip(self.parts, inner, strict=True))})"
        return _MICROSECONDS.get(self.name, self.name)


def taken_apart(sql_type: str) -> Declared:
    """The parts of a type as DuckDB's catalog writes it."""
    text = sql_type.strip()
    if (array := _ARRAY.fullmatch(text)) is not None:
        length = int(array["length"]) if array["length"] else None
        return Declared("LIST" if length is None else "ARRAY", (("item", taken_apart(array["item"])),), length)
    if (made := _MADE_OF.fullmatch(text)) is None:
        return Declared(text)
    parts = _split(made["parts"])
    if made["name"] == "MAP":
        return Declared("MAP", tuple((name, taken_apart(part)) for name, part in zip(("key", "value"), parts, strict=True)))
    if made["name"] == "TUPLE":
        return Declared("TUPLE", tuple((str(place), taken_apart(part)) for place, part in enumerate(parts)))
    return Declared(made["name"], tuple(_named(part) for part in parts))


def _named(part: str) -> tuple[str, Declared]:
    found = _PART.fullmatch(part.strip())
    if found is None:
        raise ValueError("a field without a type")
    if found["quoted"] is not None:
        return found["quoted"].replace('""', '"'), taken_apart(found["kind"])
    return found["plain"], taken_apart(found["other"])


def _split(text: str) -> list[str]:
    """At the commas that stand in no brackets and no quotes."""
    parts, depth, quote, begin = [], 0, "", 0
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote  # a doubled one ends and begins again
        elif letter in "\"'":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == "," and depth == 0:
            parts.append(text[begin:place])
            begin = place + 1
    return [*parts, text[begin:]]
