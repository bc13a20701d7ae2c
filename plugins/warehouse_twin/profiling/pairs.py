"""Dependence of column pairs: normalised mutual information over coarse codes. One number a pair, no values.

The rows that count are spread over the whole table, and few enough that the 45,000 pairs of 300 columns take seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.profiling.values import part_names, to_parts
from warehouse_twin.randomness import permutation, uniforms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BINS = 12
MAX_ROWS = 30_000
"""Rows that count: over 12 x 12 cells the estimate is good to about .001, far below what an order or a choice depends on."""


def spread_rows(rows: int, *, at_most: int = MAX_ROWS) -> Ints:
    """Row numbers, ascending: all of them, or one drawn from each of `at_most` even stretches (tables are often in order of time)."""
    if rows <= at_most:
        return np.arange(rows, dtype=np.int64)
    places = np.arange(at_most, dtype=np.int64)
    drawn = (places + uniforms(places, seed=0, stream="spread_rows")) * (rows / at_most)
    return np.minimum(drawn.astype(np.int64), rows - 1)


def coarse_codes(column: pa.ChunkedArray, *, bins: int = BINS) -> Ints:
    """A code in [0, bins + 1] a row: 0 for null, quantile bins for numbers, the commonest values for the rest."""
    if part_names(column.type):
        values = to_parts(column)
        whole = values[0] if len(values) == 1 else values[0] + values[1] / 86_400_000_000.0
        filled = ~np.isnan(whole)
        if not filled.any():
            return np.zeros(len(whole), dtype=np.int64)
        edges = np.unique(np.quantile(whole[filled], np.linspace(0, 1, bins + 1)[1:-1]))
        codes: Ints = np.where(filled, np.searchsorted(edges, whole, side="left") + 1, 0).astype(np.int64)
        return codes
    if pa.types.is_nested(column.type):
        present: Ints = column.is_valid().to_numpy().astype(np.int64)
        return present
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.argsort(-np.bincount(codes[codes >= 0], minlength=len(encoded.dictionary)), kind="stable")
    rank = np.empty(len(encoded.dictionary) + 1, dtype=np.int64)
    rank[order] = np.minimum(np.arange(len(order)) + 1, bins + 1)
    rank[-1] = 0
    return rank[codes]


def information_matrix(codes: Sequence[Ints]) -> Floats:
    """I(A; B) / min(H(A), H(B)) of every pair, shape (columns, columns), in [0, 1]; 0 where either is constant, and on the diagonal.

    The plug-in estimate less its bias (Miller, "Note on the bias of information estimates", 1955). `codes` are of equal length.
    """
    found = np.zeros((len(codes), len(codes)))
    rows = len(codes[0]) if len(codes) else 0
    if not rows:
        return found
    width = max(int(code.max()) for code in codes) + 1
    alone = np.stack([np.bincount(code, minlength=width) for code in codes]).astype(np.float64)
    entropy, filled = _entropy(alone / rows), (alone > 0).sum(axis=1)
    for left in range(len(codes) - 1):
        scaled, rest = codes[left] * width, slice(left + 1, len(codes))
        joint = np.stack([np.bincount(scaled + code, minlength=width * width) for code in codes[rest]])
        bias = ((joint > 0).sum(axis=1) - filled[left] - filled[rest] + 1) / (2 * rows)
        information = entropy[left] + entropy[rest] - _entropy(joint / rows) - bias
        smaller = np.minimum(entropy[left], entropy[rest])
        found[left, rest] = np.divide(information, smaller, out=np.zeros_like(information), where=smaller > 0)
    both: Floats = np.clip(found + found.T, 0.0, 1.0)
    return both


def conditional_information(ones: Sequence[Ints], others: Sequence[Ints], group: Ints) -> Floats:
    """I(A; B | G) / min(H(A | G), H(B | G)), shape (ones, others), in [0, 1]: what A says of B that the group does not say.

    Beyond what is left when A is shuffled inside each group, as rows are few for so many cells.
    """
    found = np.zeros((len(ones), len(others)))
    alone, mixed = _joint_entropy(group), permutation(len(group), seed=0, stream="conditional_information")
    theirs = [_joint_entropy(other, group) - alone for other in others]
    for row, one in enumerate(ones):
        shuffled = np.empty_like(one)
        shuffled[np.argsort(group, kind="stable")] = one[mixed[np.argsort(group[mixed], kind="stable")]]
        mine = _joint_entropy(one, group) - alone
        for column, other in enumerate(others):
            smaller = min(mine, theirs[column])
            information = _joint_entropy(shuffled, other, group) - _joint_entropy(one, other, group)
            found[row, column] = information / smaller if smaller > 1e-9 else 0.0
    return np.clip(found, 0.0, 1.0)


def _joint_entropy(*codes: Ints) -> float:
    """In nats."""
    whole = codes[0]
    for code in codes[1:]:
        whole = np.unique(whole, return_inverse=True)[1] * (int(code.max(initial=0)) + 1) + code
    share = np.unique(whole, return_counts=True)[1] / max(1, len(whole))
    return float(-(share * np.log(share)).sum())


def _entropy(share: Floats) -> Floats:
    """In nats, of each row."""
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    entropy: Floats = -(share * logs).sum(axis=1)
    return np.maximum(entropy, 0.0)


def pair_statistics(columns: Mapping[str, pa.ChunkedArray]) -> tuple[tuple[str, str, float], ...]:
    """Every pair of columns with its normalised mutual information, rounded to three digits."""
    names = list(columns)
    matrix = dependence_of(list(columns.values()))
    return tuple((names[a], names[b], round(float(matrix[a, b]), 3)) for a in range(len(names)) for b in range(a + 1, len(names)))


def dependence_of(columns: Sequence[pa.ChunkedArray]) -> Floats:
    """The normalised mutual information of columns of one table, on rows spread over it."""
    if not columns:
        return np.zeros((0, 0))
    rows = pa.array(spread_rows(len(columns[0])))
    return information_matrix([coarse_codes(column.take(rows)) for column in columns])
