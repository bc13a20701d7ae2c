"""Columns of a parent that are counted or summed up from its children, or the last one's, found in the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTwin
from warehouse_twin.profiling.matching import match_rows
from warehouse_twin.profiling.rules.evaluating import beyond, nulls_of, scalar
from warehouse_twin.profiling.rules.evidence import SURPRISE
from warehouse_twin.profiling.rules.rule import DERIVING, Rule
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import permutation
from warehouse_twin.relations.children import Family
from warehouse_twin.relations.contexts import MODELLED_KINDS, Read, modelled_columns
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.latest import agrees, latest, latest_rules
from warehouse_twin.relations.terms import Term, products

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SAMPLE, MAX_COLUMNS, MAX_ORDERS = 4_000, 12, 4
APART = 0.01
"""The intraclass correlation below which siblings are no more alike than others, beside what chance makes of it."""


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
    every = [column for column in modelled_columns(name, plans, profiles) if column not in taken and profile.column(column).distinct > 1]
    targets = [column for column in every if profile.column(column).kind in kinds and profile.column(column).distinct > 2]
    found: dict[str, Rule] = {}
    for other in twin.protected:
        for key in other.table.foreign_keys:
            if key.references == name and other.name != name and len(found) < len(targets):
                numbers = [column for column in plans[other.name].modelled if profiles[other.name].column(column).kind in kinds]
                finder = _Finder(profile, [column for column in targets if column not in found], rows, whole)
                for rule in finder.find(other.name, key, numbers[:MAX_COLUMNS]):
                    found.setdefault(rule.target, rule)
    for rule in _latest(twin, name, profiles, plans, _Finder(profile, [c for c in every if c not in found], rows, whole)):
        found.setdefault(rule.target, rule)
    return tuple(found[column] for column in every if column in found)


def _latest(
    twin: ResolvedTwin, name: str, profiles: Mapping[str, TableProfile], plans: Mapping[str, KeyPlan], finder: _Finder
) -> Iterator[Rule]:
    """The columns that are those of the last or first row that refers to a table's row, in the order of a time or a number."""
    for other in twin.protected:
        columns = [column for column in plans[other.name].modelled if profiles[other.name].column(column).kind in MODELLED_KINDS]
        numbers = [column for column in columns if profiles[other.name].column(column).kind != "categorical"]
        numbers.sort(key=lambda column: (column != other.order_by, profiles[other.name].column(column).kind != "datetime"))
        for key in other.table.foreign_keys:
            if key.references == name and other.name != name and finder.targets and numbers:
                yield from finder.find_latest(other.name, key, columns[: 2 * MAX_COLUMNS], numbers[:MAX_ORDERS])


@dataclass(frozen=True)
class _Finder:
    profile: TableProfile
    targets: Sequence[str]
    rows: Read
    whole: Read

    def find(self, table: str, key: ForeignKey, numbers: Sequence[str]) -> Iterator[Rule]:
        """Every aggregate that a target may be, tried on some parents, proved on all."""
        parents, some, few = self._some(table, key)
        all_parents = None
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

    def find_latest(self, table: str, key: ForeignKey, columns: Sequence[str], by: Sequence[str]) -> Iterator[Rule]:
        """Every target that is a column of the last or the first of the rows, tried on some parents, proved on all."""
        parents, some, few = self._some(table, key)
        if (few.counts >= 2).sum() < SURPRISE:
            return
        whole = {target: self.rows(self.profile.table, [target]).column(0) for target in self.targets}
        sampled = {target: column.take(pa.array(some)) for target, column in whole.items()}
        all_parents: Family | None = None
        for rule in latest_rules(few, sampled, columns, by):
            all_parents, column = all_parents or self._family(table, key, parents), whole[rule.target]
            if agrees(latest(all_parents, rule), column) and self._supported(all_parents, column):
                yield self._with_empty(rule, all_parents, np.where(nulls_of(column), np.nan, 1.0))

    def _some(self, table: str, key: ForeignKey) -> tuple[pa.Table, Ints, Family]:
        """The keys of all parents, which of them are tried, and these with their rows."""
        parents = self.rows(self.profile.table, key.references_columns)
        some = np.sort(permutation(parents.num_rows, seed=0, stream="aggregates")[:SAMPLE]).astype(np.int64)
        return parents, some, self._family(table, key, parents.take(pa.array(some)))

    def _alike(self, target: str, values: Floats, few: Family, numbers: Sequence[str]) -> Iterator[Rule]:
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

    def _family(self, table: str, key: ForeignKey, parents: pa.Table) -> Family:
        keys = self.whole(table, key.columns)
        near = pc.is_in(keys.column(0), value_set=parents.column(0).combine_chunks().cast(keys.column(0).type))
        places = np.flatnonzero(near.to_numpy())
        index = pa.array(places)
        links = match_rows([column.take(index) for column in keys.columns], parents.columns)
        index = pa.array(places[links >= 0])

        def read(name: str) -> pa.ChunkedArray:
            return self.whole(table, [name]).column(0).take(index)

        few = parents.num_rows <= SAMPLE  # whose children's columns are kept in memory
        return Family(table, key, links[links >= 0], parents.num_rows, cache(read) if few else read)

    def _supported(self, family: Family, column: pa.ChunkedArray) -> bool:
        present = (family.counts > 0) & column.is_valid().to_numpy()
        return int(present.sum()) >= max(100, 10 * self.profile.k)

    def _with_empty(self, rule: Rule, family: Family, values: Floats) -> Rule:
        alone = values[family.counts == 0]
        empty = "free"
        if len(alone) >= self.profile.k:
            empty = "null" if np.isnan(alone).all() else "zero" if (alone == 0).all() else "free"
        return Rule("aggregate", rule.target, (), {**rule.detail, "empty": empty})


def _rule(target: str, term: Term, family: Family, step: float) -> Rule:
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


def _apart(family: Family, terms: Sequence[Term], step: float) -> bool:
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


def _aggregates(family: Family, numbers: Sequence[str]) -> Iterator[Term]:
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
