"""How the trees of a sequential model grow: one a part of a column, in threads, on the classes and features of the training rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.randomness import derive_seed, permutation
from warehouse_twin.synthesizers.coding import INSIDE, Codec, codec_of, moments
from warehouse_twin.synthesizers.columns import to_values
from warehouse_twin.synthesizers.trees import Features, Tree, fit_tree, single_leaf

THREADS = 2
Ints = NDArray[np.int64]
Trees = Mapping[tuple[int, int], Tree]
REFINED_ROWS = 100_000
"""Rows that trees of places inside a class learn from at the most."""
TRIAL_ROWS, TRIAL_LEAVES = 10_000, 20
TRUST, LEAST_GAIN = 0.9, 0.02
"""How far trees of places are trusted, and by how much seeing more than the class must raise the mean log-likelihood of a row."""


@dataclass(frozen=True)
class Job:
    """A tree to fit: its (column, part), the features it sees by their place in the model, its rows and their classes."""

    place: tuple[int, int]
    seen: Sequence[int]
    targets: NDArray[np.int16]
    codec: Codec
    rows: NDArray[np.bool_]
    inside: NDArray[np.int8] | None = None
    """the place of a row's cell inside its class, -1 where it has none"""
    after: int = 0
    """how many features there are before this part"""


@dataclass(frozen=True)
class Grounds:
    """What trees are fitted on: the trees to fit, in the order of drawing, and the features of all columns with their sizes."""

    jobs: tuple[Job, ...]
    features: Features
    sizes: Sequence[int]
    """how many categories a feature has with null, 0 for one whose values are in order as they are"""


def prepared(
    training: pa.Table, columns: Sequence[ColumnProfile], drawn: Sequence[bool], earlier: Sequence[Sequence[int]] | None
) -> Grounds:
    """The classes and features of the training rows. `earlier` are the places of the columns that each of the `drawn` ones may see,
    None for marginals alone."""
    jobs: list[Job] = []
    features: list[NDArray[np.float32]] = []
    sizes: list[int] = []
    places: list[list[int]] = []
    for index, column in enumerate(columns):
        values = to_values(training.column(column.name), column)
        before = [] if earlier is None else [place for one in earlier[index] for place in places[one]]
        own: list[int] = []
        codecs = [codec_of(part) for part in column.parts]
        for place, codec in enumerate(codecs):
            rows = ~np.isnan(values[0]) if place else np.ones(len(values[0]), dtype=bool)
            targets = codec.encode(values[place])
            targets[_protected(training.column(column.name), column, targets == codec.null)] = codec.classes
            if drawn[index]:
                seen = [*before, *own]
                inside = codec.inside(values[place]).astype(np.int8) if seen and codec.null < len(codec.bins) else None
                jobs.append(Job((index, place), seen, targets.astype(np.int16), codec, rows, inside, len(features)))
            made = codec.features(values[place]) if earlier is not None else []
            own += range(len(features), len(features) + len(made))
            features += made
            sizes += [0 if number else codec.ranked for number in range(len(made))]
        whole = moments(codecs, values) if earlier is not None else []
        places.append([*own, *range(len(features), len(features) + len(whole))])
        features += whole
        sizes += [0] * len(whole)
    return Grounds(tuple(jobs), features, sizes)


def grow(grounds: Grounds, *, leaf_rows: int, trees: int, seed: int) -> tuple[Trees, Trees]:
    """The trees by column and part: of the classes, and of the places inside them where these depend on what was drawn before.

    Compiled splitting lets the interpreter go while it runs, so threads use the cores; their number changes nothing.
    """
    jobs, features, sizes = grounds.jobs, grounds.features, grounds.sizes

    def one(job: Job) -> tuple[Tree, Tree | None]:
        fine = _refined(job, features, sizes, leaf_rows=leaf_rows, seed=seed)
        return _grown(job, features, sizes, leaf_rows=leaf_rows, trees=trees, seed=seed), fine

    with ThreadPoolExecutor(THREADS) as pool:
        found = dict(zip([job.place for job in jobs], pool.map(one, jobs), strict=True))
    return {place: tree for place, (tree, _) in found.items()}, {place: fine for place, (_, fine) in found.items() if fine is not None}


def _grown(job: Job, features: Features, sizes: Sequence[int], *, leaf_rows: int, trees: int, seed: int) -> Tree:
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
        ordered=codec.ordered,
        trees=trees,
    )
    return _shared_out(tree.reading(job.seen), codec)


def _refined(job: Job, features: Features, sizes: Sequence[int], *, leaf_rows: int, seed: int) -> Tree | None:
    """A tree of the place inside the class, which it sees too; None where it says no more than the class alone.

    That is tried on a few rows first, with a fifth of them held back: most numbers are spread inside a class like any others.
    """
    if job.inside is None:
        return None
    inside = job.inside.astype(np.int64)
    rows = np.flatnonzero(inside >= 0)
    if len(rows) < TRIAL_LEAVES * leaf_rows:
        return None
    own = derive_seed(seed, *job.place, "inside")
    rows = rows[permutation(len(rows), seed=own, stream="rows")[:REFINED_ROWS]]

    def seen(chosen: Ints, places: Sequence[int]) -> Features:
        return [*(features[place][chosen] for place in places), job.targets[chosen].astype(np.float32)]

    def fitted(chosen: Ints, places: Sequence[int]) -> Tree:
        categories = [*(sizes[place] for place in places), 0]
        return fit_tree(seen(chosen, places), inside[chosen], INSIDE, leaf_rows=leaf_rows, seed=own, categories=categories)

    trial = rows[:TRIAL_ROWS]
    learned, held = trial[len(trial) // 5 :], trial[: len(trial) // 5]
    told, base = (fitted(learned, places).shares(seen(held, places), inside[held]) for places in (job.seen, ()))
    told, base = TRUST * told + (1.0 - TRUST) / INSIDE, TRUST * base + (1.0 - TRUST) / INSIDE
    if np.log(told / base).mean() < LEAST_GAIN:
        return None
    return fitted(np.sort(rows), job.seen).reading([*job.seen, job.after])


def _protected(column: pa.ChunkedArray, profile: ColumnProfile, missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows with a value that the profile did not keep; where the twin allows no null, every row without one."""
    if not profile.nullable:
        return missing
    if profile.kind in ("numeric", "datetime", "spelled"):
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
