"""What a benchmark measures of a whole schema: keys, children per parent, and what joins show, beside a floor and a ceiling.

Real and synthetic tables are Arrow tables by name; the catalog's keys say how they hang together. Only columns that mean
something are compared: no keys, and no text of which more than half of the values are distinct (names, comments).

Every pair of columns is compared as in `measures.all_pairs`, 1 - total variation on 10 quantile bins or the 30 commonest
categories. A pair over a *way* along foreign keys joins the child's row to its ancestor's. The real rows are halved by rows of the
topmost table of the way that is not kept as it is: one half is the reference, the other is the ceiling, and of the synthetic
rows a half is taken likewise, so that all are of one size and no ancestor counts on both sides. Means over `DRAWS` halvings.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmarks import measures
from benchmarks.linked import Ints, Linked, Schema, Tables, Way, spelled, telling, ways
from warehouse_twin.profiling.matching import child_counts, columns_of, duplicated
from warehouse_twin.warehouses.catalog import ForeignKey

DRAWS, COUNT_DRAWS, SMALLEST = 3, 20, 100
WIDTH = measures.CATEGORIES + 2


def orphans(side: Linked) -> dict[str, int]:
    """By foreign key the rows whose key is filled and leads nowhere."""
    found = {}
    for (name, key), links in side.links.items():
        filled = np.logical_and.reduce([column.is_valid().to_numpy() for column in columns_of(side.tables[name], key.columns)])
        found[spelled(name, key)] = int((filled & (links < 0)).sum())
    return found


def repeated_keys(side: Linked) -> dict[str, int]:
    """By table the rows whose primary key an earlier row has."""
    keyed = [table for table in side.schema.tables if table.primary_key]
    return {table.name: int(duplicated(columns_of(side.tables[table.name], table.primary_key)).sum()) for table in keyed}


def ks_complement(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """1 - the largest distance between two empirical distribution functions (Kolmogorov and Smirnov)."""
    points = np.unique(np.concatenate([one, other]))
    shares = [np.searchsorted(np.sort(side), points, side="right") / max(1, len(side)) for side in (one, other)]
    return float(1 - np.abs(shares[0] - shares[1]).max(initial=0.0))


def child_count_closeness(real: Linked, other: Linked) -> dict[str, float]:
    """By foreign key 1 - KS of the children a parent's row has, none included."""
    return {spelled(*key): ks_complement(_counts(real, key), _counts(other, key)) for key in real.schema.keys}


def child_count_halves(real: Linked, other: Linked | None, *, seed: int) -> dict[str, float]:
    """The same of a random half of the real parents and as many of the other side, mean over draws; `other` None is the other half."""
    found = {}
    for key in real.schema.keys:
        draw, scores = np.random.default_rng(seed), []
        for _ in range(COUNT_DRAWS):
            one, two = np.array_split(draw.permutation(_counts(real, key)), 2)
            scores.append(ks_complement(one, two if other is None else draw.permutation(_counts(other, key))[: len(two)]))
        found[spelled(*key)] = float(np.mean(scores))
    return found


def child_shares(real: Linked, other: Linked) -> dict[str, float]:
    """By foreign key to a table that is kept, whose rows are the same on both sides: 1 - total variation of whose the children are."""
    found = {}
    for key in real.schema.keys:
        if key[1].references in real.schema.kept:
            shares = [_counts(side, key) / max(1.0, _counts(side, key).sum()) for side in (real, other)]
            found[spelled(*key)] = float(1 - np.abs(shares[0] - shares[1]).sum() / 2)
    return found


def depth_closeness(real: Linked, other: Linked) -> dict[str, float]:
    """By key of a table to itself 1 - KS of how many rows stand above a row."""
    themselves = [(name, key) for name, key in real.schema.keys if key.references == name]
    return {spelled(*key): ks_complement(_depths(real.links[key]), _depths(other.links[key])) for key in themselves}


def _depths(links: Ints) -> NDArray[np.float64]:
    """Rows above each row; one that is above itself, at whatever distance, counts as many as there are."""
    depths, above = np.zeros(len(links)), links
    for _ in range(len(links)):
        if not (above >= 0).any():
            break
        depths += above >= 0
        above = np.where(above < 0, -1, links[above])
    return depths


def _counts(side: Linked, key: tuple[str, ForeignKey]) -> NDArray[np.float64]:
    return child_counts(side.links[key], side.tables[key[1].references].num_rows).astype(float)


def shapes(real: Linked, other: Linked) -> dict[str, float]:
    """SDMetrics' Column Shapes of every column that is compared, by `table.column`; tables that are kept are left out."""
    from sdmetrics.single_column import KSComplement, TVComplement

    found = {}
    for name, columns in telling(real.schema, real).items():
        for column in columns if name not in real.schema.kept else ():
            sides = [side.frame(name)[column] for side in (real, other)]
            if sides[0].count():
                measure = TVComplement if measures.numeric(sides[0]) is None else KSComplement
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    score = measure.compute(*sides) if sides[1].count() else 0.0
                found[f"{name}.{column}"] = float(score)
    return found


Pairs = dict[tuple[str, str, str], float]
"""(way, child's column, ancestor's column) → closeness"""


