"""A wide table, 300 mixed columns in dependent blocks x 50,000 rows, the holdout drawn alike: `make bench CASE=wide`."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.study import Case, run, seeds

Floats = NDArray[np.float64]
Maker = Callable[[Floats, Floats, np.random.Generator], pa.Array]
"""(the block's two latent quantities, its own noise, a stream for more) → a column"""
BLOCKS, ROWS, HELD = 30, 50_000, 12_500
FIRST_DAY = np.datetime64("2020-01-01")


def _masked(values: np.ndarray, missing: NDArray[np.bool_]) -> pa.Array:
    return pa.array(values, mask=missing)


def _ranks(quantity: Floats) -> Floats:
    """Where each row stands in (0, 1), as a function of the row alone: the logistic curve nearest to the normal one."""
    return 1 / (1 + np.exp(-1.702 * quantity))


def _category(size: int, weight: float) -> Maker:
    """One of `size` labels, the low ones common, which one by the first latent quantity."""

    def make(latent: Floats, noise: Floats, draw: np.random.Generator) -> pa.Array:
        quantity = weight * latent[0] + np.sqrt(1 - weight**2) * noise
        labels = np.array([f"{size}-{place:03}" for place in range(size)])
        return pa.array(labels[np.minimum((size * _ranks(quantity) ** 2).astype(int), size - 1)])

    return make


def _price(latent: Floats, noise: Floats, draw: np.random.Generator) -> pa.Array:
    return pa.array(np.round(np.exp(2.5 + 0.8 * latent[0] + 0.4 * noise), 2))


def _spending(latent: Floats, noise: Floats, draw: np.random.Generator) -> pa.Array:
    """Zero for most, whole tens for the rest."""
    return pa.array(np.maximum(0, np.round(30 * (latent[0] + latent[1] + 0.5 * noise))) * 10)


def _count(latent: Floats, noise: Floats, draw: np.random.Generator) -> pa.Array:
    return pa.array(draw.poisson(np.exp(0.5 + 0.7 * latent[1])))


def _measure(latent: Floats, noise: Floats, draw: np.random.Generator) -> pa.Array:
    """Bent in the first quantity; missing where the second is high."""
    return _masked(latent[0] ** 2 + 0.5 * noise, latent[1] > 1.2)


def _day(latent: Floats, noise: Floats, draw: np.random.Generator) -> pa.Array:
    days = (1_000 * _ranks(0.8 * latent[0] + 0.6 * noise)).astype("timedelta64[D]")
    return pa.array(FIRST_DAY + days)


def _moment(latent: Floats, noise: Floats, draw: np.random.Generator) -> pa.Array:
    """By the quarter of an hour, by day; a tenth missing."""
    quarters = (24 * 4 * 700 * _ranks(noise)).astype(int) // 96 * 96 + (32 + 40 * _ranks(latent[1])).astype(int)
    return _masked((FIRST_DAY.astype("datetime64[us]") + (quarters * 15).astype("timedelta64[m]")), draw.random(len(noise)) < 0.1)


def _flag(latent: Floats, noise: Floats, draw: np.random.Generator) -> pa.Array:
    return pa.array(latent[0] - latent[1] + noise > 1)


MAKERS: dict[str, Maker] = {
    "price": _price,
    "spending": _spending,
    "count": _count,
    "measure": _measure,
    "day": _day,
    "moment": _moment,
    "flag": _flag,
    "grade": _category(4, 0.9),
    "sector": _category(20, 0.7),
    "place": _category(200, 0.8),
}


def generated(*, rows: int, seed: int, blocks: int = BLOCKS) -> pa.Table:
    """Blocks of ten columns by two latent quantities each; a tenth of their variance is common to all blocks."""
    draw = np.random.default_rng(seed)
    common = draw.normal(size=rows)
    columns: dict[str, pa.Array] = {}
    for block in range(blocks):
        latent = np.sqrt(0.1) * common + np.sqrt(0.9) * draw.normal(size=(2, rows))
        for name, make in MAKERS.items():
            columns[f"{name}_{block:02}"] = make(latent, draw.normal(size=rows), draw)
    names = list(columns)
    np.random.default_rng(0).shuffle(names)  # neighbours in the table tell nothing of blocks
    return pa.table({name: columns[name] for name in names})


def main() -> int:
    training, holdout = generated(rows=ROWS, seed=1), generated(rows=HELD, seed=2)
    run(Case("wide", training, holdout, {}, engines=("tree", "independent"), looked_at=60), seeds=seeds(1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
