"""Columns of a parent that are counted or summed up from its children: found in the source, settled in the twin.

A parent is drawn before its children, so that its own draw of such a column can only be a guess. When all tables are drawn the
column is computed from the children that the parent did get, and with it what follows from it. Rules that such a column could
break are let go: those of its table that do not say what a column is, and those of children that look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTwin
from warehouse_twin.profiling.matching import match_rows
from warehouse_twin.profiling.rules.evaluating import beyond, computed, from_scalar, on_grid, scalar
from warehouse_twin.profiling.rules.evidence import SURPRISE
from warehouse_twin.profiling.rules.rule import DERIVING, Rule
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import permutation
from warehouse_twin.relations.contexts import Read
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.terms import Term, products

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SAMPLE, MAX_COLUMNS = 4_000, 12
APART = 0.01
"""The intraclass correlation below which siblings are no more alike than others, beside what chance makes of it."""


@dataclass(frozen=True)
class _Family:
    """A table's rows, as many as are looked at, and the rows of another that refer to them; `links` is the parent's row of each."""

    name: str
    key: ForeignKey
    links: Ints
    parents: int
    read: Callable[[str], pa.ChunkedArray]

    @property
    def counts(self) -> Ints:
        return np.bincount(self.links, minlength=self.parents).astype(np.int64)

    def values(self, term: Term, step: float) -> Floats:
        """The term's product for every child."""
        return term.values(lambda name: scalar(self.read(name)), step)

    def aggregate(self, term: Term, step: float) -> Floats:
        """The function of the children's values for every parent, NaN where there is none."""
        function = term.function
        if function == "count":
            return self.counts.astype(np.float64)
        values = self.values(term, step)
        here = ~np.isnan(values)
        links, values = self.links[here], values[here]
        filled = np.bincount(links, minlength=self.parents) > 0
        if function == "sum":
            return np.where(filled, np.bincount(links, weights=values, minlength=self.parents), np.nan)
        order = np.lexsort((values if function == "max" else -values, links))
        found = np.full(self.parents, np.nan)
        found[links[order]] = values[order]  # written last wins: the greatest, or the least
        return found


# ── found ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def aggregate_rules(
    twin: ResolvedTwin,
    name: str,
    profiles: Mapping[str, TableProfile],
    plans: Mapping[str, KeyPlan],
    rules: Sequence[Rule],
    rows: Read,
    whole: Read,
) -> tuple[Rule, ...]:
    """The aggregates that hold in every row of a table's training part (`rows`), over all rows (`whole`) that refer to it.

    A column that another of its `rules` computes is none.
    """
    plan, profile = plans[name], profiles[name]
    taken = {rule.target for rule in rules if rule.kind in DERIVING} | set(plan.leading)
    kinds = ("numeric", "datetime")
    targets = [column for column in plan.modelled if profile.column(column).kind in kinds and column not in taken]
    targets = [column for column in targets if profile.column(column).distinct > 2]
    found: dict[str, Rule] = {}
    for other in twin.protected:
        for key in other.table.foreign_keys:
            if key.references == name and other.name != name and len(found) < len(targets):
                numbers = [column for column in plans[other.name].modelled if profiles[other.name].column(column).kind in kinds]
                finder = _Finder(profile, [column for column in targets if column not in found], rows, whole)
                for rule in finder.find(other.name, key, numbers[:MAX_COLUMNS]):
                    found.setdefault(rule.target, rule)
    return tuple(found[column] for column in targets if column in found)


