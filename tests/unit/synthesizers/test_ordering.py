"""Orders of columns and of categories, on answers known by hand."""

import numpy as np

from warehouse_twin.synthesizers.ordering import category_ranks, column_order


def symmetric(size: int, pairs: dict[tuple[int, int], float]) -> np.ndarray:
    matrix = np.zeros((size, size))
    for (a, b), value in pairs.items():
        matrix[a, b] = matrix[b, a] = value
    return matrix


def test_the_hub_comes_first_and_then_what_depends_most_on_all_before_it() -> None:
    matrix = symmetric(5, {(2, 0): 0.5, (2, 3): 0.6, (2, 4): 0.4, (4, 3): 0.3, (0, 1): 0.1})
    assert column_order(matrix, ()) == (2, 3, 4, 0, 1)


def test_columns_that_must_lead_come_first_in_their_order() -> None:
    matrix = symmetric(4, {(0, 1): 0.9, (2, 3): 0.2, (1, 3): 0.1})
    assert column_order(matrix, (3, 0)) == (3, 0, 1, 2)


def test_without_dependence_the_order_of_the_table_stays() -> None:
    assert column_order(np.zeros((3, 3)), ()) == (0, 1, 2)


def test_categories_of_two_classes_are_ranked_by_their_rates() -> None:
    rates = [0.5, 0.1, 0.9, 0.3]
    codes = np.repeat(np.arange(4), 100)
    targets = np.concatenate([np.arange(100) < rate * 100 for rate in rates]).astype(np.int64)
    ranks = category_ranks(codes, 4, targets, 2, ordered=False).tolist()
    assert ranks in ([2, 0, 3, 1], [1, 3, 0, 2])  # from the lowest rate to the highest, or the other way round


def test_ordered_classes_rank_by_where_the_rows_lie_and_an_empty_category_in_the_middle() -> None:
    codes = np.repeat([0, 1, 2], 200)
    targets = np.concatenate([np.full(200, 9), np.full(200, 0), np.full(200, 5)])
    ranks = category_ranks(codes, 4, targets, 10, ordered=True)
    assert abs(ranks[0] - ranks[1]) == 3
    assert set(ranks.tolist()) == {0, 1, 2, 3}
