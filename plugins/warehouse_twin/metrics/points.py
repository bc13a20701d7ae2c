"""Rows as points in 16-bit integers.

Gower's distance (1971, doi:10.2307/2528823): numbers and times by the difference of their quantile ranks in the training
part, categories by 0 or 1, missing as a category of its own. Integers make ties exact and alike on every machine, and a
processor works on sixteen of them at once.
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
_LARGEST_DISTANCE = 32_000
_FINEST_RANK = 2_000
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
