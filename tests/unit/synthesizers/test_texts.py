"""Texts word after word, and codes without a pattern."""

import numpy as np
import pyarrow as pa

from warehouse_twin.profiling.formats import learn_patterns, learn_words
from warehouse_twin.synthesizers.codes import make_codes
from warehouse_twin.synthesizers.texts import make_texts

COUNTERS = np.arange(4_000)


def learned(values: list[str], *, k: int = 5) -> dict:
    return learn_words(pa.chunked_array([pa.array(values)]), np.arange(len(values)), k=k)


def test_a_word_follows_those_it_followed_in_the_source() -> None:
    texts = make_texts(learned(["special requests sleep"] * 30 + ["regular deposits nag"] * 70), COUNTERS, 1)
    assert set(texts) == {"special requests sleep", "regular deposits nag"}
    assert 0.26 < np.mean(texts == "special requests sleep") < 0.34


def test_pairs_of_fewer_than_k_entities_never_come_out_together() -> None:
    """But by chance: both words are common, and what follows is drawn from all."""
    source = ["big dog"] * 40 + ["big cat"] * 40 + ["old dog"] * 40 + ["old fox", "sly fox"] * 3
    texts = make_texts(learned(source, k=10), COUNTERS, 1)
    assert {word for text in texts for word in text.split()} == {"big", "old", "dog", "cat"}
    assert 0.28 < np.mean(texts == "big dog") < 0.38


def test_texts_are_the_same_however_they_are_split() -> None:
    formats = learned([f"{word} and more" for word in ("one", "two", "three") for _ in range(20)])
    whole = make_texts(formats, COUNTERS, 3)
    assert whole[500:520].tolist() == make_texts(formats, COUNTERS[500:520], 3).tolist()


def test_codes_without_a_pattern_have_length_and_characters_of_the_source() -> None:
    source = [f"{row * 7919 % 1000:0{row % 5 + 3}b}x"[:9] for row in range(200)] + ["A-1"] * 200
    formats = learn_patterns(pa.chunked_array([pa.array(source)]), np.arange(400), k=30)
    assert formats["loose"]["letters"].keys() <= {"0", "1", "x"}
    codes = make_codes(formats, COUNTERS, 1)
    plain = [code for code in codes if code != "A-1"]
    assert 0.05 < len(plain) / len(codes) < 0.6
    assert {letter for code in plain for letter in code} <= {"0", "1", "x", "9", "a"}
