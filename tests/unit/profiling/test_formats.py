"""Patterns and words: what they say, and whose they may be."""

import numpy as np
import pyarrow as pa

from warehouse_twin.profiling.formats import learn_patterns, learn_words


def texts(*values: str) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type=pa.string())])


def test_a_pattern_marks_letters_by_case_and_digits_of_any_script() -> None:
    found = learn_patterns(texts("Éa-٣7", "Ab-12", "Ab-12"), np.arange(3), k=3)
    assert [pattern["pattern"] for pattern in found["patterns"]] == ["Aa-99"]
    assert found["patterns"][0]["rows"] == 3


def test_slots_have_the_characters_that_k_entities_have_there() -> None:
    found = learn_patterns(texts("A1", "A1", "B1", "A2", "zz"), np.asarray([1, 2, 3, 3, 4]), k=2)
    assert found["patterns"] == [{"pattern": "A9", "rows": 4, "slots": [{"A": 3}, {"1": 3}]}]
    assert found["protected"] == 1


def test_empty_and_long_texts_have_a_pattern_too() -> None:
    found = learn_patterns(texts("", "", "x" * 200, "x" * 200), np.arange(4), k=2)
    assert [(pattern["pattern"], len(pattern["slots"])) for pattern in found["patterns"]] == [("", 0), ("a" * 64, 64)]


def test_words_and_lengths_count_rows_and_are_shared_by_k() -> None:
    found = learn_words(texts(" red fish ", "red\tfish\nblue", "", "red"), np.asarray([1, 2, 3, 3]), k=2)
    assert found["words"] == {"fish": 2, "red": 3}
    assert found["lengths"] == {}
    found = learn_words(texts("one two", "one", "two three"), np.arange(3), k=2)
    assert found["words"] == {"one": 2, "two": 2}
    assert found["lengths"] == {"2": 2}


def test_pairs_of_words_that_k_entities_share_are_kept_and_the_rest_is_one_number() -> None:
    found = learn_words(texts("a b c", "a b d", "a c", "a c"), np.asarray([1, 2, 3, 3]), k=2)
    assert list(found["words"]) == ["a", "b", "c"]
    # a starts four texts and is followed by b twice; c follows it in two texts of one entity, so that is "others"
    assert found["pairs"] == {"first": [0, 0, 3], "next": [-1, 1, 0], "rows": [2, 2, 4]}


def test_texts_without_a_pattern_are_known_by_length_and_characters() -> None:
    found = learn_patterns(texts("aB1", "B1a", "1aZ", "11-11"), np.arange(4), k=2)
    assert found["patterns"] == []
    assert found["loose"] == {"lengths": {"3": 3}, "letters": {"1": 7, "B": 2, "a": 3}}


def test_of_many_texts_only_some_are_read_spread_over_all() -> None:
    found = learn_words(texts(*(["early word"] * 500 + ["late word"] * 500)), np.arange(1000), k=2, max_rows=100)
    assert found["words"] == {"early": 50, "late": 50, "word": 100}
    assert found["lengths"] == {"2": 100}
