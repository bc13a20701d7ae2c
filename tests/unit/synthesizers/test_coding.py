"""Codecs: values to classes and back, point masses exact, nulls a class of their own."""

import numpy as np

from warehouse_twin.profiling.table_profile import Part
from warehouse_twin.synthesizers.coding import MAX_BINS, MAX_CATEGORIES, codec_of

SEATS = Part("number", cells=((2.0, 2.0, 10), (3.0, 9.0, 10), (10.0, 10.0, 80)), step=1.0)


def test_each_value_goes_to_its_cell_and_null_to_the_last_class() -> None:
    codec = codec_of(SEATS)
    assert codec.encode(np.asarray([2.0, 4.0, 9.99, 10.0, 99.0, np.nan])).tolist() == [0, 1, 1, 2, 2, 3]


def test_drawn_values_lie_in_their_cell_at_the_step() -> None:
    codec = codec_of(SEATS)
    spot = np.asarray([0.0, 0.0, 0.5, 0.999, 0.3, 0.0])
    drawn = codec.decode(np.asarray([0, 1, 1, 1, 2, 3]), np.full(6, 0.5), spot)
    assert drawn[:5].tolist() == [2.0, 3.0, 6.0, 9.0, 10.0]
    assert np.isnan(drawn[5])


def test_many_cells_become_few_classes_and_heavy_ones_stand_alone() -> None:
    cells = tuple((float(value), float(value), 1_000 if value == 500 else 1) for value in range(1_000))
    codec = codec_of(Part("number", cells=cells, step=1.0))
    assert codec.classes <= MAX_BINS + 3
    assert (codec.bins == codec.encode(np.asarray([500.0]))[0]).sum() == 1
    assert (np.diff(codec.bins) >= 0).all()


def test_the_cell_inside_a_class_is_drawn_by_its_rows() -> None:
    cells = tuple((float(value), float(value), 9 if value % 2 else 1) for value in range(200))
    codec = codec_of(Part("number", cells=cells, step=1.0))
    draws = (np.arange(10_000) + 0.5) / 10_000
    drawn = codec.decode(np.full(10_000, 5), draws, draws)
    assert abs((drawn % 2 == 1).mean() - 0.9) < 0.05


def test_neighbouring_rare_categories_share_a_class_and_come_back_by_their_rows() -> None:
    names = tuple(str(number) for number in range(200))
    codec = codec_of(Part("category", values=names, rows=(1_000,) + (6,) * 199))
    assert codec.classes <= MAX_CATEGORIES + 2
    assert codec.encode(np.asarray([0.0, 1.0, 2.0]))[0] == 0
    assert (codec.bins == 0).sum() == 1
    last = codec.null - 1
    drawn = codec.decode(np.full(1_000, last), (np.arange(1_000) + 0.5) / 1_000, np.zeros(1_000))
    assert set(drawn.astype(int)) == set(np.flatnonzero(codec.bins == last))


def test_a_cell_is_found_again_by_its_place_inside_its_class() -> None:
    cells = tuple((float(value), float(value), 5) for value in range(200))
    codec = codec_of(Part("number", cells=cells, step=1.0))
    values = np.asarray([*range(200), np.nan])
    classes, inside = codec.encode(values), codec.inside(values)
    assert inside[-1] == -1
    assert codec.decode(classes, np.full(201, 0.5), np.zeros(201), inside)[:200].tolist() == list(range(200))


def test_a_part_without_cells_is_always_null() -> None:
    codec = codec_of(Part("number"))
    assert codec.encode(np.asarray([1.0])).tolist() == [0]
    assert np.isnan(codec.decode(np.asarray([0]), np.zeros(1), np.zeros(1))).all()


def test_a_day_brings_its_calendar_along() -> None:
    day = float(np.datetime64("2024-02-29").astype("datetime64[D]").astype(int))
    _, month, of_month, of_week = codec_of(Part("day", cells=((day, day, 10),), step=1.0)).features(np.asarray([day]))
    assert (month[0], of_month[0], of_week[0]) == (1, 28, 3)  # February, the 29th, a Thursday
