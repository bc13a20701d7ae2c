"""`Rule`: what held in every row of the training part, and holds in every row of the twin.

A rule names columns and constants of structure (a factor, a date part, a time zone). The map of a dependency, the pairs of a
combination and the cells of an offset hold only what at least k training entities share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

RuleKind = Literal[
    "equal",
    "linear",
    "product",
    "clock",
    "part",
    "dependency",
    "combination",
    "order",
    "null_equal",
    "null_implied",
    "offset",
    "aggregate",
    "code",
    "position",
]
DERIVING: tuple[RuleKind, ...] = ("equal", "linear", "product", "clock", "part", "dependency")
"""Kinds that say what the target is, given the sources."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`target` by `sources`, columns of the table or `<parent>.<column>`. What `detail` holds depends on the kind.

    equal: target = source.
    linear: target = sum of `factors` times sources + `constant`, to within half a step of the target (`step`); dates count in days,
    times in microseconds, of which `unit` (seconds, minutes, hours, days) has as many as the factor of the second source says.
    product: target = source * source, likewise. clock: hours and minutes written as hhmm, plus minutes, around the clock.
    part: `part` (date, year, quarter, month, week, day, weekday, hour, minute) of the source, in the time zone `zone`, if any.
    dependency: `map` of rows (values of the sources…, value of the target), all as text.
    combination: `never`, pairs (source, target) that do not occur though by chance they would.
    order: source <= target; with `strict` source < target.
    null_equal: null exactly where the source is. null_implied: null where the source is.
    offset: no rule but a coding: the target is drawn as source plus a number from `cells`, a multiple of `step`.
    aggregate: target = `function` of `column` of the rows of `table` whose `columns` refer to `references`; `empty` is the value
    of a row that nothing refers to (null, zero; free: any). What it sums up is a term: `relations.terms`; the last or first of them
    is told `by` another column.
    code: the target contains the source, the key of a row above: as its `run`-th run of digits, with zeros before it up to a `width`,
    or as that which it `begins` with, so many characters.
    position: the target numbers the rows that share the sources, a key, from `first` on.
    `ignored` rules are listed and not kept, because the manifest says so.
    """

    kind: RuleKind
    target: str
    sources: tuple[str, ...]
    detail: Mapping[str, Any] = field(default_factory=dict)
    ignored: bool = False

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Rule:
        return cls(**{**value, "sources": tuple(value["sources"])})

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the table, or of its context, that the rule is about."""
        return (*self.sources, self.target)

    @property
    def text(self) -> str:
        """The rule as it is written in reports and in the manifest; equal rules, equal texts."""
        target, sources, detail = self.target, self.sources, self.detail
        match self.kind:
            case "equal":
                return f"{target} = {sources[0]}"
            case "linear":
                return f"{target} = {_sum(sources, detail)}"
            case "product":
                return f"{target} = {sources[0]} * {sources[1]}"
            case "clock":
                return f"{target} = clock({sources[0]} + {sources[1]})"
            case "part":
                zone = f" at {detail['zone']}" if detail.get("zone") else ""
                return f"{target} = {detail['part']}({sources[0]}{zone})"
            case "dependency":
                return f"{', '.join(sources)} -> {target}"
            case "combination":
                return f"combinations({sources[0]}, {target})"
            case "order":
                return f"{sources[0]} {'<' if detail.get('strict') else '<='} {target}"
            case "null_equal":
                return f"null({target}) = null({sources[0]})"
            case "null_implied":
                return f"null({sources[0]}) <= null({target})"
            case "code":
                return f"{target} contains {sources[0]}"
            case "position":
                return f"{target} numbers ({', '.join(sources)}) from {detail['first']}"
            case "offset":
                return f"offset({target}, {sources[0]})"
            case "aggregate":
                what = f"{detail['table']}.{detail['column']}" if detail["column"] else detail["table"]
                return f"{target} = {detail['function']}({what})"


def _sum(sources: tuple[str, ...], detail: Mapping[str, Any]) -> str:
    if detail.get("unit"):
        return f"{sources[0]} {'-' if detail['factors'][1] < 0 else '+'} {detail['unit']}({sources[1]})"
    text = ""
    for source, factor in zip(sources, detail["factors"], strict=True):
        sign = "-" if factor < 0 else "+"
        term = source if abs(factor) == 1 else f"{plain(abs(factor))}*{source}"
        text += f" {sign} {term}" if text else (f"-{term}" if factor < 0 else term)
    constant = detail.get("constant", 0)
    return f"{text} {'-' if constant < 0 else '+'} {plain(abs(constant))}" if constant else text


def plain(number: float) -> str:
    """A number without a needless fraction."""
    return str(int(number)) if float(number).is_integer() else f"{number:.10g}"


def kept(rules: Iterable[Rule], columns: Iterable[str]) -> tuple[Rule, ...]:
    """The rules that are not ignored and speak of these columns only."""
    known = set(columns)
    return tuple(rule for rule in rules if not rule.ignored and rule.kind != "aggregate" and known.issuperset(rule.columns))
