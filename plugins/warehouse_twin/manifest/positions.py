"""Where everything in a manifest stands, so that a fault found much later still names its line and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.names import shown, shown_bare

Steps = tuple[str | int, ...]
"""The way to a value: `("tables", "flights", "foreign_keys", 0, "columns")`."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file, 1-based; `text` is what stands there when YAML reads a bare word as something else than text."""

    line: int
    column: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Positions:
    """The places of a file's keys and values."""

    file: str
    keys: Mapping[Steps, Mark]
    values: Mapping[Steps, Mark]

    def fault(self, path: Steps, message: str, *, at_key: bool = False) -> Fault:
        """A fault at the value of `path` (or at its key); where the file has none, at the key of the nearest part that it has."""
        mark = self.keys.get(path) if at_key else None
        mark = mark or self.values.get(path) or self._nearest(path)
        return Fault(self.file, mark.line, mark.column, path_text(path), message)

    def text(self, path: Steps) -> str:
        """The bare word that stands at `path`, when YAML reads it as something else than text; else empty."""
        mark = self.values.get(path)
        return mark.text if mark else ""

    def _nearest(self, path: Steps) -> Mark:
        for end in range(len(path) - 1, 0, -1):
            places = (self.keys, self.values)
            if isinstance(path[end], int):  # an item of what was written as a bare name: the name itself
                places = (self.values, self.keys)
            mark = places[0].get(path[:end]) or places[1].get(path[:end])
            if mark:
                return mark
        return self.values.get((), Mark(1, 1))


def path_text(path: Steps) -> str:
    """`tables.flights.foreign_keys[0].columns`; names that are no plain words stand in quotes."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = shown_bare(step) if step.replace("_", "a").isalnum() else shown(step)
            text += f".{name}" if text else name
    return text
