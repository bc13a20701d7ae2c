"""Down a tree and its classes weighed, against the sums written out."""

from __future__ import annotations

import numpy as np

from warehouse_twin.synthesizers.margins import Margins, Term
from warehouse_twin.synthesizers.scaling import counted, scaled
from warehouse_twin.synthesizers.walking import descended, drawn, drawn_among


def test_a_threshold_itself_goes_left() -> None:
    used, left, right = np.asarray([0, -1, 1, -1, -1]), np.asarray([1, -1, 3, -1, -1]), np.asarray([2, -1, 4, -1, -1])
    seen = np.asarray([[1.5, 2, 2, 2], [9, 0, 0.5, 1]], dtype=np.float32)
    threshold = np.asarray([1.5, 0, 0.5, 0, 0])
    assert descended(seen, used, threshold, left, right, np.zeros(4, dtype=np.int64)).tolist() == [1, 3, 3, 4]
    assert descended(seen, used, threshold, left, right, np.full(4, 2)).tolist() == [4, 3, 3, 4]


def test_shares_are_weighed_by_the_product_of_all_terms() -> None:
    two, three = (np.log(np.asarray(rows, dtype=np.float32)) for rows in ([[1, 1], [2, 1]], [[1, 1], [1, 3], [5, 1]]))
    margins = Margins(np.asarray([0, 0, 1]), (Term(1, np.asarray([0, 1]), two), Term(0, np.asarray([0, 1, 1, 2]), three)))
    features = [np.asarray([-1, 0, 1, 2, 8], dtype=np.float32), np.asarray([0, 0, -1, 7, 0], dtype=np.float32)]
    histograms = np.asarray([[0.5, 0.5, 1.0], [0.2, 0.6, 1.0]], dtype=np.float32)
    found = margins.weighed(histograms, np.asarray([0, 0, 1, 1, 1]), features, slice(0, 5))
    weights = [[0.5 * 2, 0, 0.5], [0.5 * 2, 0, 0.5 * 3], [0.2, 0.4, 0.4 * 3], [0.2 * 10, 0.4 * 10, 0.4], [0.2 * 10, 0.4 * 10, 0.4]]
    assert np.allclose(found, np.cumsum(weights, axis=1), atol=1e-6)


def test_rows_are_counted_by_bin_and_scaled_to_one() -> None:
    shares = np.asarray([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]], dtype=np.float32)
    bins = np.asarray([1, 0, 1])
    found, squares = counted(shares, bins, 3)
    assert found.tolist() == [[0.25, 0.75], [1.5, 0.5], [0.0, 0.0]]
    assert squares.tolist() == [0.625, 1.5, 0.0]
    scaled(shares, bins, np.asarray([[3.0, 1.0], [1.0, 3.0], [9.0, 9.0]], dtype=np.float32))
    assert shares.tolist() == [[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]]


def test_a_class_is_drawn_by_its_share_of_the_last_weight() -> None:
    ends = np.asarray([[1.0, 1.0, 4.0]] * 4, dtype=np.float32)  # the second has none
    assert drawn(ends, np.asarray([0.0, 0.24, 0.25, 0.999])).tolist() == [0, 0, 2, 2]


def test_among_open_classes_by_their_weight_else_by_spare_else_alike() -> None:
    ends = np.asarray([[1.0, 2.0, 2.0, 4.0]] * 5, dtype=np.float32)
    opened = np.asarray([[0, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 1]], dtype=bool)
    spare = np.asarray([0.5, 0.0, 0.5, 0.0])
    assert drawn_among(ends, opened, spare, np.asarray([0.3, 0.4, 0.9, 0.3, 0.99])).tolist() == [1, 3, 2, 1, 3]
    never = np.asarray([[0.0, 0.0, 0.0, 1.0]] * 2, dtype=np.float32)
    some = np.asarray([[0, 1, 1, 0]] * 2, dtype=bool)
    assert drawn_among(never, some, spare, np.asarray([0.1, 0.9])).tolist() == [2, 2]
    assert drawn_among(never, some, np.zeros(4), np.asarray([0.1, 0.9])).tolist() == [1, 2]
