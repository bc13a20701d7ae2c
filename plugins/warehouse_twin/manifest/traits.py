"""What a manifest must know of a synthesizer to judge what is asked of it: its parameters and the tables it can draw.

Every synthesizer carries its own (`synthesizers.protocol.Synthesizer.traits`); one of a third party that has none is judged
when it is fitted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from warehouse_twin.manifest.names import listed, shown, unknown

NO_BOUND = 1e9
Kind = Literal["whole", "number", "flag", "widths", "choice"]
Draws = Literal["rows", "sequences", "schema"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a synthesizer; `widths` are the sizes of layers, a list of whole numbers.

    `of_k`: at least the manifest's k, whatever `at_least` says.
    """

    kind: Kind
    at_least: float = 0
    at_most: float = NO_BOUND
    choices: tuple[str, ...] = ()
    of_k: bool = False

    def fault(self, value: object, *, k: int = 0) -> str:
        """What is wrong with a value; empty when nothing is."""
        least = max(self.at_least, k) if self.of_k else self.at_least
        return "" if self._holds(value, least) else f"got {shown(value)}, wanted {self._wanted(least)}"

    def _holds(self, value: object, least: float) -> bool:
        if self.kind == "flag":
            return isinstance(value, bool)
        if self.kind == "choice":
            return isinstance(value, str) and value in self.choices
        if self.kind == "widths":
            return isinstance(value, list | tuple) and 0 < len(value) <= 20 and all(self._is_number(item, least) for item in value)
        return self._is_number(value, least)

    def _is_number(self, value: object, least: float) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return False
        return (isinstance(value, int) or self.kind == "number") and least <= value <= self.at_most

    def _wanted(self, least: float) -> str:
        if self.kind == "flag":
            return "true or false"
        if self.kind == "choice":
            return f"one of {listed(self.choices)}"
        bounds = f"of at least {least:,g}" if self.at_most == NO_BOUND else f"from {least:,g} to {self.at_most:,g}"
        return {"whole": "a whole number ", "number": "a number ", "widths": "a list of whole numbers "}[self.kind] + bounds


@dataclass(frozen=True, slots=True)
class Traits:
    """Of one synthesizer. `parameters` None: nobody knows them before it is fitted.

    `draws`: rows of one table, sequences of one with `order_by`, or all tables of a twin at once.
    `conditional`: given other columns, which sequences, rebalanced tables and parents' columns need.
    `reads`: whether the source's rows are read, or made up from what the catalog declares.
    """

    parameters: Mapping[str, Parameter] | None = None
    draws: Draws = "rows"
    reads: bool = True
    conditional: bool | None = None
    private: bool = False
    """whether it keeps a promise of differential privacy, which the manifest gives as `privacy`"""
    cost: float | None = None
    """about how many CPU seconds 1,000 rows of 10 columns take to learn and to draw, in one epoch where it has epochs"""
    epochs: int = 1
    """by default; 1 where it has none"""
    multiples: tuple[tuple[str, int, str, int], ...] = field(default=())
    """(parameter, its default, parameter it must be a multiple of, that one's default); without a name that one is fixed"""

    @property
    def learns_a_table(self) -> bool:
        """Whether it learns from the rows of one table, in no order."""
        return self.draws == "rows" and self.reads

    def seconds(self, rows: int, columns: int, given: Mapping[str, Any]) -> float:
        """An estimate that is the same on every machine, to compare by; without a cost nobody knows, which is dearest."""
        if self.cost is None:
            return math.inf
        return self.cost * rows / 1_000 * columns / 10 * float(given.get("epochs", self.epochs))

    def faults(self, given: Mapping[str, Any], *, k: int = 0) -> Iterator[tuple[str, str, bool]]:
        """Of parameters: the name, what is wrong, and whether it is the name itself."""
        if self.parameters is None:
            return
        for name, value in given.items():
            if name not in self.parameters:
                yield name, unknown("parameter", name, sorted(self.parameters)), True
            elif fault := self.parameters[name].fault(value, k=k):
                yield name, fault, False
        for name, usual, other, its in self.multiples:
            whole, part = given.get(name, usual), given.get(other, its)
            if {name, other} & set(given) and _counts(whole) and _counts(part) and whole % part:
                of = f"{other} {part}".strip()
                yield (name if name in given else other), f"{name} {whole} is not a multiple of {of}; wanted one that is", False


def _counts(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
