"""Calibration: a model draws rows, column by column, and what they show too much or too little of beside the real ones is set right.

Errors of a sequential model add up: each column is drawn given columns that were drawn, by a tree that learned a part of what it
depends on. So the model is run once, and every tree gets, before the columns after it are drawn, the margins under which its column
goes with each earlier one as it does in the training rows (`synthesizers.margins`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from warehouse_twin.randomness import derive_seed, permutation
from warehouse_twin.synthesizers.columns import to_values
from warehouse_twin.synthesizers.drawing import Drawing
from warehouse_twin.synthesizers.growing import Grounds, Job
from warehouse_twin.synthesizers.margins import (
    BIN_ROWS,
    BINS,
    BINS_OF_CATEGORIES,
    Margins,
    Pair,
    binned_codes,
    bins_of,
    fit_margins,
    groups_of,
)
from warehouse_twin.synthesizers.trees import Features, Tree

if TYPE_CHECKING:
    from warehouse_twin.synthesizers.sequential import SequentialModel

DRAWN_ROWS, LEAST_ROWS, WORK = 100_000, 500, 3_000_000
"""Rows that are drawn at most; the training rows it takes; and rows times trees, so that wide tables are drawn in fewer."""


def calibrated(model: SequentialModel, grounds: Grounds, training: pa.Table, *, leaf_rows: int, seed: int) -> SequentialModel:
    """The model with margins on its trees. Columns that are given are those of training rows."""
    rows = min(DRAWN_ROWS, training.num_rows, WORK // max(1, len(grounds.jobs)))
    if rows < LEAST_ROWS or not any(job.seen for job in grounds.jobs):
        return model
    own = derive_seed(seed, "calibration")
    chosen = np.sort(permutation(training.num_rows, seed=own, stream="rows")[:rows])
    trees = dict(model.trees)
    running = Drawing(replace(model, trees=trees), np.arange(rows, dtype=np.int64), own)
    jobs = {job.place: job for job in grounds.jobs}
    for index, column in enumerate(model.columns):
        if index < model.given:
            array = training.column(column.name).take(pa.array(chosen))
            running.take(index, array, to_values(array, column))
            continue
        for place in range(len(model.codecs[index])):
            job = jobs.get((index, place))
            if job is not None and job.seen:
                margins = _margins(job, trees[job.place], grounds.features, running.before(index, place), leaf_rows=leaf_rows)
                trees[job.place] = replace(trees[job.place], margins=margins)
        running.take(index, *running.draw(index))
    return running.model


def _margins(job: Job, tree: Tree, real: Features, drawn: Features, *, leaf_rows: int) -> Margins | None:
    """The margins of a tree, from the `real` features of the training rows and those of `drawn` ones."""
    rows = np.flatnonzero(job.rows & (job.targets < job.codec.classes))
    ordered = job.codec.null if job.codec.ordered else 0
    if len(rows) < LEAST_ROWS:
        return None
    targets = job.targets[rows].astype(np.int64)
    groups = groups_of(targets, job.codec.classes, ordered=ordered)
    size = int(groups.max()) + 1
    wanted = groups[targets]
    pairs: list[Pair] = []
    met: set[bytes] = set()
    for feature in job.seen:
        same = drawn[feature].tobytes()
        if same in met:  # as the month of a day and a column with it
            continue
        met.add(same)
        codes = real[feature][rows]
        bins = bins_of(codes, most=min(BINS if ordered else BINS_OF_CATEGORIES, len(drawn[0]) // BIN_ROWS))
        count = int(bins.max()) + 1
        counts = np.bincount(binned_codes(bins, codes) * size + wanted, minlength=count * size).reshape(count, size)
        pairs.append(Pair(feature, bins, binned_codes(bins, drawn[feature]), counts.astype(np.float64)))
    shares = np.zeros((len(tree.histograms), size))
    np.add.at(shares.T, groups, np.diff(tree.histograms.astype(np.float64), axis=1, prepend=0.0).T)
    turns = tree.roots[np.arange(len(drawn[0])) % len(tree.roots)]
    expected = shares[tree.leaves(drawn, slice(0, len(turns)), turns)].astype(np.float32)
    in_order = int(groups[ordered - 1]) + 1 if ordered else 0
    return fit_margins(pairs, groups, expected, least_rows=leaf_rows, ordered=in_order)
