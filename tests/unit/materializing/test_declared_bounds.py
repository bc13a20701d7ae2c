"""Numbers at the bounds of CHECK constraints and domains."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.materializing.declared_bounds import within_bounds
from warehouse_twin.warehouses import quoted
from warehouse_twin.warehouses.catalog import Column, Constraint, Table, UserType

SHARE = UserType("share", (), "numeric(5,2) CHECK (((VALUE >= (0)::numeric) AND (VALUE <= (100)::numeric)))")


def held(values: pa.Array, *checks: str, native: str = "", types: tuple[UserType, ...] = ()) -> list[object]:
    """The values of a column `a` as they come out."""
    column = Column("a", "X", True, native_type=native)
    constraints = tuple(Constraint("check", ("a",), check) for check in checks)
    rows = pa.table({"a": values, "b": [1] * len(values)})
    table = Table("t", (column, Column("b", "X", True)), constraints=constraints, types=types)
    found = within_bounds(rows, table)
    assert found.schema.equals(rows.schema)
    assert found["b"].equals(rows["b"])
    return found["a"].to_pylist()


WHOLE = pa.array([-7, 0, 3, None, 900], pa.int16())


@pytest.mark.parametrize(
    ("check", "wanted"),
    [
        ("CHECK ((a >= 0))", [0, 0, 3, None, 900]),
        ("CHECK((a > 0))", [1, 1, 3, None, 900]),
        ("CHECK ((0 < a))", [1, 1, 3, None, 900]),
        ("CHECK ((a < 100.5))", [-7, 0, 3, None, 100]),
        ("CHECK ((a <= 100.5))", [-7, 0, 3, None, 100]),
        ("CHECK (((a >= '-3'::integer) AND (a < 5)))", [-3, 0, 3, None, 4]),
        ("CHECK (a BETWEEN -1 AND 2)", [-1, 0, 2, None, 2]),
        ("CHECK (((a > 0) OR (b > 0)))", [-7, 0, 3, None, 900]),
        ("CHECK ((a <> 3))", [-7, 0, 3, None, 900]),
        ("CHECK ((b > 0))", [-7, 0, 3, None, 900]),
        ("CHECK ((a > b))", [-7, 0, 3, None, 900]),
        ("CHECK ((a < 1000000))", [-7, 0, 3, None, 900]),
        ("CHECK ((((", [-7, 0, 3, None, 900]),
        ("CHECK (f(a) ~ 'CHECK (')", [-7, 0, 3, None, 900]),
    ],
)
def test_comparisons_with_a_number_are_kept_and_others_left_alone(check: str, wanted: list[int | None]) -> None:
    assert held(WHOLE, check) == wanted


def test_decimals_and_floats_go_to_the_last_value_that_is_allowed() -> None:
    money = pa.array([Decimal("-0.10"), Decimal("100.01"), None], pa.decimal128(7, 2))
    assert held(money, "CHECK ((a > 0))", "CHECK ((a < 100))") == [Decimal("0.01"), Decimal("99.99"), None]
    floats = held(pa.array([-1.0, float("nan"), 2.0]), "CHECK ((a > 0))", "CHECK ((a <= 1.5))")
    assert floats[0] == np.nextafter(0.0, 1.0)
    assert np.isnan(floats[1])
    assert floats[2] == 1.5


@pytest.mark.parametrize("native", ["share", "shop.share", '"share"'])
def test_a_domain_bounds_the_columns_that_are_of_it(native: str) -> None:
    percent = pa.array([Decimal("-0.01"), Decimal("100.20"), None], pa.decimal128(5, 2))
    assert held(percent, native=native, types=(SHARE,)) == [Decimal("0.00"), Decimal("100.00"), None]
    assert held(percent, native="numeric(5,2)", types=(SHARE,)) == percent.to_pylist()


def test_several_checks_of_a_domain_all_hold() -> None:
    both = UserType("both", (), "integer DEFAULT 3 CHECK ((VALUE > 0)) CHECK ((VALUE < 9))")
    assert held(pa.array([-4, 5, 9]), native="both", types=(both,)) == [1, 5, 8]


def test_dates_and_texts_stay_as_they_are() -> None:
    assert held(pa.array(["a", "z"]), "CHECK ((a > 3))") == ["a", "z"]


@pytest.mark.parametrize("name", ["per.cent", 'per "cent"'])
def test_a_domain_may_have_any_name(name: str) -> None:
    odd = UserType(name, (), "integer CHECK ((VALUE < 9))")
    assert held(pa.array([5, 12]), native=quoted(name), types=(odd,)) == [5, 8]
