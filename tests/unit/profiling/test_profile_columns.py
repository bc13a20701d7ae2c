"""The profile of a column: its kind, what is kept, what is protected."""

import datetime as dt
import decimal
import uuid

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.profiling.columns import ColumnTask, common_values, enum_labels, profile_column
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import from_parts, part_names, step_of, to_parts


def profile(values: list, *, arrow: pa.DataType | None = None, k: int = 2, **task):
    column = pa.chunked_array([pa.array(values, type=arrow)])
    return profile_column(ColumnTask("c", "T", **task), column, np.arange(len(values)), k=k)


def test_numbers_keep_their_granularity_and_nulls() -> None:
    found = profile([1.25, 1.25, 2.5, 2.5, None])
    assert found.kind == "numeric"
    assert found.nulls == 1
    assert found.distinct == 2
    assert found.parts[0].step == 0.01


def test_a_timestamp_is_a_day_and_a_time_of_day() -> None:
    found = profile([dt.datetime(2024, 3, 1, 6), dt.datetime(2024, 3, 1, 6), dt.datetime(2024, 3, 2, 12), dt.datetime(2024, 3, 2, 12)])
    assert [part.kind for part in found.parts] == ["day", "time"]
    assert found.parts[1].step == 6 * 3600e6


def test_a_category_that_fewer_than_k_entities_hold_is_protected() -> None:
    found = profile(["a"] * 9 + ["secret"])
    assert found.kind == "categorical"
    assert found.parts[0].values == ("a",)
    assert found.parts[0].protected == 1


def test_k_counts_entities_and_not_rows() -> None:
    values = pa.chunked_array([pa.array(["x"] * 50 + ["y", "y"])])
    entities = np.asarray([7] * 50 + [1, 2])
    assert common_values(values, entities, k=2)[0] == ["y"]


def test_a_public_domain_is_kept_whole_and_nothing_else() -> None:
    found = profile(["A", "B", "B", "X", "X"], domain={"A", "B"})
    assert found.parts[0].values == ("B", "A")
    assert found.parts[0].protected == 2


def test_a_public_domain_wins_over_the_declared_kind() -> None:
    assert profile(["A", "B", "B"], domain={"A", "B"}, kind="code").kind == "categorical"


def test_a_domain_of_which_nothing_was_seen_stands_for_what_was() -> None:
    found = profile(["X", "Y"], domain={"B", "A"})
    assert (found.parts[0].values, found.parts[0].rows, found.parts[0].protected) == (("A", "B"), (0, 0), 2)
    assert profile([None, None], arrow=pa.string(), domain={"B", "A"}).parts[0].values == ()


@pytest.mark.parametrize(
    ("values", "arrow"),
    [
        ([1, 2, 3], pa.int32()),
        ([1.5, 2.5, 3.5], pa.float64()),
        ([dt.date(2024, 1, 1), dt.date(2024, 1, 2), dt.date(2024, 1, 3)], pa.date32()),
        ([dt.datetime(2024, 1, 1, 5), dt.datetime(2024, 1, 2, 6), dt.datetime(2024, 1, 3, 7)], pa.timestamp("us")),
    ],
    ids=str,
)
def test_a_zero_stands_for_numbers_that_are_all_protected(values: list, arrow: pa.DataType) -> None:
    found = profile(values, arrow=arrow, k=5)
    assert {(part.cells, part.protected) for part in found.parts} == {(((0.0, 0.0, 3),), 3)}


def test_where_no_value_may_be_missing_there_is_one_to_draw() -> None:
    assert profile([True, False], k=5).parts[0].values == ("false",)
    for arrow in (pa.int8(), pa.float64(), pa.date32(), pa.bool_(), pa.string()):
        for values in ([], [None, None]):
            (part,) = profile(values, arrow=arrow, nullable=False).parts
            assert part.cells or part.values
            assert not any(part.cells or part.rows for part in profile(values, arrow=arrow).parts)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")], ids=str)
def test_nan_and_infinities_that_k_entities_have_are_values(value: float) -> None:
    """They come back as they were; rarer ones are protected, and leave other cells and the step alone."""
    (part,) = profile([value] * 5 + [2.0, 4.0] * 10, k=5).parts
    assert [rows for _, _, rows in part.cells] == ([5, 10, 10] if value < 0 else [10, 10, 5])
    assert part.step == 2.0
    found = from_parts(([low for low, high, _ in part.cells if low == high],), pa.float64()).to_pylist()
    assert str(sorted(map(str, found))) == str(sorted(map(str, [2.0, 4.0, value])))
    (part,) = profile([value] * 4 + [2.0, 4.0] * 10, k=5).parts
    assert (part.cells, part.protected) == (((2.0, 2.0, 10), (4.0, 4.0, 10)), 4)