@dataclass(frozen=True)
class _Finder:
    profile: TableProfile
    targets: Sequence[str]
    rows: Read
    whole: Read

    def find(self, table: str, key: ForeignKey, numbers: Sequence[str]) -> Iterator[Rule]:
        """Every aggregate that a target may be, tried on some parents, proved on all."""
        parents = self.rows(self.profile.table, key.references_columns)
        some = np.sort(permutation(parents.num_rows, seed=0, stream="aggregates")[:SAMPLE])
        few, all_parents = self._family(table, key, parents.take(pa.array(some))), None
        if (few.counts >= 2).sum() < SURPRISE:
            return
        columns = {target: self.rows(self.profile.table, [target]).column(0) for target in self.targets}
        for target, column in columns.items():
            values = scalar(column.take(pa.array(some)))
            for rule in self._alike(target, values, few, numbers):
                term, step = Term.of_rule(rule.detail), float(rule.detail["step"])
                all_parents = all_parents or self._family(table, key, parents)
                if _agree(rule, all_parents.aggregate(term, step), scalar(column)) and self._supported(all_parents, column):
                    yield self._with_empty(rule, all_parents, scalar(column))
                    break

    def _alike(self, target: str, values: Floats, few: _Family, numbers: Sequence[str]) -> Iterator[Rule]:
        """The rules that hold in some parents, which have these values of the target."""
        parts = self.profile.column(target).parts
        step = parts[0].step if len(parts) == 1 else 1.0
        for plain in _aggregates(few, numbers):
            room = step * len(plain.of) * few.counts if len(plain.of) > 1 else np.zeros(few.parents)
            made = few.aggregate(plain, 0.0)
            if (np.abs(made - values) > room + step / 2 + 1e-9 * np.maximum(np.abs(made), 1.0)).any():
                continue  # NaN is nowhere further away
            for term in plain.rounded_ways() if len(plain.of) > 1 else (plain,):
                rule = _rule(target, term, few, step)
                if _agree(rule, few.aggregate(term, step), values, dealt=True):
                    yield rule
                    break

    def _family(self, table: str, key: ForeignKey, parents: pa.Table) -> _Family:
        keys = self.whole(table, key.columns)
        near = pc.is_in(keys.column(0), value_set=parents.column(0).combine_chunks().cast(keys.column(0).type))
        places = np.flatnonzero(near.to_numpy())
        index = pa.array(places)
        links = match_rows([column.take(index) for column in keys.columns], parents.columns)
        index = pa.array(places[links >= 0])

        def read(name: str) -> pa.ChunkedArray:
            return self.whole(table, [name]).column(0).take(index)

        few = parents.num_rows <= SAMPLE  # whose children's columns are kept in memory
        return _Family(table, key, links[links >= 0], parents.num_rows, cache(read) if few else read)

    def _supported(self, family: _Family, column: pa.ChunkedArray) -> bool:
        present = (family.counts > 0) & column.is_valid().to_numpy()
        return int(present.sum()) >= max(100, 10 * self.profile.k)

    def _with_empty(self, rule: Rule, family: _Family, values: Floats) -> Rule:
        alone = values[family.counts == 0]
        empty = "free"
        if len(alone) >= self.profile.k:
            empty = "null" if np.isnan(alone).all() else "zero" if (alone == 0).all() else "free"
        return Rule("aggregate", rule.target, (), {**rule.detail, "empty": empty})


def _rule(target: str, term: Term, family: _Family, step: float) -> Rule:
    """`apart`: whether the children that are summed up are no more alike than rows of different parents."""
    detail = {
        "function": term.function,
        "table": family.name,
        "column": term.text(family.name),
        "of": list(term.of),
        "forms": list(term.forms),
        "rounded": term.rounded,
        "columns": list(family.key.columns),
        "references": list(family.key.references_columns),
        "step": step,
        "apart": term.function == "sum" and _apart(family, [term, *(Term("sum", (name,)) for name in term.of)], step),
    }
    return Rule("aggregate", target, (), detail)


def _apart(family: _Family, terms: Sequence[Term], step: float) -> bool:
    """Whether no term has an intraclass correlation to speak of: Fisher's, from the products of all pairs of siblings."""
    for term in terms:
        values = family.values(term, step)
        known = ~np.isnan(values)
        links, values = family.links[known], values[known]
        spread = float(values.std()) if len(values) else 0.0
        if not spread:
            continue
        scaled = (values - values.mean()) / spread
        counts = np.bincount(links, minlength=family.parents)
        sums, squares = (np.bincount(links, weights=scaled**power, minlength=family.parents) for power in (1, 2))
        pairs = float((counts * (counts - 1)).sum())
        if pairs and (sums**2 - squares).sum() / pairs > APART + 3 * (2 / pairs) ** 0.5:
            return False
    return True


def _aggregates(family: _Family, numbers: Sequence[str]) -> Iterator[Term]:
    """Functions and their columns: the greatest and the least only where they differ, as equal ones are copies of the parent's."""
    yield Term("count")
    for name in numbers:
        yield Term("sum", (name,))
        least, most = (family.aggregate(Term(function, (name,)), 0.0) for function in ("min", "max"))
        if (least < most).sum() >= SURPRISE:
            yield Term("max", (name,))
            yield Term("min", (name,))
    yield from products(numbers, lambda name: scalar(family.read(name)))


