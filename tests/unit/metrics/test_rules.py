from warehouse_twin.metrics.rules import broken_rules


def test_the_rule_that_is_broken_most_counts() -> None:
    score = broken_rules("t", {"a <= b": 1, "c = a + b": 3}, rows=12)
    assert (score.label, score.value, score.low, score.high, score.better) == ("t.broken_rules(c = a + b)", 0.25, 0.25, 0.25, "lower")


def test_without_rules_or_rows_nothing_is_broken() -> None:
    assert broken_rules("t", {}, rows=0).value == 0.0
    assert broken_rules("t", {"a <= b": 0}, rows=5).columns == ()