def test_the_largest_numbers_have_cells_too() -> None:
    (part,) = profile([1e308, -1e308, 1.7e308] * 2, k=3).parts
    assert np.isfinite([end for low, high, _ in part.cells for end in (low, high)]).all()


def test_categories_that_are_all_protected_are_made_by_their_type() -> None:
    assert profile(["x1", "y2", "z3"], kind="categorical", k=5).kind == "code"
    assert profile([1, 2, 3], kind="categorical", k=5).kind == "numeric"
    assert profile([1, 1, 3], kind="categorical").parts[0].values == ("1",)
    assert profile([b"x", b"x"], kind="categorical").kind == "opaque"


def test_codes_texts_uuids_and_personal_data_are_told_apart() -> None:
    codes = [f"AB-{number:05d}" for number in range(40)]
    assert profile(codes).kind == "code"
    assert [pattern["pattern"] for pattern in profile(codes).formats["patterns"]] == ["AA-99999"]
    assert profile([f"the {number} quick fox" for number in range(40)]).kind == "text"
    assert profile([str(uuid.UUID(int=number)) for number in range(40)]).kind == "uuid"
    assert profile(["Ada Lovelace", "Alan Turing"], pii=("name", "en_US")).kind == "pii"
    assert profile([b"x", b"y"]).kind == "opaque"


def test_no_value_of_personal_data_is_in_its_profile() -> None:
    assert "Lovelace" not in str(profile(["Ada Lovelace"] * 50, pii=("name", "en_US")))


def test_words_and_patterns_of_few_are_not_kept() -> None:
    found = profile(["call me now"] * 5 + ["my password is hunter2"], arrow=pa.string(), k=3)
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, -5, None, 2**31 - 1], type=pa.int32()),
        pa.array([1.5, None, -2.25]),
        pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("-20.05")], type=pa.decimal128(10, 2)),
        pa.array([dt.date(1899, 12, 31), None, dt.date(9999, 12, 31)]),
        pa.array([dt.datetime(2013, 1, 1, 5, 30), None], type=pa.timestamp("us")),
        pa.array([dt.datetime(2013, 1, 1, 5, 30), None], type=pa.timestamp("us", tz="UTC")),
        pa.array([dt.time(23, 59, 59), None]),
        pa.array([], type=pa.int64()),
    ],
    ids=lambda values: str(values.type),
)
def test_numbers_come_back_as_they_were(values: pa.Array) -> None:
    assert from_parts(to_parts(pa.chunked_array([values])), values.type).equals(values)


def test_infinities_and_nan_count_as_missing() -> None:
    (numbers,) = to_parts(pa.chunked_array([pa.array([1.0, float("nan"), float("inf")])]))
    assert np.isnan(numbers).tolist() == [False, True, True]


def test_values_are_clamped_into_their_type() -> None:
    assert from_parts((np.asarray([400.0, -400.0]),), pa.int8()).to_pylist() == [127, -128]
    assert from_parts((np.asarray([-3.0]),), pa.uint16()).to_pylist() == [0]
    assert from_parts((np.asarray([2.0**60, -1.0, 1e30]),), pa.uint64()).to_pylist() == [2**60, 0, 2**64 - 2048]
    assert from_parts((np.asarray([-(2.0**63), 1e30]),), pa.int64()).to_pylist() == [-(2**63), 2**63 - 1024]


@pytest.mark.parametrize(
    ("kind", "largest"),
    [
        (pa.decimal128(3, 1), "99.9"),
        (pa.decimal128(4, 4), "0.9999"),
        (pa.decimal128(16, 0), "9999999999999998"),  # the next float is 10^16, which has a digit too many
        (pa.decimal128(18, 2), "9999999999999998.00"),
    ],
    ids=str,
)
def test_decimals_are_clamped_into_their_digits(kind: pa.DataType, largest: str) -> None:
    found = from_parts((np.asarray([1e40, -1e40]),), kind).to_pylist()
    assert found == [decimal.Decimal(largest), -decimal.Decimal(largest)]


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", tz="UTC")], ids=str)
def test_days_are_clamped_into_their_type(kind: pa.DataType) -> None:
    parts = (np.asarray([-1e15, 0.0, 1e15]), np.zeros(3))[: len(part_names(kind))]
    days = from_parts(parts, kind).cast(pa.int32() if kind == pa.date32() else pa.int64()).to_pylist()
    assert days[0] < 0 == days[1] < days[2]


