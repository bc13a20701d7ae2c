"""Counting columns and pairs: by hand, in batches, and from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from warehouse_twin.synthesizers.marginal_counting import Coded, Counting, Result, dealt, in_process, kept, looks, opened, pairs_of

A, B = np.asarray([0, 0, 1, 1, 1, 2]), np.asarray([0, 1, 1, 1, 0, 1])


@pytest.mark.parametrize("filed", [False, True])
def test_pairs_are_counted_in_cells_and_coarse_parts(tmp_path: Path, filed: bool) -> None:
    files = [tmp_path / "a.npy" if filed else None, tmp_path / "b.npy" if filed else None]
    coded = Coded([kept(A, 3, files[0]), kept(B, 2, files[1])], (3, 2), (True, False))
    assert [coded.counts(column).tolist() for column in coded.own] == [[2, 3, 1], [2, 4]]
    assert coded.table(0, 1).tolist() == [[1, 1], [1, 2], [0, 1]]
    pair = pairs_of(coded, [(0, 1, 1), (0, 1)], in_process)[0, 1]
    assert pair.coarse.tolist() == [[1, 1], [1, 3]]
    # expected by the margins: 2/3 4/3, 1 2, 1/3 2/3
    assert pair.distance == pytest.approx(4 / 3)


def test_codes_take_as_few_bytes_as_they_need(tmp_path: Path) -> None:
    many = np.arange(70_000)
    assert [opened(kept(many % size, size, None)).dtype for size in (2, 256, 257, 70_000)] == [np.uint8, np.uint8, np.uint16, np.uint32]
    assert opened(kept(many, 70_000, tmp_path / "x.npy")).tolist() == many.tolist()
    assert Coded([kept(many % 256, 256, None), kept(many // 256, 274, None)], (256, 274), (True, True)).table(0, 1).max() == 1


def test_given_columns_are_not_measured_with_each_other() -> None:
    coded = Coded([kept(A, 3, None), kept(B, 2, None), kept(A, 3, None)], (3, 2, 3), (True,) * 3, given=2)
    assert list(coded.own) == [2]
    assert coded.pairs == [(0, 2), (1, 2)]


@pytest.mark.parametrize(
    ("count", "rows", "tasks"),
    [(10, 100, 1), (10, 5_000_000, 10), (10, 1_250_000, 3), (1_000, 5_000_000, 64), (3, 0, 1), (0, 100, 0)],
)
def test_little_work_is_dealt_to_few_tasks(count: int, rows: int, tasks: int) -> None:
    started = []

    def run(work: Callable[[int], Result], number: int) -> list[Result]:
        started.append(number)
        return in_process(work, number)

    assert dealt(lambda place: place * place, count, rows, run) == [place * place for place in range(count)]
    assert started == [tasks]


def test_a_small_table_is_counted_here_whoever_counts_the_others(tmp_path: Path) -> None:
    def elsewhere(work: Callable[[int], Result], count: int) -> list[Result]:
        raise AssertionError

    asked = Counting(elsewhere, tmp_path, looks(1_000, 4))
    assert asked.of_table(0, looks(999, 4)) == Counting()
    large = asked.of_table(1, looks(1_000, 4))
    assert large.run is elsewhere
    assert large.file("column", 2) == tmp_path / "1" / "column2.npy"
    assert Counting().file("column", 2) is None
    assert looks(1_000, 4) == 10_000
