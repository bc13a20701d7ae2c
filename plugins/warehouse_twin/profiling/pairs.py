"""Dependence of column pairs: normalised mutual information over coarse codes. One number a pair, no values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.profiling.values import part_names, to_parts

Ints = NDArray[np.int64]
BINS = 12
MAX_ROWS = 200_000


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


def mutual_information(a: Ints, b: Ints) -> float:
    """I(A; B) / min(H(A), H(B)), in [0, 1]; 0 when either is constant. Plug-in estimate less its bias (Miller 1955)."""
    width = int(b.max()) + 1
    joint = np.bincount(a * width + b, minlength=(int(a.max()) + 1) * width).reshape(-1, width).astype(np.float64)
    share = joint / joint.sum()
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    smaller = min(_entropy(rows), _entropy(columns))
    if smaller <= 0:
        return 0.0
    bias = ((joint > 0).sum() - (rows > 0).sum() - (columns > 0).sum() + 1) / (2 * joint.sum())
    information = _entropy(rows) + _entropy(columns) - _entropy(share.ravel()) - bias
    return float(np.clip(information / smaller, 0.0, 1.0))


def _entropy(share: NDArray[np.float64]) -> float:
    positive = share[share > 0]
    return float(-(positive * np.log(positive)).sum())


def pair_statistics(columns: Mapping[str, pa.ChunkedArray]) -> tuple[tuple[str, str, float], ...]:
    """Every pair of columns with its normalised mutual information, rounded to three digits; the first 200,000 rows count."""
    codes = {name: coarse_codes(column.slice(0, MAX_ROWS)) for name, column in columns.items()}
    names = list(codes)
    return tuple(
        (a, b, round(mutual_information(codes[a], codes[b]), 3) if len(codes[a]) else 0.0)
        for index, a in enumerate(names)
        for b in names[index + 1 :]
    )
