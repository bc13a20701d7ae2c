"""Numbers, times and nulls that follow from others: found when no row says otherwise, and kept in what is drawn."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from tiny_rules import broken, drawn, learned, texts

ROWS = 1_500


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(5)


def test_sums_multiples_and_products_are_found_once(draw) -> None:
    a, b = draw.integers(1, 500, ROWS), draw.integers(0, 60, ROWS)
    q = draw.integers(1, 9, ROWS)
    table = pa.table({"hhmm": 100 * a + b, "a": a, "b": b, "total": a + b, "dozen": 12 * a, "q": q, "amount": np.round(q * a * 1.0, 2)})
    assert texts(table) == ["dozen = 12*a", "total = a + b", "hhmm = 100*a + b", "amount = a * q"]


def test_rounding_to_the_step_of_the_target_is_no_violation(draw) -> None:
    net = np.round(draw.uniform(1, 900, ROWS), 2)
    table = pa.table({"net": net, "gross": np.round(net * 1.19, 2)})
    profile = learned(table)
    assert [rule.text for rule in profile.rules] == ["gross = 1.19*net"]
    assert broken(profile.rules, drawn(table, profile)) == {}


def test_one_row_that_breaks_a_rule_is_enough_to_drop_it(draw) -> None:
    a, b = draw.integers(1, 500, 30_000), draw.integers(0, 60, 30_000)
    total = a + b
    assert texts(pa.table({"a": a, "b": b, "total": total}), "linear") == ["total = a + b"]
    total[17_171] += 1
    assert texts(pa.table({"a": a, "b": b, "total": total}), "linear") == []


def test_too_few_rows_say_nothing(draw) -> None:
    a, b = draw.integers(1, 500, 99), draw.integers(0, 60, 99)
    assert texts(pa.table({"a": a, "b": b, "total": a + b})) == []
    blank = pa.array([None] * (ROWS - 60) + [1] * 60)
    a, b = draw.integers(1, 500, ROWS), draw.integers(0, 60, ROWS)
    assert texts(pa.table({"a": a, "b": b, "total": pa.array(np.where(blank.is_null(), 0, a + b), mask=np.asarray(blank.is_null()))})) == []


def test_columns_that_hardly_vary_agree_by_chance(draw) -> None:
    flags = {name: (draw.uniform(size=ROWS) < 0.001).astype(int) for name in "abc"}
    assert texts(pa.table({**flags, "n": draw.integers(0, 99, ROWS)})) == []


def test_a_rule_is_solved_for_a_column_that_is_still_to_be_drawn(draw) -> None:
    a, b = draw.integers(1, 500, ROWS), draw.integers(0, 60, ROWS)
    table = pa.table({"a": a, "b": b, "total": a + b})
    assert texts(table, "linear", fixed=("total",)) == ["a = total - b"]
    assert texts(table, "linear", fixed=("total", "a")) == ["b = total - a"]
    assert texts(table, "linear", fixed=("total", "a", "b")) == []


def test_times_of_the_day_go_around_the_clock(draw) -> None:
    start, delay = draw.integers(0, 1440, ROWS), draw.integers(-20, 300, ROWS)
    end = (start + delay) % 1440
    table = pa.table({"sched": start // 60 * 100 + start % 60, "delay": delay, "dep": end // 60 * 100 + end % 60})
    profile = learned(table)
    assert [rule.text for rule in profile.rules] == ["dep = clock(sched + delay)"]
    found = drawn(table, profile)
    assert broken(profile.rules, found) == {}
    assert (found["dep"].to_numpy() % 100 < 60).all()


def test_times_are_others_plus_a_duration_and_have_parts(draw) -> None:
    start = np.datetime64("2020-01-01T00:00:00", "us") + draw.integers(0, 700 * 86_400, ROWS) * np.timedelta64(1, "s")
    minutes = draw.integers(1, 600, ROWS)
    end = start + minutes * np.timedelta64(1, "m")
    months = start.astype("datetime64[M]").astype(int) % 12 + 1
    table = pa.table({"start": start, "minutes": minutes, "end": end, "month": months, "day": pa.array(start.astype("datetime64[D]"))})
    profile = learned(table)
    assert [rule.text for rule in profile.rules if rule.kind in ("part", "linear")] == [
        "month = month(start)",
        "day = date(start)",
        "end = start + minutes(minutes)",
    ]
    found = drawn(table, profile)
    assert broken(profile.rules, found) == {}
    assert found.schema.types == table.schema.types


def test_an_hour_is_read_in_the_time_zone_that_explains_it(draw) -> None:
    instants = np.datetime64("2020-01-01T00", "us") + draw.integers(0, 366 * 24, ROWS) * np.timedelta64(1, "h")
    at = pa.array(instants).cast(pa.timestamp("us", tz="UTC"))
    local = at.cast(pa.timestamp("us", tz="Europe/Berlin")).to_pylist()
    table = pa.table({"at": at, "hour": [value.hour for value in local], "on": [value.date() for value in local]})
    profile = learned(table)
    assert [rule.text for rule in profile.rules if rule.kind == "part"] == [
        "hour = hour(at at Europe/Berlin)",
        "on = date(at at Europe/Berlin)",
    ]
    assert broken(profile.rules, drawn(table, profile)) == {}


def test_equal_columns_of_any_type(draw) -> None:
    cities = [["Ulm", "Bonn", "Köln"][place] for place in draw.integers(0, 3, ROWS)]
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=int(day)) for day in draw.integers(0, 300, ROWS)]
    table = pa.table({"city": cities, "billed": cities, "day": days, "paid": days})
    profile = learned(table)
    assert [rule.text for rule in profile.rules if rule.kind == "equal"] == ["billed = city", "paid = day"]
    assert broken(profile.rules, drawn(table, profile)) == {}


def test_nulls_that_come_together_are_found_and_kept(draw) -> None:
    left, lost = draw.uniform(size=ROWS) < 0.7, draw.uniform(size=ROWS) < 0.2
    values = {
        "out": pa.array(draw.integers(0, 99, ROWS), mask=left),
        "gone": pa.array(draw.uniform(size=ROWS), mask=left),
        "back": pa.array(draw.integers(0, 99, ROWS), mask=left | lost),
        "other": pa.array(draw.integers(0, 99, ROWS), mask=draw.uniform(size=ROWS) < 0.5),
    }
    profile = learned(pa.table(values))
    assert [rule.text for rule in profile.rules] == ["null(gone) = null(out)", "null(out) <= null(back)"]
    found = drawn(pa.table(values), profile)
    assert broken(profile.rules, found) == {}
    assert abs(found["out"].null_count / found.num_rows - 0.7) < 0.05
    assert abs(found["other"].null_count / found.num_rows - 0.5) < 0.05


def test_a_computed_column_with_nulls_of_its_own_keeps_them(draw) -> None:
    a, b = draw.integers(1, 500, ROWS), draw.integers(0, 60, ROWS)
    blank = draw.uniform(size=ROWS) < 0.3
    table = pa.table({"a": a, "b": b, "total": pa.array(a + b, mask=blank)})
    profile = learned(table)
    assert [(rule.text, rule.detail["total"]) for rule in profile.rules] == [("total = a + b", False)]
    found = drawn(table, profile)
    assert broken(profile.rules, found) == {}
    assert abs(found["total"].null_count / found.num_rows - 0.3) < 0.05


def test_an_ignored_rule_is_listed_and_not_kept(draw) -> None:
    a, b = draw.integers(1, 500, ROWS), draw.integers(0, 60, ROWS)
    table = pa.table({"a": a, "b": b, "total": a + b})
    profile = learned(table, ignored=["total = a + b"])
    assert [(rule.text, rule.ignored) for rule in profile.rules if rule.kind == "linear"] == [("total = a + b", True)]
    assert broken(profile.rules, drawn(table, profile)) != {}
