"""Learning the columns of a table, each by itself: its domain, within its share of the budget, and the cell of each row.

A column is a task: whoever makes it reads no other, and draws the noise of its domain; where a task fails and is made again, nobody saw
the first noise. Numbers of children are no column of the source, and their domain is public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.privacy.accounting import Account, Cost
from warehouse_twin.synthesizers.marginal_counting import Codes, Rows, Runner, kept
from warehouse_twin.synthesizers.marginal_domains import Allowance, Cell, Domain, bounds_of, learn_domain, made_domain, public_domain

Ints = NDArray[np.int64]
EXACT = 12
"""Numbers of children up to this one are told apart."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column to be learned: where its values are, what is public of it, and the file for its codes, if they go to one.

    `declared` says `values`, or `from` and `to`, or nothing; of a `made` column only which values are missing is learned.
    """

    name: str
    rows: Rows
    declared: Mapping[str, Sequence[str] | str] = field(default_factory=dict)
    nullable: bool = False
    made: bool = False
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Learned:
    """A column's domain, the cell of each row, and what they cost."""

    domain: Domain
    codes: Codes
    spent: Mapping[str, Cost] = field(default_factory=dict)


def learned_columns(columns: Sequence[Column], allowance: Allowance, rows: float, run: Runner) -> list[Learned]:
    """All of them, each within `allowance`, whose account is charged; `rows` is about how many there are, known with noise."""

    def learn(number: int) -> Learned:
        own = replace(allowance, account=Account(Cost(allowance.rho, allowance.delta)))
        return _learned(columns[number], own, rows)

    found = run(learn, len(columns))
    for column in found:
        for what, cost in column.spent.items():
            allowance.account.spend(what, cost)
    return found


def children_column(name: str, numbers: Ints, most: int, file: Path | None) -> Learned:
    """How many children each row has, `most` at the most."""
    domain = _numbers_of_children(name, most)
    return Learned(domain, kept(domain.codes(pa.chunked_array([pa.array(numbers, type=pa.int64())])), domain.size, file))


def _learned(column: Column, allowance: Allowance, rows: float) -> Learned:
    values = column.rows.column(column.name)
    domain = _domain(column, values, allowance, rows)
    return Learned(domain, kept(domain.codes(values), domain.size, column.file), allowance.account.spent)


def _domain(column: Column, values: pa.ChunkedArray, allowance: Allowance, rows: float) -> Domain:
    name, declared = column.name, column.declared
    if column.made:
        return made_domain(name, nullable=column.nullable)
    if "values" in declared:
        return public_domain(name, values, declared["values"], nullable=column.nullable, allowance=allowance)
    bounds = bounds_of(values.type, str(declared["from"]), str(declared["to"])) if declared else None
    return learn_domain(name, values, nullable=column.nullable, rows=rows, allowance=allowance, bounds=bounds)


def _numbers_of_children(name: str, most: int) -> Domain:
    """0 to twelve, and then twice as many each time, up to as many as an entity may have: public, as the bound is."""
    ends = [EXACT, *(min(EXACT * 2**step, most) for step in range(1, 64) if EXACT * 2 ** (step - 1) < most)]
    wide = [Cell(ranges=((low + 1, high + 1, 1.0),)) for low, high in pairwise(ends)]
    return Domain(name, True, False, (*(Cell(values=((number, 1.0),)) for number in range(min(EXACT, most) + 1)), *wide))