def test_what_is_marked_comes_back_as_it_was() -> None:
    infinite = [2**63 - 1, -(2**63) + 1, 0, None]
    for column in (
        pa.array([1.0, float("inf"), float("-inf"), None, 1e308]),
        pa.array([1.0, float("inf"), None], pa.float32()),
        pa.array(infinite).cast(pa.timestamp("us")),
        pa.array(infinite).cast(pa.timestamp("us", tz="UTC")),
        pa.array([2**31 - 1, -(2**31) + 1, 0, None], pa.int32()).cast(pa.date32()),
    ):
        assert from_parts(to_parts(pa.chunked_array([column]), marked=True), column.type).equals(column)
    nan = to_parts(pa.chunked_array([pa.array([float("nan"), None])]), marked=True)
    assert str(from_parts(nan, pa.float64()).to_pylist()) == "[nan, None]"


def test_infinite_times_count_as_missing() -> None:
    ends = pa.array([2**63 - 1, -(2**63) + 1, 0]).cast(pa.timestamp("us"))
    assert [np.isnan(part).tolist() for part in to_parts(pa.chunked_array([ends]))] == [[True, True, False]] * 2
    days = pa.array([2**31 - 1, -(2**31) + 1, 0], type=pa.int32()).cast(pa.date32())
    assert np.isnan(to_parts(pa.chunked_array([days]))[0]).tolist() == [True, True, False]


def step(values: list[float], *, part: str = "number", k: int = 2) -> float:
    return step_of(np.asarray(values, dtype=float), part, np.arange(len(values)), k=k)


def test_steps() -> None:
    assert step([10.0, 25.0, 40.0]) == 5.0
    assert step([0.5, 0.25, 0.25]) == 0.01
    assert step([np.pi, np.e]) == 0.0
    assert step([]) == 0.0


def test_a_step_is_nobody_s_value() -> None:
    """Where all others are zero the greatest common divisor is the one value that is not; and it may be what a few have."""
    assert step([0.0] * 50 + [902_107_735_194.0]) == 1.0
    assert step([0.0] * 50 + [49_031_259_317.0], part="time") == 1.0
    assert step([0.0] * 50 + [5_000.0, 10_000.0]) == 1.0, "one has 5,000"
    assert step([0.0] * 50 + [5_000.0, 5_000.0, 15_000.0]) == 5_000.0
    assert step([0.0] * 50 + [10_000.0, 15_000.0]) == 5_000.0, "nobody has it, and two are multiples of it"
    assert [step([7.0, 7.0, odd]) for odd in (0.5, 1e16, 8.0)] == [7.0] * 3, "nor does it matter what one has beside all others"
    assert step([5.0, 10.0, 20.0, 30.0]) == 10.0, "one has 5, and the others know nothing of it"
    assert step([5.0, 10.0, 15.0, 20.0]) == 5.0, "so have the others, between them"


def test_kinds_without_parts() -> None:
    assert part_names(pa.string()) == ()
    assert part_names(pa.list_(pa.int8())) == ()


def test_labels_of_an_enumeration_are_public() -> None:
    assert enum_labels("ENUM('it''s', 'b (2), c')") == {"it's", "b (2), c"}
    assert enum_labels("VARCHAR") is None


def test_spelled_types_are_never_made_up_from_patterns() -> None:
    def geometry(values: list[str]) -> ColumnProfile:
        column = pa.chunked_array([pa.array(values)])
        return profile_column(ColumnTask("c", "GEOMETRY"), column, np.arange(len(values)), k=2)

    assert geometry([f"POINT ({x} 0)" for x in range(2, 9)]).kind == "opaque"
    assert geometry(["POINT (1 0)"] * 2 + [f"POINT ({x} 0)" for x in range(2, 9)]).parts[0].values == ("POINT (1 0)",)


def test_decimals_are_exact_on_both_sides_of_what_a_float_counts() -> None:
    values = [0.1, -0.1, 12345678901.23, -90071992547409.91, 123456789012345680.0, None]
    found = from_parts((np.asarray([np.nan if value is None else value for value in values]),), pa.decimal128(25, 2)).to_pylist()
    assert found == [None if value is None else decimal.Decimal(f"{value:.2f}") for value in values]
    assert from_parts((np.asarray([1200.0, -300.0]),), pa.decimal128(6, -2)).to_pylist() == [decimal.Decimal(1200), decimal.Decimal(-300)]
