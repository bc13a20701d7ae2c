"""Rules as text, as JSON, and the names in them."""

import pytest

from warehouse_twin.manifest.rule_texts import strangers
from warehouse_twin.profiling.rules.rule import Rule, kept
from warehouse_twin.profiling.table_profile import TableProfile

WRITTEN = [
    (Rule("equal", "city", ("customers.city",)), "city = customers.city"),
    (Rule("linear", "sched", ("hour", "minute"), {"factors": [100.0, 1.0]}), "sched = 100*hour + minute"),
    (Rule("linear", "net", ("gross", "tax"), {"factors": [1.0, -1.0], "constant": 0.5}), "net = gross - tax + 0.5"),
    (Rule("linear", "end", ("start", "took"), {"factors": [1.0, 6e7], "unit": "minutes"}), "end = start + minutes(took)"),
    (Rule("product", "amount", ("price", "quantity")), "amount = price * quantity"),
    (Rule("clock", "dep", ("sched", "delay")), "dep = clock(sched + delay)"),
    (Rule("part", "year", ("at",), {"part": "year"}), "year = year(at)"),
    (Rule("part", "hour", ("at",), {"part": "hour", "zone": "America/New_York"}), "hour = hour(at at America/New_York)"),
    (Rule("dependency", "distance", ("origin", "dest"), {"map": []}), "origin, dest -> distance"),
    (Rule("combination", "b", ("a",), {"never": []}), "combinations(a, b)"),
    (Rule("order", "b", ("a",)), "a <= b"),
    (Rule("order", "b", ("a",), {"strict": True}), "a < b"),
    (Rule("null_equal", "b", ("a",)), "null(b) = null(a)"),
    (Rule("null_implied", "b", ("a",)), "null(a) <= null(b)"),
    (Rule("offset", "b", ("a",)), "offset(b, a)"),
    (Rule("aggregate", "total", (), {"function": "sum", "table": "lines", "column": "amount"}), "total = sum(lines.amount)"),
    (Rule("aggregate", "orders", (), {"function": "count", "table": "lines", "column": None}), "orders = count(lines)"),
]
OTHERS = ("customers.city", "lines", "lines.amount")


@pytest.mark.parametrize(("rule", "text"), WRITTEN)
def test_a_rule_is_written_in_one_way_and_names_only_columns(rule: Rule, text: str) -> None:
    assert rule.text == text
    assert list(strangers(text, [*rule.columns, *OTHERS])) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a <= bb", ["bb"]),
        ("total = 100*aa - b", ["total", "aa"]),
        ("null(b) = null(other.b)", ["other.b"]),
        ("x -> b", ["x"]),
        ("hour = hour(b at Europe/Berlin)", ["hour"]),
    ],
)
def test_names_that_no_column_has_are_found(text: str, found: list[str]) -> None:
    assert list(strangers(text, ["a", "b"])) == found


def test_names_may_look_like_operators() -> None:
    assert list(strangers("a - b <= a", ["a", "a - b"])) == []


def test_a_profile_keeps_its_rules() -> None:
    rules = tuple(rule for rule, _ in WRITTEN)
    profile = TableProfile("t", 10, 0, 0, 0, 0, (), rules=rules)
    assert TableProfile.from_dict(profile.to_dict()) == profile


def test_rules_of_other_columns_and_ignored_ones_are_left_out() -> None:
    order, ignored = Rule("order", "b", ("a",)), Rule("order", "c", ("a",), ignored=True)
    assert kept([order, ignored, Rule("order", "d", ("a",)), WRITTEN[-1][0]], ["a", "b", "c"]) == (order,)
