"""Drawn keys moved to where there is room: to parents that are like those they were drawn as."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from warehouse_twin.relations.linking import neighbours


def test_neighbours_share_their_group_and_the_time_of_day() -> None:
    """Two groups, and in the first two mornings and an evening: a row that finds no room goes to another morning."""
    times = [datetime(2013, 1, day, hour, tzinfo=UTC) for day, hour in ((1, 8), (1, 20), (2, 8), (1, 8))]
    column = pa.chunked_array([pa.array(times, type=pa.timestamp("us", tz="UTC"))])
    assert neighbours(np.asarray([0, 0, 0, 1]), [column]).tolist() == [0, 2, 1, 3]
