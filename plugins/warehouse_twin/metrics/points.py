"""Rows as points in 16-bit integers, and the closest of many points to each of a few.

Gower's distance (1971, doi:10.2307/2528823): numbers and times by the difference of their quantile ranks in the training
part, categories by 0 or 1, missing as a category of its own. Integers make ties exact and alike on every machine, and NumPy
works on sixteen of them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.errors import TerminalError
from warehouse_twin.metrics.columns import Ints, Values, decode, joint_codes, kind_of

Shorts = NDArray[np.int16]
FARTHEST = np.iinfo(np.int16).max
_LARGEST_DISTANCE = 32_000
_FINEST_RANK = 2_000
ALIKE = 4
"""With fewer queries to a combination of categories than so many, each is looked at by itself."""
AT_ONCE = 60_000
"""Distances that are held at once: what fits into a processor's cache."""
_OTHER = 65_535
"""The code of categories for which there is no room; the training part's share codes then."""


@dataclass(frozen=True, slots=True)
class Points:
    """Rows as points: ranks 0…`scale` of numbers (twice that: missing) and codes of categories, each `(columns, rows)`."""

    ranks: Shorts
    codes: NDArray[np.uint16]
    scale: int

    def __len__(self) -> int:
        return int(self.ranks.shape[1])

    def take(self, rows: Ints) -> Points:
        return Points(np.ascontiguousarray(self.ranks[:, rows]), np.ascontiguousarray(self.codes[:, rows]), self.scale)


def encode_points(tables: Sequence[pa.Table], columns: Sequence[str], *, ranked: pa.Table | None = None) -> list[Points]:
    """The tables' rows as points; ranks are among the rows of `ranked`, the training part: the first table, or one that it is some rows of.

    Raises TerminalError above 8,000 columns.
    """
    if not 0 < len(columns) <= _LARGEST_DISTANCE // 4:
        raise TerminalError(f"wanted 1 to {_LARGEST_DISTANCE // 4} columns to compare rows by, got {len(columns)}")
    scale = min(_FINEST_RANK, _LARGEST_DISTANCE // len(columns))
    ranks: list[list[Shorts]] = [[] for _ in tables]
    codes: list[list[NDArray[np.uint16]]] = [[] for _ in tables]
    for name in columns:
        parts = [table.column(name) for table in tables]
        kind = kind_of(parts[0].type)
        if kind in ("numeric", "datetime"):
            among = decode((tables[0] if ranked is None else ranked).column(name), kind, name=name)
            for found, rank in zip(ranks, _ranks([decode(part, kind, name=name) for part in parts], among, scale), strict=True):
                found.append(rank)
        else:
            for coded, code in zip(codes, _compact(joint_codes(parts, name=name)), strict=True):
                coded.append(code)
    return [
        Points(_stacked(rank, np.int16, table.num_rows), _stacked(code, np.uint16, table.num_rows), scale)
        for table, rank, code in zip(tables, ranks, codes, strict=True)
    ]


def nearest_in_groups(queries: Points, references: Points, *, starts: Ints) -> Shorts:
    """The distance from every query to the closest reference of each group, shape `(queries, groups)`.

    References lie sorted by group; group g starts at `starts[g]`, none is empty.
    """
    combinations, of_query = _combinations(queries.codes)
    if not len(queries.codes) or len(combinations.T) * ALIKE > len(queries):
        return _one_by_one(queries, references, starts)
    known, of_reference = _combinations(references.codes)
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(references))))
    nearest = np.full((len(queries), len(starts)), FARTHEST, dtype=np.int16)
    order = np.argsort(of_query, kind="stable")
    alike = np.split(order, np.flatnonzero(np.diff(of_query[order])) + 1)
    for rows in alike:
        mismatches = (known != combinations[:, of_query[rows[0]], None]).sum(axis=0)[of_reference]
        _among_alike(queries.take(rows), references, mismatches, group, nearest, rows)
    return nearest


