"""How the trees of a sequential model grow: one a part of a column, in threads, on the classes and features of the training rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.randomness import derive_seed
from warehouse_twin.synthesizers.coding import Codec, codec_of
from warehouse_twin.synthesizers.columns import to_values
from warehouse_twin.synthesizers.trees import Tree, fit_tree, single_leaf

THREADS = 2


@dataclass(frozen=True)
class _Job:
    """A tree to fit: its (column, part), the features it sees by their place in the model, its rows and their classes."""

    place: tuple[int, int]
    seen: Sequence[int]
    targets: NDArray[np.int16]
    codec: Codec
    rows: NDArray[np.bool_]


def grow(
    training: pa.Table,
    columns: Sequence[ColumnProfile],
    drawn: Sequence[bool],
    earlier: Sequence[Sequence[int]] | None,
    *,
    leaf_rows: int,
    seed: int,
) -> Mapping[tuple[int, int], Tree]:
    """The trees of the `drawn` ones of `columns`, by column and part.

    `earlier` are the places of the columns that each may see, None for marginals alone. scikit-learn lets the interpreter go
    while it fits, so threads use the cores; their number changes nothing.
    """
    jobs: list[_Job] = []
    features: list[NDArray[np.float32]] = []
    sizes: list[int] = []
    places: list[list[int]] = []
    for index, column in enumerate(columns):
        values = to_values(training.column(column.name), column)
        before = [] if earlier is None else [place for one in earlier[index] for place in places[one]]
        own: list[int] = []
        for place, part in enumerate(column.parts):
            codec = codec_of(part)
            rows = ~np.isnan(values[0]) if place else np.ones(len(values[0]), dtype=bool)
            targets = codec.encode(values[place])
            targets[_protected(training.column(column.name), column, targets == codec.null)] = codec.classes
            if drawn[index]:
                jobs.append(_Job((index, place), [*before, *own], targets.astype(np.int16), codec, rows))
            made = codec.features(values[place]) if earlier is not None else []
            own += range(len(features), len(features) + len(made))
            features += made
            sizes += [0 if number else codec.ranked for number in range(len(made))]
        places.append(own)
    with ThreadPoolExecutor(THREADS) as pool:
        return dict(pool.map(lambda job: (job.place, _grown(job, features, sizes, leaf_rows=leaf_rows, seed=seed)), jobs))


def _grown(job: _Job, features: Sequence[NDArray[np.float32]], sizes: Sequence[int], *, leaf_rows: int, seed: int) -> Tree:
    targets, codec = job.targets[job.rows].astype(np.int64), job.codec
    if not job.seen or not len(targets):
        return _shared_out(single_leaf(targets, codec.classes + 1), codec)
    tree = fit_tree(
        [features[place][job.rows] for place in job.seen],
        targets,
        codec.classes + 1,
        leaf_rows=leaf_rows,
        seed=derive_seed(seed, *job.place),
        categories=[sizes[place] for place in job.seen],
        ordered=not codec.ranked,
    )
    return _shared_out(tree.reading(job.seen), codec)


def _protected(column: pa.ChunkedArray, profile: ColumnProfile, missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows with a value that the profile did not keep; where the twin allows no null, every row without one."""
    if not profile.nullable:
        return missing
    if profile.kind in ("numeric", "datetime"):
        return np.zeros(len(missing), dtype=bool)  # every number is in a cell: what is missing is null, NaN or infinite
    protected: NDArray[np.bool_] = missing & column.is_valid().to_numpy()
    return protected


def _shared_out(tree: Tree, codec: Codec) -> Tree:
    """The tree without the class after null, protected: its share of a leaf goes to the leaf's kept values, or to all that are kept.

    Left out instead, protected rows would make nulls look commoner than they are.
    """
    shares = np.diff(tree.histograms.astype(np.float64), axis=1, prepend=0.0)
    if not shares[:, -1].any():
        return replace(tree, histograms=tree.histograms[:, :-1])
    kept, null, protected = shares[:, : codec.null], shares[:, codec.null : -1], shares[:, -1:]
    if codec.null:
        weights = np.where(kept.sum(axis=1, keepdims=True) > 0, kept, codec.kept)
        kept = kept + protected * weights / weights.sum(axis=1, keepdims=True)
    else:
        null = null + protected
    ends = np.cumsum(np.concatenate([kept, null], axis=1), axis=1)
    ends[shares[:, codec.null] == 0, max(codec.null - 1, 0) :] = 1.0  # rounding must not open an empty class
    ends[:, -1] = 1.0
    return replace(tree, histograms=ends.astype(np.float32))
