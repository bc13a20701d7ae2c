"""Learning a whole schema from noisy counts, under one promise of differential privacy for the entity.

A row is counted with its entity: at most so many rows of a table, the others left out by chance, so that an entity moves each count by a
bounded number. How many children a row has is a column of it, and a child is drawn given the coarse parts of its parent's columns; so
one promise covers tables, their sizes and what joins them. Keys to tables that are not of the same entity lead anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.privacy.accounting import Account, Cost, Promise, rho_for
from warehouse_twin.profiling.matching import places_in_runs
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.randomness import derive_seed, mix, uniforms
from warehouse_twin.synthesizers.marginal_columns import Column, Learned, children_column, learned_columns
from warehouse_twin.synthesizers.marginal_counting import Coded, Codes, Counting, Rows, kept, looks, opened
from warehouse_twin.synthesizers.marginal_domains import Allowance, Domain
from warehouse_twin.synthesizers.marginal_fitting import Mean, fit
from warehouse_twin.synthesizers.marginal_measuring import Estimate, Measured, Spending, measure
from warehouse_twin.synthesizers.marginal_models import MarginalModel, TableModel

Ints = NDArray[np.int64]
DOMAINS = 0.25
"""Share of the budget for learning domains."""
ROWS = 0.02
"""What of that is spent on how many rows there are: from this, parents learn how many children they have in all."""
SHOWN = 0.1
"""Share of δ for values that too few hold to be shown."""
ROWS_ALONE = ""


@dataclass(frozen=True)
class Counted:
    """Training rows of one table. `entities` has one number a row; an entity has at most `at_most` rows, others are left out.

    `drive`: the key whose parent is of the same entity, and its table; `link` the parent's row of each row. `others` are keys that lead
    anywhere. `domains` are what somebody declared: `values`, or `from` and `to`. `made` are columns that are made up; `single` says
    that a parent has one row here at the most.
    """

    rows: Rows
    entities: Ints
    at_most: int = 1
    drive: tuple[str, str] | None = None
    link: Ints | None = None
    others: tuple[tuple[str, str], ...] = ()
    domains: Mapping[str, Mapping[str, Sequence[str] | str]] = field(default_factory=dict)
    nullable: frozenset[str] = frozenset()
    made: tuple[ColumnProfile, ...] = ()
    single: bool = False

    @property
    def looks(self) -> float:
        return looks(len(self.entities), len(self.rows.column_names))

    @property
    def children_at_most(self) -> int:
        return 1 if self.single else self.at_most


def allowed(promise: Promise) -> Cost:
    """What may be spent for a promise to hold: most of δ for turning ρ into ε, the rest for values that too few hold."""
    return Cost(rho_for(Promise(promise.epsilon, promise.delta * (1 - SHOWN))), promise.delta * SHOWN)


@dataclass(frozen=True)
class Measurement:
    """Domains and noisy counts of all tables, parents first: everything that costs anything, and what it cost."""

    tables: Mapping[str, tuple[tuple[Domain, ...], Measured]]
    account: Account


def fit_schema(
    tables: Mapping[str, Counted], *, promise: Promise, held_out: float, seed: int, counting: Counting | None = None
) -> MarginalModel:
    """Learn all tables, parents first, within `promise`. Noise is the system's and not of `seed`, which draws rows to fit weights on."""
    bounded = bounded_rows(tables, seed=seed)
    found = measure_schema(bounded, promise=promise, counting=counting)
    model = MarginalModel({}, held_out, promise, found.account)
    return replace(model, tables=_fitted(bounded, found.tables, model, seed=seed))


def measure_schema(bounded: Mapping[str, Counted], *, promise: Promise, counting: Counting | None = None) -> Measurement:
    """Measure tables whose entities have at most as many rows as they say (`bounded_rows`), within `promise`."""
    account = Account(allowed(promise))
    widths = {name: len(table.rows.column_names) + len(_children_of(name, bounded)) for name, table in bounded.items()}
    measured: dict[str, tuple[tuple[Domain, ...], Measured]] = {}
    codes: dict[str, list[Codes]] = {}
    for place, (name, table) in enumerate(bounded.items()):
        where = (counting or Counting()).of_table(place, table.looks)
        share = widths[name] / sum(widths.values())
        budget = Cost(account.allowed.rho * share, account.allowed.delta * share)
        rows = _counted(table, budget.rho * ROWS, account)
        allowance = Allowance(budget.rho * (DOMAINS - ROWS) / widths[name], budget.delta / widths[name], table.at_most, account)
        columns = [*learned_columns(_columns(table, where), allowance, rows.value, where.run), *_numbers(name, bounded, where)]
        codes[name] = [column.codes for column in columns]
        sizes, given = _given(table, measured, codes, where)
        coded = Coded(
            (*given, *codes[name]),
            (*sizes, *(column.domain.size for column in columns)),
            (*(False for _ in given), *(column.domain.numeric for column in columns)),
            len(given),
        )
        spending = Spending(budget.rho * (1 - DOMAINS) * (1 - 1e-6), table.at_most, account)
        found = measure(coded, [tuple(range(size)) for size in sizes], rows, spending, where.run)
        measured[name] = tuple(column.domain for column in columns), found
    return Measurement(measured, account)


