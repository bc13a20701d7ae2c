from __future__ import annotations

import re

import numpy as np
import pytest

from warehouse_twin.generators.pattern_parsing import PatternError, parse_pattern
from warehouse_twin.randomness import permuted

COUNTERS = np.arange(400, dtype=np.int64)


@pytest.mark.parametrize(
    ("pattern", "longest"),
    [
        (r"[A-Z]{3}-\d{4}", 8),
        (r"(DE|FR|A\d{1,3})_x?\w{2}", 8),
        (r"\[\d\]", 3),
        (r"[a-c\-_]{2,5}", 5),
        ("", 0),
        ("éè|日本", 2),
    ],
)
def test_every_value_has_the_form_of_its_pattern(pattern: str, longest: int) -> None:
    parsed = parse_pattern(pattern)
    assert parsed.longest == longest
    assert all(re.fullmatch(pattern, text) for text in parsed.make(COUNTERS, seed=1))


def test_each_alternative_and_each_count_comes() -> None:
    assert set(parse_pattern("(a|bb)c{0,2}").make(COUNTERS, seed=1)) == {"a", "ac", "acc", "bb", "bbc", "bbcc"}


def test_a_value_depends_on_its_counter_alone() -> None:
    parsed = parse_pattern(r"(X|Y\d?)-[A-Z]{1,4}")
    whole = parsed.make(COUNTERS, seed=3)
    parts = [parsed.make(part, seed=3) for part in (COUNTERS[:7], COUNTERS[7:])]
    assert list(whole) == [*parts[0], *parts[1]]
    assert list(whole) != list(parsed.make(COUNTERS, seed=4))


@pytest.mark.parametrize(("pattern", "distinct"), [(r"[ABC]\d", 30), ("(north|south)-[01]{3}", 16), ("x", 1), (r"[A-Z0-9]{40}", 36**11)])
def test_distinct_values_are_all_there_are(pattern: str, distinct: int) -> None:
    parsed = parse_pattern(pattern)
    rows = min(distinct, 200)
    made = parsed.make_distinct(np.arange(rows), seed=5)
    assert parsed.distinct >= distinct
    assert len(set(made)) == rows
    assert all(re.fullmatch(pattern, text) for text in made)


@pytest.mark.parametrize("pattern", ["a?a?", "(a|ab)b?", "x{1,3}", r"(\d|\d\d)"])
def test_a_pattern_that_writes_a_value_in_several_ways_promises_no_distinct_ones(pattern: str) -> None:
    assert parse_pattern(pattern).distinct == 0


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("ab*", "at character 3: * has no end"),
        ("[ab", "at character 4: a [ without its ]"),
        ("(ab", "at character 5: a ( without its )"),
        ("ab)", "at character 3: a ) without its ("),
        ("[^a]", "what is not meant"),
        ("[z-a]", "z-a is no range"),
        ("a{3,2}", "is no count"),
        ("a{x}", "wanted a count"),
        (r"\q", r"\q is not known"),
        (".", r"wanted \. for the character itself"),
        ("[]", "an empty class"),
        ("(" * 9 + "a" + ")" * 9, "more than 8 deep"),
        (r"(\d{999}){999}", "texts of up to 998001 characters"),
        ("a" * 501, "501 characters; wanted at most 500"),
    ],
)
def test_what_is_no_pattern_is_named_with_its_place(pattern: str, said: str) -> None:
    with pytest.raises(PatternError, match=re.escape(said)):
        parse_pattern(pattern)


@pytest.mark.parametrize("size", [1, 2, 3, 10, 1000, 4097])
def test_a_permutation_has_every_place_once(size: int) -> None:
    assert sorted(permuted(np.arange(size), size=size, seed=3, stream="x")) == list(range(size))


def test_a_permutation_looks_like_none() -> None:
    places = permuted(np.arange(1000), size=1000, seed=3, stream="x")
    assert abs(np.corrcoef(np.arange(1000), places)[0, 1]) < 0.1
    assert list(places) != list(permuted(np.arange(1000), size=1000, seed=4, stream="x"))
