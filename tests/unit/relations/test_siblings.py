"""Siblings: counted by hand, and what they are for, families whose sums are as wide as in the source."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from tiny_twins import learn, link, resolved, twin_of
from warehouse_twin.relations.siblings import siblings


def column(*values: object) -> list[pa.ChunkedArray]:
    return [pa.chunked_array([pa.array(values)])]


def test_siblings_are_the_rows_that_share_a_parent() -> None:
    assert siblings(column(7, 8, 7, None), column(7, 8, 7, None, 7)).column("#siblings").to_pylist() == [3, 1, 3, None]


def test_nobody_has_siblings_in_an_empty_table() -> None:
    none = [pa.chunked_array([pa.array([], type=pa.int64())])]
    assert siblings(none, none).num_rows == 0


def test_parts_of_a_whole_get_smaller_with_their_number(tmp_path: Path) -> None:
    """Every basket costs about 60, whatever is in it: a line costs 60 divided by the number of lines."""
    draw = np.random.default_rng(1)
    lines = draw.integers(1, 5, 3_000)
    basket = np.repeat(np.arange(3_000), lines)
    baskets = resolved("baskets", "id BIGINT", "shop VARCHAR", key=("id",))
    line = resolved("lines", "id BIGINT", "basket BIGINT", "price DOUBLE", key=("id",), foreign=(link("basket", "baskets"),))
    source = {
        "baskets": pa.table({"id": np.arange(3_000), "shop": [["a", "b"][row % 2] for row in range(3_000)]}),
        "lines": pa.table({"id": np.arange(len(basket)), "basket": basket, "price": np.round(60 / lines[basket])}),
    }
    drawn = learn(twin_of(baskets, line, entity="baskets"), source, tmp_path).draw(seed=1)
    totals = drawn["lines"].group_by("basket").aggregate([("price", "sum")]).column("price_sum").to_numpy()
    assert np.abs(totals - 60).max() <= 6
