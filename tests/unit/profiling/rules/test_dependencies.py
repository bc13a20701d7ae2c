"""What decides what, and what never goes together: found, k-safe, and kept."""

import numpy as np
import pyarrow as pa
import pytest

from tiny_rules import broken, drawn, learned, texts

ROWS = 4_000
CITIES = {"Ulm": "DE", "Bonn": "DE", "Lyon": "FR", "Nice": "FR", "Rome": "IT"}


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(4)


@pytest.fixture
def city(draw) -> np.ndarray:
    return draw.choice(list(CITIES), ROWS, p=[0.4, 0.2, 0.2, 0.15, 0.05])


def test_a_category_decides_another_and_a_number(draw, city) -> None:
    height = {"Ulm": 478, "Bonn": 60, "Lyon": 173, "Nice": 10, "Rome": 21}
    table = pa.table(
        {
            "city": city,
            "country": [CITIES[name] for name in city],
            "height": [height[name] for name in city],
            "n": draw.integers(0, 500, ROWS),
        }
    )
    profile = learned(table)
    assert [rule.text for rule in profile.rules] == ["city -> country", "city -> height"]
    assert profile.rules[0].detail == {"map": sorted([a, b] for a, b in CITIES.items()), "total": True}
    found = drawn(table, profile)
    assert broken(profile.rules, found) == {}
    assert {(a, b) for a, b in zip(*found.select(["city", "country"]).to_pydict().values(), strict=True)} == set(CITIES.items())


def test_one_row_that_says_otherwise_is_enough(city) -> None:
    country = [CITIES[name] for name in city]
    country[1_234] = "FR" if country[1_234] != "FR" else "DE"
    assert texts(pa.table({"city": city, "country": country}), "dependency") == []


def test_two_columns_decide_what_neither_does(draw) -> None:
    a, b = draw.integers(0, 6, ROWS), draw.integers(0, 7, ROWS)
    far = draw.permutation(np.arange(42))
    table = pa.table({"a": [f"A{i}" for i in a], "b": [f"B{i}" for i in b], "far": far[a * 7 + b] * 11.5})
    profile = learned(table)
    assert [rule.text for rule in profile.rules] == ["a, b -> far"]
    assert broken(profile.rules, drawn(table, profile)) == {}


def test_the_map_leaves_out_what_few_hold(draw, city) -> None:
    city[:3] = "Oslo"
    table = pa.table({"city": city, "country": [CITIES.get(name, "NO") for name in city]})
    (rule,) = learned(table).rules
    assert rule.text == "city -> country"
    assert "Oslo" not in str(rule.detail)
    assert "NO" not in str(rule.detail)


def test_a_map_that_would_lose_much_is_no_rule(draw, city) -> None:
    rare = draw.uniform(size=ROWS) < 0.2
    names = np.where(rare, [f"V{number // 3}" for number in range(ROWS)], city)
    country = [CITIES.get(name, "NO") for name in names]
    assert texts(pa.table({"city": names, "country": country}), "dependency") == []


def test_two_names_of_the_same_thing_are_one_rule(city) -> None:
    short = {"Ulm": "U", "Bonn": "B", "Lyon": "L", "Nice": "N", "Rome": "R"}
    assert texts(pa.table({"city": city, "short": [short[name] for name in city]})) == ["city -> short"]


def test_nulls_beside_a_decided_column_stay(draw, city) -> None:
    table = pa.table({"city": city, "country": pa.array([CITIES[name] for name in city], mask=draw.uniform(size=ROWS) < 0.3)})
    profile = learned(table)
    found = drawn(table, profile)
    assert [rule.text for rule in profile.rules] == ["city -> country"]
    assert broken(profile.rules, found) == {}
    assert abs(found["country"].null_count / found.num_rows - 0.3) < 0.05


def test_combinations_that_never_occur_are_closed(draw) -> None:
    kin = draw.choice(["husband", "wife", "child", "none"], ROWS)
    coin = draw.choice(["f", "m"], ROWS)
    sex = np.where(kin == "husband", "m", np.where(kin == "wife", "f", coin))
    sex[0], kin[0] = "f", "husband"  # one entity alone is told of no more than none
    table = pa.table({"sex": sex, "kin": kin, "n": draw.integers(0, 9, ROWS)})
    profile = learned(table)
    (rule,) = profile.rules
    assert (rule.text, rule.detail) == ("combinations(sex, kin)", {"never": [["f", "husband"], ["m", "wife"]]})
    assert broken(profile.rules, drawn(table, profile)) == {}


def test_combinations_that_chance_would_not_have_say_nothing(draw) -> None:
    rare = np.where(draw.uniform(size=ROWS) < 0.003, "rare", "usual")
    assert texts(pa.table({"a": rare, "b": draw.choice(["x", "y"], ROWS, p=[0.99, 0.01])}), "combination") == []


def couples(draw: np.random.Generator, *, share: float) -> pa.Table:
    """Whose sex goes with what they are in a family and with what they do, where they are or do anything: a `share` of them."""
    sex = draw.choice(["f", "m"], ROWS)
    kin = np.where(draw.uniform(size=ROWS) < share, np.where(sex == "m", "husband", "wife"), "none")
    job = np.where(draw.uniform(size=ROWS) < share, np.where(sex == "m", "monk", "nun"), "none")
    return pa.table({"kin": kin, "job": job, "sex": sex})


def test_combinations_of_three_columns_are_all_kept_where_each_has_a_value_for_the_others(draw) -> None:
    """Without the rule that no husband is a nun there would be no sex for one: that is asked again once it is kept."""
    table = couples(draw, share=0.5)
    profile = learned(table)
    assert sorted(rule.text for rule in profile.rules) == ["combinations(job, sex)", "combinations(kin, job)", "combinations(kin, sex)"]
    assert broken(profile.rules, drawn(table, profile)) == {}


def test_a_combination_that_is_ignored_lets_no_other_rely_on_it(draw) -> None:
    table = couples(draw, share=0.5)
    profile = learned(table, ignored=("combinations(kin, job)",))
    kept = [rule for rule in profile.rules if not rule.ignored]
    assert [rule.text for rule in profile.rules if rule.ignored] == ["combinations(kin, job)"]
    assert [rule.columns for rule in kept] in ([("kin", "sex")], [("job", "sex")])
    assert broken(kept, drawn(table, profile)) == {}


def test_a_column_that_could_be_left_without_a_value_is_closed_by_one_other(draw) -> None:
    """Husbands and nuns are so few that none who is both would be expected: no rule says so, and neither sex would do for one."""
    table = couples(draw, share=0.04)
    profile = learned(table)
    assert [rule.columns for rule in profile.rules if rule.kind == "combination"] in ([("kin", "sex")], [("job", "sex")])
    assert broken(profile.rules, drawn(table, profile)) == {}
