"""What rules say of two columns by way of a third that is still to be drawn.

Nulls of a after nulls of b after nulls of c: were c and a drawn before b with no regard to one another, b could be left with no
way to keep both rules. So whatever follows along a chain of rules is kept as well, as far as its middle is not there yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.rules.evaluating import nulls_of
from warehouse_twin.profiling.rules.rule import DERIVING, Rule

Bools = NDArray[np.bool_]
Graph = Mapping[str, Mapping[str, bool]]
"""from a column to others; for an order whether it is strict"""


@dataclass(frozen=True)
class Chains:
    """Null where null: `missing`; no greater than: `below`. `computed` are the rules whose target is null just where a source is."""

    missing: Graph
    below: Graph
    computed: tuple[Rule, ...]
    nullable: frozenset[str]

    @cached_property
    def _before(self) -> tuple[Graph, Graph]:
        """`missing` and `below` with their steps turned: once, as a sequence asks at every step."""
        return _turned(self.missing), _turned(self.below)

    def rules(self, name: str, known: Collection[str]) -> Iterator[Rule]:
        """What is known of a column's nulls and order beside known columns: by rules, and by way of columns that are not known."""
        for early, _ in _reached(self._before[0], name, known):
            yield Rule("null_implied", name, (early,))
        for late, _ in _reached(self.missing, name, known):
            yield Rule("null_implied", late, (name,))
        for early, strict in _reached(self._before[1], name, known, shut=self.nullable):  # of a null nothing follows
            yield Rule("order", name, (early,), {"strict": strict})
        for late, strict in _reached(self.below, name, known, shut=self.nullable):
            yield Rule("order", late, (name,), {"strict": strict})

    def forced(self, name: str, known: Mapping[str, pa.ChunkedArray]) -> Bools | None:
        """The rows in which a column must be null as what is computed from it must be, and its other sources are there."""
        found: Bools | None = None
        for rule in self.computed:
            others = [source for source in rule.sources if source != name and source in self.nullable]
            if name not in rule.sources or not set(others) <= set(known):
                continue
            wanted = [early for early, _ in _reached(self._before[0], rule.target, known) if early not in rule.sources]
            if wanted:
                here = np.logical_or.reduce([nulls_of(known[early]) for early in wanted])
                here &= ~np.logical_or.reduce([np.zeros(len(here), dtype=bool), *(nulls_of(known[other]) for other in others)])
                found = here if found is None else found | here
        return found


def chains_of(rules: Sequence[Rule]) -> Chains:
    """The chains of a model's rules; `nullable` of their details says which of a rule's columns have nulls."""
    missing: dict[str, dict[str, bool]] = {}
    below: dict[str, dict[str, bool]] = {}
    computed = tuple(rule for rule in rules if rule.kind in DERIVING and rule.detail.get("total"))
    for rule in rules:
        first = rule.sources[0]
        if rule.kind in ("null_equal", "null_implied"):
            missing.setdefault(first, {})[rule.target] = False
        if rule.kind == "null_equal":
            missing.setdefault(rule.target, {})[first] = False
        if rule.kind == "order":
            below.setdefault(first, {})[rule.target] = bool(rule.detail.get("strict"))
    for rule in computed:
        for source in rule.sources:
            missing.setdefault(source, {})[rule.target] = False
    return Chains(missing, below, computed, frozenset(name for rule in rules for name in rule.detail.get("nullable", ())))


def _reached(steps: Graph, start: str, known: Collection[str], *, shut: Collection[str] = ()) -> Iterator[tuple[str, bool]]:
    """Known columns that a path leads to over unknown ones, none of them `shut`, and whether a step of it is strict."""
    met, edge = {start}, [(start, False)]
    while edge:
        longer: list[tuple[str, bool]] = []
        for column, strict in edge:
            for other, sharp in steps.get(column, {}).items():
                if other in met:
                    continue
                met.add(other)
                if other in known:
                    yield other, strict or sharp
                elif other not in shut:
                    longer.append((other, strict or sharp))
        edge = longer


def _turned(graph: Graph) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    for column, others in graph.items():
        for other, strict in others.items():
            found.setdefault(other, {})[column] = strict
    return found
