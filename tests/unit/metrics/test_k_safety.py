"""What fewer than k entities are in is merged or left out, and cannot be worked out from the rest."""

from __future__ import annotations

import numpy as np
import pytest

from warehouse_twin.metrics.k_safety import few, hidden, merged, presence


def cells(*sizes: int) -> np.ndarray:
    """Cells of so many entities, none of whom is in two."""
    codes = np.repeat(np.arange(len(sizes)), sizes)
    return presence(codes, np.arange(len(codes)), size=len(sizes))


def test_an_entity_counts_once_in_a_cell_however_many_rows_it_has() -> None:
    held = presence(np.asarray([0, 0, 0, 1, -1]), np.asarray([7, 7, 7, 8, 9]), size=2)
    assert held.sum(axis=1).tolist() == [1, 1]
    assert few(held[0], k=2)
    assert not few(held[0], k=1)


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [
        ((5, 5, 5), [[0], [1], [2]]),
        ((5, 1, 6), [[0, 1], [2]]),
        ((6, 1, 5), [[0], [1, 2]]),
        ((5, 0, 5), [[0], [1], [2]]),  # that nobody is there says nothing of anybody
        ((5, 0, 0, 2), [[0, 1, 2, 3]]),
        ((2, 2, 2, 5), [[0, 1, 2], [3]]),
        ((1, 2), []),  # three in all
        ((), []),
    ],
)
def test_neighbours_are_put_together_until_k_are_in_each(sizes: tuple[int, ...], groups: list[list[int]]) -> None:
    assert merged(cells(*sizes) if sizes else np.zeros((0, 0), dtype=bool), k=5) == groups


def test_two_cells_of_the_same_entities_are_not_more_when_put_together() -> None:
    held = presence(np.asarray([0, 0, 1, 1, 2, 2, 2, 2]), np.asarray([1, 2, 1, 2, 3, 4, 5, 6]), size=3)
    assert merged(held, k=3) == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("sizes", "out"),
    [
        ((9, 9, 9), [False, False, False]),
        ((9, 2, 7), [False, True, True]),  # alone it would be what is left of the sum
        ((9, 3, 3, 8), [False, True, True, False]),
        ((9, 0, 8), [False, False, False]),
        ((2, 1), [True, True]),
    ],
)
def test_what_is_hidden_is_hidden_together_with_enough_others(sizes: tuple[int, ...], out: list[bool]) -> None:
    assert hidden(cells(*sizes), k=5).tolist() == out
