"""Rules kept by construction: which columns are computed and not drawn, which are drawn within limits, and in which order.

A rule that says what a column is (`DERIVING`) replaces its tree, where the column is null exactly when a source is; elsewhere
the value is put in where the drawn one is not null. An offset becomes a virtual column `#offset <column>`, which is drawn, and a sum.
Rules about order, nulls and pairs close classes of whichever of their columns is drawn later (`synthesizers.limits`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.profiling.rules.evaluating import computed, from_scalar, nulls_of, scalar, violations
from warehouse_twin.profiling.rules.rule import DERIVING, Rule, kept
from warehouse_twin.profiling.table_profile import ColumnProfile, Part, TableProfile
from warehouse_twin.synthesizers.implied import Chains, chains_of
from warehouse_twin.synthesizers.limits import Limits, limits_of

VIRTUAL = "#offset "
Bools = NDArray[np.bool_]
Arrays = Mapping[str, pa.ChunkedArray]


@dataclass(frozen=True)
class Constraints:
    """The rules of one model, offsets written as sums."""

    rules: tuple[Rule, ...] = ()

    @cached_property
    def names(self) -> frozenset[str]:
        """Columns whose values must be at hand while others are drawn."""
        return frozenset(name for rule in self.rules for name in rule.columns)

    @cached_property
    def virtual(self) -> frozenset[str]:
        """Columns that are drawn and are no column of the table."""
        return frozenset(name for name in self.names if name.startswith(VIRTUAL))

    @cached_property
    def _deriving(self) -> dict[str, Rule]:
        return {rule.target: rule for rule in self.rules if rule.kind in DERIVING}

    @cached_property
    def _limiting(self) -> dict[str, tuple[Rule, ...]]:
        limiting = [rule for rule in self.rules if rule.kind not in DERIVING]
        return {name: tuple(rule for rule in limiting if name in rule.columns) for name in self.names}

    @cached_property
    def _chains(self) -> Chains:
        return chains_of(self.rules)

    def replaces(self, name: str) -> bool:
        """Whether the column is computed and needs no tree."""
        return name in self._deriving and bool(self._deriving[name].detail.get("total"))

    def computed(self, name: str, known: Arrays, kind: pa.DataType) -> pa.ChunkedArray | None:
        """A column that is not drawn; None for one that is, or whose sources are not known."""
        if not self.replaces(name) or not set(self._deriving[name].sources) <= set(known):
            return None
        found = computed(self._deriving[name], known, kind)
        return self._in_order(name, found, known) if self._deriving[name].sources[-1] in self.virtual else found

    def limits(self, column: ColumnProfile, known: Arrays) -> Limits | None:
        """What the column may be, given those that are drawn already; None where any value will do."""
        pairs = [rule for rule in self._limiting.get(column.name, ()) if rule.kind == "combination" and _other(rule, column.name) in known]
        rules = [*pairs, *self._chains.rules(column.name, known)]
        forced = self._chains.forced(column.name, known)
        return limits_of(column, rules, known, forced=forced) if rules or forced is not None else None

    def settled(self, name: str, array: pa.ChunkedArray, known: Arrays) -> pa.ChunkedArray:
        """The drawn column with what a rule says of it put in, and the few values that no limit could hold moved to their bound."""
        rule = self._deriving.get(name)
        if rule is not None and set(rule.sources) <= set(known):
            found = computed(rule, known, array.type)
            array = pc.if_else(pc.and_(array.is_valid(), found.is_valid()), found, array)
        return self._in_order(name, array, known)

    def _in_order(self, name: str, array: pa.ChunkedArray, known: Arrays) -> pa.ChunkedArray:
        for rule in self._limiting.get(name, ()):
            if rule.kind == "order" and _other(rule, name) in known:
                array = _at_bound(rule, name, array, known)
        return array

    def broken(self, name: str, array: pa.ChunkedArray, known: Arrays) -> Bools:
        """Rows in which a rule about the column and others, which are known, does not hold."""
        columns = {**known, name: array}
        wrong = np.zeros(len(array), dtype=bool)
        for rule in self.rules:
            if name in rule.columns and set(rule.columns) <= set(columns):
                wrong |= violations(rule, columns)
                if rule.target == name and self.replaces(name):
                    wrong |= nulls_of(array) != np.logical_or.reduce([nulls_of(columns[source]) for source in rule.sources])
        return wrong

    def to_list(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self.rules]

    @classmethod
    def from_list(cls, rules: Sequence[Mapping[str, Any]]) -> Constraints:
        return cls(tuple(Rule.from_dict(rule) for rule in rules))


def _other(rule: Rule, name: str) -> str:
    return rule.sources[0] if rule.target == name else rule.target


def _at_bound(rule: Rule, name: str, array: pa.ChunkedArray, known: Arrays) -> pa.ChunkedArray:
    other = known[_other(rule, name)]
    wrong = violations(rule, {name: array, _other(rule, name): other})
    if not wrong.any():
        return array
    away = float(rule.detail.get("step", 0.0)) if rule.detail.get("strict") else 0.0
    if other.type != array.type:
        other = other.cast(array.type, safe=False)
    bound = from_scalar(scalar(other) + (away if rule.target == name else -away), array.type)
    return pc.if_else(pa.array(wrong), bound, array)


# ── what a model is fitted with ──────────────────────────────────────────────────────────────────────────────────────


def constrained(profile: TableProfile, *, fixed: Collection[str]) -> tuple[TableProfile, Constraints]:
    """The profile with its offsets as virtual columns, and its rules; no rule says what a `fixed` column is."""
    rules: list[Rule] = []
    columns = list(profile.columns)
    for rule in kept(profile.rules, [column.name for column in profile.columns]):
        if rule.target in fixed and (rule.kind in DERIVING or rule.kind == "offset"):
            continue
        if rule.kind == "offset":
            columns.append(_virtual(rule, profile.column(rule.target)))
            factors = {"factors": [1.0, 1.0], "step": rule.detail["step"], "total": rule.detail["total"]}
            rule = Rule("linear", rule.target, (*rule.sources, columns[-1].name), factors)
        rules.append(rule)
    nullable = {column.name for column in columns if column.nulls}
    rules = [replace(rule, detail={**rule.detail, "nullable": sorted(nullable.intersection(rule.columns))}) for rule in rules]
    return replace(profile, columns=tuple(columns)), Constraints(tuple(rules))


def _virtual(rule: Rule, target: ColumnProfile) -> ColumnProfile:
    cells = tuple((float(low), float(high), int(rows)) for low, high, rows in rule.detail["cells"])
    rows = sum(cell[2] for cell in cells)
    part = Part("number", cells=cells, step=float(rule.detail["step"]))
    return ColumnProfile(f"{VIRTUAL}{target.name}", "DOUBLE", "numeric", target.rows, target.rows - rows, len(cells), (part,))


def with_virtual(training: pa.Table, constraints: Constraints) -> pa.Table:
    """The training rows with the virtual columns: the difference of target and source."""
    for rule in constraints.rules:
        if rule.kind == "linear" and rule.sources[-1].startswith(VIRTUAL):
            difference = scalar(training.column(rule.target)) - scalar(training.column(rule.sources[0]))
            values = pa.array(difference, mask=np.isnan(difference))
            training = training.append_column(rule.sources[-1], pa.chunked_array([values]))
    return training


def rule_order(columns: Sequence[str], rules: Sequence[Rule], *, first: int) -> tuple[str, ...]:
    """The columns in the order nearest to the given one in which sources come before what is computed, and a before b in a <= b.

    The `first` ones keep their places, a virtual column takes its target's. A computed column follows its sources at once, so
    that others are drawn given it.
    """
    targets = {rule.target: set(rule.sources) for rule in rules if rule.kind in DERIVING and rule.target in columns[first:]}
    softly: dict[str, set[str]] = {}
    for rule in rules:
        if rule.kind == "order":
            early, late = rule.sources[0], rule.target
            if late in targets and early not in targets:
                early, late = late, early
            softly.setdefault(late, set()).add(early)
        if rule.kind in ("null_equal", "null_implied"):  # of two sources either may be why a computed column is null
            for one, other in ((rule.target, rule.sources[0]), (rule.sources[0], rule.target)):
                if len(targets.get(one, ())) > 1 and other not in targets[one]:
                    softly.setdefault(other, set()).add(one)
    done, left = list(columns[:first]), list(columns[first:])
    for virtual in [name for name in left if name.startswith(VIRTUAL)]:  # what is near to another column stands where it would
        target = virtual.removeprefix(VIRTUAL)
        if target in left and left.index(target) < left.index(virtual):
            left.remove(virtual)
            left.insert(left.index(target), virtual)
    while left:
        ready = [name for name in left if targets.get(name, set()) <= set(done)]
        derived = [name for name in ready if name in targets]
        calm = [name for name in ready if not softly.get(name, set()) & set(left) - {name}]
        chosen = (derived or calm or ready or left)[0]
        done.append(chosen)
        left.remove(chosen)
    return tuple(done)