def _among_alike(queries: Points, references: Points, mismatches: Ints, group: Ints, nearest: Shorts, rows: Ints) -> None:
    """Fill in `nearest` for queries, its `rows`, with the same categories: of references with as few `mismatches` as there are first.

    A mismatch is worth the whole scale, so who has found someone nearer than that in every group need not look at the others.
    """
    for level in np.unique(mismatches):
        open_rows = np.flatnonzero(nearest[rows].max(axis=1) > level * references.scale)
        if not len(open_rows):
            return
        chosen = np.flatnonzero(mismatches == level)
        firsts = np.flatnonzero(np.diff(group[chosen], prepend=-1))
        ranks, places = references.ranks[:, chosen], group[chosen[firsts]]
        for part in np.array_split(open_rows, -(-len(open_rows) * len(chosen) // AT_ONCE)):
            found = np.full((len(part), len(chosen)), level * references.scale, dtype=np.int16)
            for known, wanted in zip(ranks, queries.ranks[:, part], strict=True):
                apart = np.abs(known - wanted[:, None])
                found += np.minimum(apart, references.scale, out=apart)  # missing is as far from every value as values can be
            least = np.minimum.reduceat(found, firsts, axis=1)
            cells = np.ix_(rows[part], places)
            nearest[cells] = np.minimum(nearest[cells], least)


def _combinations(codes: NDArray[np.uint16]) -> tuple[NDArray[np.uint16], Ints]:
    """The different combinations of categories, shape `(columns, combinations)`, and which one each row has."""
    whole: Ints = np.zeros(codes.shape[1], dtype=np.int64)
    for column in codes:
        whole = np.unique(whole * 65_536 + column, return_inverse=True)[1]
    _, first, place = np.unique(whole, return_index=True, return_inverse=True)
    return codes[:, first], place


def _one_by_one(queries: Points, references: Points, starts: Ints) -> Shorts:
    """The same where hardly two queries have the same categories."""
    rows = len(references)
    distance, mismatches = np.empty(rows, dtype=np.int16), np.empty(rows, dtype=np.uint16)
    rank, code = np.empty(rows, dtype=np.int16), np.empty(rows, dtype=np.uint16)
    missing = (references.ranks > references.scale).any(axis=1) | (queries.ranks > queries.scale).any(axis=1)
    partial = [bool(flag) for flag in np.atleast_1d(missing)]
    nearest = np.empty((len(queries), len(starts)), dtype=np.int16)
    for query in range(len(queries)):
        mismatches.fill(0)
        for known, wanted in zip(references.codes, queries.codes[:, query], strict=True):
            np.bitwise_xor(known, wanted, out=code)
            np.minimum(code, 1, out=code)
            np.add(mismatches, code, out=mismatches)
        np.multiply(mismatches.view(np.int16), np.int16(references.scale), out=distance)
        for known, wanted, clipped in zip(references.ranks, queries.ranks[:, query], partial, strict=True):
            np.subtract(known, wanted, out=rank)
            np.abs(rank, out=rank)
            if clipped:  # missing is as far from every value as values can be from each other
                np.minimum(rank, references.scale, out=rank)
            np.add(distance, rank, out=distance)
        nearest[query] = np.minimum.reduceat(distance, starts)
    return nearest


def _ranks(columns: Sequence[Values], among: Values, scale: int) -> list[Shorts]:
    """Mid-ranks among these values, as 0…scale; missing is 2 · scale."""
    present = np.sort(among.data[~among.missing])
    ranks = []
    for values in columns:
        both = np.searchsorted(present, values.data, side="left") + np.searchsorted(present, values.data, side="right")
        rank = both * scale // max(2 * len(present), 1)
        ranks.append(np.where(values.missing, 2 * scale, rank).astype(np.int16))
    return ranks


def _compact(columns: Sequence[Ints]) -> list[NDArray[np.uint16]]:
    """Codes in 16 bits: values of the first column first, then of the next. As far as there is room, values that the first has not
    are told apart too: or all that a twin makes up would equal whatever the holdout has and the training part has not."""
    known: Ints = np.empty(0, dtype=np.int64)
    for codes in columns:
        known = np.concatenate([known, np.setdiff1d(codes, known)])
    order, first = np.argsort(known), len(np.unique(columns[0]))
    found = []
    for codes in columns:
        place = order[np.searchsorted(known, codes, sorter=order)] if len(known) else codes
        found.append(np.where(place < first, place % _OTHER, np.minimum(place, _OTHER)).astype(np.uint16))
    return found


def _stacked(columns: Sequence[np.ndarray], kind: type, rows: int) -> np.ndarray:
    return np.stack(columns) if columns else np.empty((0, rows), dtype=kind)