def _agree(rule: Rule, made: Floats, values: Floats, *, dealt: bool = False) -> bool:
    """Whether the column is the aggregate wherever both are there, often; `dealt`: and would not be if its values were dealt anew."""
    both = ~np.isnan(made) & ~np.isnan(values)
    if both.sum() < SURPRISE or beyond(made[both], values[both], float(rule.detail["step"])).any():
        return False
    if not dealt:
        return True
    again = values[both][permutation(int(both.sum()), seed=1, stream="aggregates")]
    return bool(beyond(made[both], again, float(rule.detail["step"])).sum() >= SURPRISE)


# ── settled ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def without_settled(found: Mapping[str, tuple[Rule, ...]], plans: Mapping[str, KeyPlan]) -> dict[str, tuple[Rule, ...]]:
    """The rules of all tables but those that a column could break that is settled after its children are drawn."""
    changed = {name: _changed(rules) for name, rules in found.items()}
    kept: dict[str, tuple[Rule, ...]] = {}
    for name, rules in found.items():
        drive = plans[name].drive
        above = {f"{drive.references}.{column}" for column in changed.get(drive.references, ())} if drive is not None else set()
        kept[name] = tuple(
            rule
            for rule in rules
            if rule.ignored
            or rule.kind == "aggregate"
            or (not above.intersection(rule.columns) and (rule.kind in DERIVING or not changed[name].intersection(rule.columns)))
        )
    return kept


def _changed(rules: Sequence[Rule]) -> set[str]:
    """Aggregates, and what is computed from them."""
    changed = {rule.target for rule in rules if rule.kind == "aggregate" and not rule.ignored}
    for rule in _computing(rules):
        if changed.intersection(rule.sources):
            changed.add(rule.target)
    return changed


def _computing(rules: Sequence[Rule]) -> list[Rule]:
    """Rules that say what a column is, sources first."""
    left = [rule for rule in rules if rule.kind in DERIVING and not rule.ignored]
    ordered: list[Rule] = []
    while left:
        targets = {rule.target for rule in left}
        ready = [rule for rule in left if not targets.intersection(rule.sources)] or left
        ordered += ready
        left = [rule for rule in left if rule not in ready]
    return ordered


def settled(table: pa.Table, rules: Sequence[Rule], whole: Read) -> pa.Table:
    """A table of the twin with its aggregates computed from the rows that refer to it, and what follows from them."""
    aggregates = [rule for rule in rules if rule.kind == "aggregate" and not rule.ignored]
    for rule in aggregates:
        column = table.column(rule.target)
        values = aggregated(table, rule, whole)
        found = from_scalar(on_grid(values, float(rule.detail["step"])), column.type)
        keep = pa.array(np.isnan(values) & (rule.detail["empty"] == "free" or column.null_count == 0))
        table = table.set_column(table.column_names.index(rule.target), rule.target, pc.if_else(keep, column, found))
    changed = {rule.target for rule in aggregates}
    for rule in _computing(rules):
        if changed.intersection(rule.sources) and set(rule.columns) <= set(table.column_names):
            column = table.column(rule.target)
            found = computed(rule, {name: table.column(name) for name in rule.sources}, column.type)
            array = pc.if_else(pc.and_(column.is_valid(), found.is_valid()), found, column)
            table = table.set_column(table.column_names.index(rule.target), rule.target, array)
            changed.add(rule.target)
    return table


def aggregated(table: pa.Table, rule: Rule, whole: Read) -> Floats:
    """What an aggregate comes to in every row of a table, NaN where it is null or any."""
    detail = rule.detail
    children = whole(detail["table"], [*detail["columns"], *(name for name in detail["of"] if name not in detail["columns"])])
    links = match_rows([children.column(name) for name in detail["columns"]], [table.column(name) for name in detail["references"]])
    here = pa.array(np.flatnonzero(links >= 0))
    key = ForeignKey(tuple(detail["columns"]), "", tuple(detail["references"]))
    family = _Family(detail["table"], key, links[links >= 0], table.num_rows, lambda name: children.column(name).take(here))
    values = family.aggregate(Term.of_rule(detail), float(detail["step"]))
    return np.where(family.counts == 0, 0.0 if detail["empty"] == "zero" else np.nan, values)
