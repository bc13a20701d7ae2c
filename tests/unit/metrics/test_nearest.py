"""The closest of many points, held against all pairs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from warehouse_twin.metrics.nearest import AT_ONCE, nearest_in_groups
from warehouse_twin.metrics.points import Points, encode_points

TRAINING = pa.table({"n": pa.array([0, 10, 20, None], pa.int64()), "c": ["a", "b", "b", None]})


def test_the_closest_is_found_in_every_group() -> None:
    training, reference = encode_points([TRAINING, TRAINING], ("n", "c"))
    found = nearest_in_groups(training.take(np.array([1])), reference, starts=np.array([0, 2]))
    assert found.tolist() == [[0, round(training.scale / 3)]] or abs(int(found[0, 1]) - training.scale / 3) < 1


@given(
    seed=st.integers(0, 10_000),
    kinds=st.integers(0, 3),
    numbers=st.integers(0, 3),
    values=st.integers(1, 6),
    groups=st.integers(1, 7),
    many=st.sampled_from([7, 40, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE, 9_999]),
)
def test_distances_are_the_least_of_all_pairs(seed: int, kinds: int, numbers: int, values: int, groups: int, many: int) -> None:
    """However many references are held at once; a rank of twice the scale is missing."""
    draw, scale, rows = np.random.default_rng(seed), 50, (15, many)

    def points(count: int) -> Points:
        ranks = draw.integers(0, scale + 1, (numbers, count)).astype(np.int16)
        ranks[draw.random(ranks.shape) < 0.1] = 2 * scale
        return Points(ranks, draw.integers(0, values, (kinds, count)).astype(np.uint16), scale)

    queries, references = points(rows[0]), points(rows[1])
    starts = np.sort(np.r_[0, draw.choice(np.arange(1, rows[1]), groups - 1, replace=False)])
    apart = np.minimum(np.abs(queries.ranks[:, :, None].astype(int) - references.ranks[:, None, :]), scale).sum(axis=0)
    apart = apart + scale * (queries.codes[:, :, None] != references.codes[:, None, :]).sum(axis=0)
    assert np.array_equal(nearest_in_groups(queries, references, starts=starts), np.minimum.reduceat(apart, starts, axis=1))
