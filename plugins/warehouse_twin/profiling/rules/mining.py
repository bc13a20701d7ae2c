"""Rules of one table: found on a sample, proved on all rows, and no more of them than are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from warehouse_twin.profiling.rules.arithmetic import clocks, durations, equal_columns, multiples, triples
from warehouse_twin.profiling.rules.calendars import parts_of_times
from warehouse_twin.profiling.rules.dependencies import combination_rules, dependencies, mapped
from warehouse_twin.profiling.rules.evidence import Evidence
from warehouse_twin.profiling.rules.nulls import null_rules
from warehouse_twin.profiling.rules.orders import measured, offsets, orders
from warehouse_twin.profiling.rules.rule import Rule

Finder = Callable[[Evidence], Iterator[Rule]]
DERIVED: tuple[Finder, ...] = (equal_columns, parts_of_times, multiples, clocks, durations, triples)
"""In the order of preference: what one column says is simpler than what two say."""


def mine(evidence: Evidence, *, ignored: Sequence[str] = ()) -> tuple[Rule, ...]:
    """Every rule that holds in all rows with enough support, in a fixed order; those named in `ignored` are marked."""
    if evidence.rows < max(100, 10 * evidence.k):
        return ()
    with np.errstate(over="ignore", invalid="ignore"):  # sums and products of the largest numbers are infinite: no rule
        return _mined(evidence, ignored)


def _mined(evidence: Evidence, ignored: Sequence[str]) -> tuple[Rule, ...]:
    chosen = Chosen(evidence, ignored)
    for finder in DERIVED:
        for rule in finder(evidence):
            chosen.consider(rule)
    for rule in dependencies(evidence, dict(chosen.sources)):
        chosen.consider_measured(rule, mapped)
    sources = dict(chosen.sources)
    for rule in offsets(evidence):
        chosen.consider_measured(rule, measured)
    pairs = combination_rules(evidence, chosen.sources, ignored)
    rules = [*chosen.rules, *pairs, *orders(evidence, sources), *null_rules(evidence)]
    return tuple(replace(rule, ignored=rule.text in ignored) for rule in rules)


class Chosen:
    """Rules that say what a column is, each column by one rule at the most, and none by itself in a circle."""

    def __init__(self, evidence: Evidence, ignored: Sequence[str]) -> None:
        self.evidence, self.ignored = evidence, ignored
        self.rules: list[Rule] = []
        self.sources: dict[str, tuple[str, ...]] = {}

    def consider(self, rule: Rule) -> None:
        """Keep the rule if it is new, holds and would not by chance."""
        let_go = next((way for way in ways(rule) if way.text in self.ignored), None)
        turned = let_go or next((way for way in ways(rule) if self._fits(way)), None)
        if turned is None or not self.evidence.surprising(turned) or not self.evidence.holds(turned):
            return
        if let_go is not None:
            self.rules.append(let_go)
            return
        self.rules.append(replace(turned, detail={**turned.detail, "total": self.evidence.total(turned)}))
        self.sources[turned.target] = turned.sources

    def consider_measured(self, rule: Rule, measure: Callable[[Evidence, Rule], Rule | None]) -> None:
        """Keep a rule with numbers of its own, which are measured if its target is still to be drawn; what comes first is best."""
        if not self._fits(rule):
            return
        found = measure(self.evidence, rule)
        if found is None or (found.kind == "dependency" and not (self.evidence.surprising(found) and self.evidence.holds(found))):
            return
        if found.text not in self.ignored:
            self.sources[found.target] = found.sources
        self.rules.append(replace(found, detail={**found.detail, "total": self.evidence.total(found)}))

    def _fits(self, rule: Rule) -> bool:
        if rule.target in self.evidence.fixed or rule.target in self.sources:
            return False
        return not any(self._needs(source, rule.target) for source in rule.sources)

    def _needs(self, column: str, target: str) -> bool:
        return column == target or any(self._needs(source, target) for source in self.sources.get(column, ()))


def ways(rule: Rule) -> Iterator[Rule]:
    """The rule, and for sums and equal columns the same solved for another column."""
    yield rule
    if rule.kind == "equal":
        yield replace(rule, target=rule.sources[0], sources=(rule.target,))
    if rule.kind == "linear" and not rule.detail.get("unit"):
        for place, source in enumerate(rule.sources):
            factor = rule.detail["factors"][place]
            if abs(factor) != 1:
                continue
            others = [(name, -value / factor) for name, value in zip(rule.sources, rule.detail["factors"], strict=True) if name != source]
            terms = [(rule.target, 1.0 / factor), *others]
            detail = {
                **rule.detail,
                "factors": [value for _, value in terms],
                "constant": -rule.detail.get("constant", 0.0) / factor,
            }
            yield Rule("linear", source, tuple(name for name, _ in terms), detail)
