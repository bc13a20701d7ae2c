"""What a benchmark measures of a synthetic table, with the definitions of benchmarks/README.md.

Shape and Trend are SDMetrics'; the rest is here, on float or string columns of pandas frames.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import NearestNeighbors

BINS, CATEGORIES, C2ST_ROWS, DCR_ROWS, DCR_DRAWS = 10, 30, 8_000, 4_000, 10
Codes = list[np.ndarray]


def numeric(column: pd.Series) -> pd.Series | None:
    """A column as numbers: times as nanoseconds; None for text."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.astype("int64").where(column.notna()).astype(float)
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return None
    return column.astype(float)


def codes(training: pd.DataFrame, *others: pd.DataFrame) -> list[Codes]:
    """Codes of every column: 10 quantile bins or the 30 commonest categories of the training rows, missing a code of its own."""
    found: list[Codes] = [[] for _ in others]
    for name in training:
        values = numeric(training[name])
        if values is not None:
            edges = np.unique(np.nanquantile(values, np.linspace(0, 1, BINS + 1)[1:-1])) if values.notna().any() else np.zeros(0)
            for target, other in zip(found, others, strict=True):
                column = numeric(other[name])
                target.append(np.where(column.isna(), 0, 1 + np.searchsorted(edges, column, side="right")))
        else:
            places = {value: place + 1 for place, value in enumerate(training[name].dropna().value_counts().index[:CATEGORIES])}
            for target, other in zip(found, others, strict=True):
                column = other[name]
                target.append(np.where(column.isna(), 0, column.map(places).fillna(CATEGORIES + 1)).astype(int))
    return found


def all_pairs(one: Codes, other: Codes) -> tuple[float, float]:
    """Mean and least of 1 - total variation over every pair of columns."""
    width = CATEGORIES + 2
    kept = []
    for index in range(len(one)):
        for before in range(index):
            shares = [np.bincount(c[index] * width + c[before], minlength=width**2) / len(c[index]) for c in (one, other)]
            kept.append(1 - np.abs(shares[0] - shares[1]).sum() / 2)
    return float(np.mean(kept)), float(np.min(kept))


def encoded(training: pd.DataFrame, *others: pd.DataFrame) -> list[np.ndarray]:
    """Ranks among the training rows for numbers (-1 missing), half-weight indicators for categories: for distances and tests."""
    parts: list[list[np.ndarray]] = [[] for _ in others]
    for name in training:
        values = numeric(training[name])
        if values is not None:
            ordered = np.sort(values.dropna())
            for target, other in zip(parts, others, strict=True):
                column = numeric(other[name])
                rank = np.searchsorted(ordered, column, side="left") / max(1, len(ordered))
                target.append(np.where(column.isna(), -1.0, rank)[:, None])
        else:
            top = list(training[name].dropna().value_counts().index[:60])
            for target, other in zip(parts, others, strict=True):
                target.append(np.stack([(other[name] == value).to_numpy(float) / 2 for value in top], axis=1))
    return [np.hstack(part) for part in parts]


def detection(real: np.ndarray, synthetic: np.ndarray, *, seed: int) -> tuple[float, float]:
    """AUC of telling synthetic from held-out rows, 8,000 a side at most: gradient boosting, and logistic regression; 0.5 is best."""
    rows = min(len(real), len(synthetic), C2ST_ROWS)
    draw = np.random.default_rng(seed)
    both = np.vstack([side[draw.permutation(len(side))[:rows]] for side in (real, synthetic)])
    labels = np.r_[np.zeros(rows), np.ones(rows)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = HistGradientBoostingClassifier(random_state=seed), LogisticRegression(max_iter=300)
        found = [cross_val_predict(model, both, labels, cv=3, method="predict_proba")[:, 1] for model in models]
    boosted, linear = (float(roc_auc_score(labels, scores)) for scores in found)
    return boosted, linear


def closer_shares(synthetic: np.ndarray, training: np.ndarray, holdout: np.ndarray, *, seed: int) -> np.ndarray:
    """Share of synthetic rows closer to training than to an equally large holdout reference, for 10 draws of rows and references.

    Draws of the same seed have the same references, so that shares of two engines can be compared draw by draw.
    """
    rows = min(len(training), len(holdout), DCR_ROWS)
    draw = np.random.default_rng(seed)
    shares = []
    for _ in range(DCR_DRAWS):
        sides = [side[draw.permutation(len(side))[:rows]] for side in (training, holdout)]
        some = synthetic[draw.permutation(len(synthetic))[:rows]]
        search = NearestNeighbors(n_neighbors=1, algorithm="brute")
        near = [search.fit(side).kneighbors(some)[0][:, 0] for side in sides]
        shares.append(float(((near[0] < near[1]) + 0.5 * (near[0] == near[1])).mean()))
    return np.asarray(shares)


def copies(rows: pd.DataFrame, training: pd.DataFrame) -> int:
    """Rows that equal a training row in every column."""
    known = set(pd.util.hash_pandas_object(training.astype(str), index=False))
    return int(pd.util.hash_pandas_object(rows.astype(str), index=False).isin(known).sum())


def coverage(synthetic: pd.DataFrame, training: pd.DataFrame, *, k: int) -> float:
    """Share of the categories that at least k training rows hold which the synthetic rows have too."""
    wanted = present = 0
    for name in training:
        if numeric(training[name]) is None:
            counts = training[name].value_counts()
            common = set(counts.index[counts >= k])
            wanted += len(common)
            present += len(common & set(synthetic[name].dropna()))
    return present / wanted if wanted else 1.0


def quality(training: pd.DataFrame, synthetic: pd.DataFrame) -> tuple[float, float]:
    """SDMetrics' Column Shapes and Column Pair Trends of a single table."""
    from sdmetrics.reports.single_table import QualityReport

    kinds: Mapping[str, Any] = {
        name: {"sdtype": "datetime"}
        if pd.api.types.is_datetime64_any_dtype(training[name])
        else {"sdtype": "categorical" if numeric(training[name]) is None else "numerical"}
        for name in training
    }
    report = QualityReport()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report.generate(training, synthetic, {"columns": dict(kinds)}, verbose=False)
    shape, trend = report.get_properties()["Score"]
    return float(shape), float(trend)