@dataclass(frozen=True)
class Joined:
    """Codes of all sides' columns, the real side first: bins are the real rows'."""

    real: Linked
    sides: tuple[Linked, ...]

    @cached_property
    def columns(self) -> dict[str, list[str]]:
        return telling(self.real.schema, self.real)

    @cached_property
    def codes(self) -> dict[str, list[measures.Codes]]:
        frames = {name: [side.frame(name)[columns] for side in (self.real, *self.sides)] for name, columns in self.columns.items()}
        return {name: measures.codes(parts[0], *parts) for name, parts in frames.items()}

    def pairs(self, hops: int, *, seed: int) -> tuple[list[Pairs], Pairs]:
        """Closeness of every pair over so many hops: of each side, and of the other real half (the ceiling)."""
        found: list[Pairs] = [{} for _ in self.sides]
        ceiling: Pairs = {}
        for number, way in enumerate(ways(self.real.schema, hops)):
            draw = np.random.default_rng([seed, hops, number])
            for target, scores in zip([*found, ceiling], self._way(way, draw), strict=True):
                for (column, above), score in scores.items():
                    target[str(way), column, above] = score
        return found, ceiling

    def _way(self, way: Way, draw: np.random.Generator) -> list[dict[tuple[str, str], float]]:
        """By side, then for the ceiling: closeness by pair of columns, means over draws."""
        names, sides = way.names, (self.real, *self.sides)
        top = max((place for place, name in enumerate(names) if name not in self.real.schema.kept), default=0)
        ends = [side.follow(way.keys) for side in sides]
        if not all((end >= 0).any() for end in ends):
            return [{} for _ in sides]
        tops = [side.follow(way.keys[:top]) if top else np.arange(len(end)) for side, end in zip(sides, ends, strict=True)]
        totals: list[dict[tuple[str, str], float]] = [{} for _ in sides]
        for _ in range(DRAWS):
            bits = [draw.permutation(side.tables[names[top]].num_rows) % 2 == 0 for side in sides]
            rows = [np.flatnonzero((end >= 0) & bit[above]) for end, bit, above in zip(ends, bits, tops, strict=True)]
            rows.append(np.flatnonzero((ends[0] >= 0) & ~bits[0][tops[0]]))
            for place in range(1, len(rows)):
                side = place % len(sides)  # the last is the other half of the real side
                for pair, score in self._compared(names, ends, rows, side, place):
                    totals[place - 1][pair] = totals[place - 1].get(pair, 0.0) + score / DRAWS
        return totals

    def _compared(
        self, names: Sequence[str], ends: Sequence[Ints], rows: Sequence[Ints], side: int, place: int
    ) -> Iterator[tuple[tuple[str, str], float]]:
        for one, column in enumerate(self.columns[names[0]]):
            for two, above in enumerate(self.columns[names[-1]]):
                shares = []
                for who, some in ((0, rows[0]), (side, rows[place])):
                    codes = self.codes[names[0]][who][one][some] * WIDTH + self.codes[names[-1]][who][two][ends[who][some]]
                    shares.append(np.bincount(codes, minlength=WIDTH**2) / max(1, len(some)))
                yield (column, above), 1 - float(np.abs(shares[0] - shares[1]).sum()) / 2


def enriched(side: Linked, name: str, columns: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """A parent's rows with, for every foreign key to it, how many children and the means of their numbers."""
    parts = [side.frame(name)[list(columns[name])]]
    for (child, key), links in side.links.items():
        if key.references == name:
            owner = pd.Series(links)
            counts = pd.DataFrame({"count": child_counts(links, len(parts[0]))})
            numbers = {column: measures.numeric(side.frame(child)[column]) for column in columns[child]}
            frame = pd.DataFrame({column: values for column, values in numbers.items() if values is not None}, index=owner.index)
            means = frame[owner >= 0].groupby(owner[owner >= 0]).mean().reindex(range(len(parts[0])))
            parts.append(pd.concat([counts, means], axis=1).add_prefix(f"{spelled(child, key)} "))
    return pd.concat(parts, axis=1)


def parent_detection(real: Linked, other: Linked | None, *, seed: int) -> dict[str, float]:
    """By parent table the C2ST of rows with their children's aggregates; `other` None is one real half against the other."""
    columns, draw, found = telling(real.schema, real), np.random.default_rng(seed), {}
    for name in sorted({key.references for _, key in real.schema.keys} - real.schema.kept):
        whole = enriched(real, name, columns)
        rows = draw.permutation(len(whole))
        sides = (whole.iloc[rows[::2]], whole.iloc[rows[1::2]] if other is None else enriched(other, name, columns))
        if min(map(len, sides)) >= SMALLEST:
            found[name] = measures.detection(*measures.encoded(whole, *sides), seed=seed)[0]
    return found


def independent(schema: Schema, tables: Tables, *, seed: int) -> dict[str, pa.Table]:
    """The floor: every column shuffled by itself, every foreign key to any parent with equal chance; kept tables as they are."""
    draw, found = np.random.default_rng(seed), dict(tables)
    for table in schema.tables:
        if table.name in schema.kept:
            continue
        rows = tables[table.name]
        columns = {name: rows.column(name) for name in rows.column_names}
        for name in rows.column_names:
            if name not in table.primary_key:
                columns[name] = rows.column(name).take(draw.permutation(rows.num_rows))
        for key in table.foreign_keys:
            parent = found[key.references]
            chosen = draw.integers(0, max(1, parent.num_rows), rows.num_rows)
            missing = pc.is_null(rows.column(key.columns[-1])).to_numpy()
            for mine, theirs in zip(key.columns, key.references_columns, strict=True) if parent.num_rows else ():
                columns[mine] = parent.column(theirs).take(pa.array(chosen, mask=missing)).cast(rows.column(mine).type)
        found[table.name] = pa.table(columns, schema=rows.schema.remove_metadata())
    return found