def _fitted(
    tables: Mapping[str, Counted], measured: Mapping[str, tuple[tuple[Domain, ...], Measured]], empty: MarginalModel, *, seed: int
) -> dict[str, TableModel]:
    """Weights of each table, on rows drawn for parents that were drawn: what is learned from here on costs nothing."""
    found: dict[str, TableModel] = {}
    sample = replace(empty, tables=found)
    codes: dict[str, Ints] = {}
    for name, table in tables.items():
        domains, known = measured[name]
        own = derive_seed(seed, "fit", name)
        plain = fit(known, None, seed=own)
        model = TableModel(domains, plain, table.rows.schema, _children_of(name, tables), table.drive, table.others, table.made)
        given, _ = sample.given(model, name, codes, (None, 1.0), seed=own)
        found[name] = replace(model, fitted=fit(known, given, _means(model, measured), seed=own))
        if any(child in tables for child in model.children):
            codes[name] = found[name].fitted.draw(given, np.arange(given.shape[1], dtype=np.int64), seed=own)
    return found


def _means(model: TableModel, measured: Mapping[str, tuple[tuple[Domain, ...], Measured]]) -> list[Mean]:
    """How many children a row has on average: a sum of noisy numbers of children is off by more than the children's own number is."""
    found, own = [], model.fitted.measured
    for column, child in zip(range(len(own.sizes) - len(model.children), len(own.sizes)), model.children, strict=True):
        if child != ROWS_ALONE:
            worth = np.asarray([cell.mean for cell in model.domains[column - own.given].cells])
            most = worth.max()
            known = measured[child][1].rows.over(own.rows)
            found.append(Mean(column, worth / most, Estimate(known.value / most, known.deviation / most)))
    return found


def bounded_rows(tables: Mapping[str, Counted], *, seed: int) -> dict[str, Counted]:
    """The tables without the rows that an entity has too many of, and without those whose parent is left out.

    Which rows of an entity stay hangs on its number and on their places among its own rows, and on no row of another entity: else
    leaving out one entity would change which rows of others are counted.
    """
    found: dict[str, Counted] = {}
    kept: dict[str, Ints] = {}
    for name, table in tables.items():
        link = None
        there = np.arange(len(table.entities), dtype=np.int64)
        if table.drive is not None and table.link is not None:
            link = np.where(table.link >= 0, np.append(kept[table.drive[1]], -1)[table.link], -1)
            there = np.flatnonzero(link >= 0)
        rows = there[_among_its_own(table.entities[there], table.at_most, seed=derive_seed(seed, "bound", name))]
        kept[name] = np.full(len(table.entities), -1, dtype=np.int64)
        kept[name][rows] = np.arange(len(rows))
        found[name] = replace(
            table, rows=table.rows.take(pa.array(rows)), entities=table.entities[rows], link=None if link is None else link[rows]
        )
    return found


def _among_its_own(entities: Ints, at_most: int, *, seed: int) -> Ints:
    """Places of at most so many rows of each entity, ascending."""
    order = np.argsort(entities, kind="stable")
    number = places_in_runs(entities[order])
    if not len(order) or number.max() < at_most:
        return np.arange(len(entities), dtype=np.int64)
    with np.errstate(over="ignore"):
        counters = mix(entities[order].astype(np.uint64) ^ mix(number.astype(np.uint64)))
    chance = uniforms((counters >> np.uint64(1)).astype(np.int64), seed=seed, stream="rows")
    shuffled = order[np.lexsort((chance, entities[order]))]
    found: Ints = np.sort(shuffled[places_in_runs(entities[shuffled]) < at_most])
    return found


def _children_of(name: str, tables: Mapping[str, Counted]) -> tuple[str, ...]:
    """The tables whose driving key leads to one; `ROWS_ALONE` for a table that has neither those nor columns, only rows."""
    found = tuple(child for child, table in tables.items() if table.drive is not None and table.drive[1] == name)
    return found if found or tables[name].rows.column_names else (ROWS_ALONE,)


def _columns(table: Counted, where: Counting) -> list[Column]:
    """A table's columns."""
    made = {profile.name for profile in table.made}
    return [
        Column(column, table.rows, table.domains.get(column, {}), column in table.nullable, column in made, where.file("column", place))
        for place, column in enumerate(table.rows.column_names)
    ]


def _numbers(name: str, tables: Mapping[str, Counted], where: Counting) -> list[Learned]:
    """The numbers of rows that follow from each row of a table."""
    found, rows = [], len(tables[name].entities)
    for place, child in enumerate(_children_of(name, tables)):
        link = tables[child].link if child != ROWS_ALONE else None
        numbers = np.zeros(rows, dtype=np.int64) if link is None else np.bincount(link, minlength=rows)
        most = tables[child].children_at_most if child != ROWS_ALONE else 0
        found.append(children_column(f"#{child}", numbers, most, where.file("children", place)))
    return found


def _given(
    table: Counted, measured: Mapping[str, tuple[tuple[Domain, ...], Measured]], codes: Mapping[str, Sequence[Codes]], where: Counting
) -> tuple[tuple[int, ...], list[Codes]]:
    """What a table's rows are drawn given: the coarse parts of each column of their parent; how many parts, and the part of each row."""
    if table.drive is None or table.link is None:
        return (), []
    parent, found = measured[table.drive[1]][1], []
    for place, size in enumerate(parent.coarse_sizes):
        parts = np.asarray(parent.parts[parent.given + place])
        of_rows = parts[opened(codes[table.drive[1]][place])[table.link]]
        found.append(kept(of_rows, size, where.file("given", place)))
    return parent.coarse_sizes, found


def _counted(table: Counted, rho: float, account: Account) -> Estimate:
    """How many rows a table has."""
    noisy, noise = Spending(rho, table.at_most, account).counted("rows", np.asarray([len(table.entities)], dtype=np.int64), rho)
    return Estimate(max(1.0, float(noisy[0])), noise)
