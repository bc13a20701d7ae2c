from __future__ import annotations

import pytest

from warehouse_twin.manifest.names import listed, nearest, shown, shown_bare, unknown


def test_nearest_ignores_case_and_gives_the_known_spelling() -> None:
    assert nearest("TAILNUMM", ["tailNum", "year"]) == "tailNum"
    assert nearest("zzz", ["tailnum", "year"]) is None
    assert nearest("x" * 10**6, ["x" * 10**6]) == "x" * 10**6


def test_unknown_lists_what_is_known() -> None:
    assert unknown("table", "plane", ["planes", "weather"]) == "unknown table 'plane'; known: planes, weather; did you mean planes?"
    assert unknown("table", "plane", []) == "unknown table 'plane'; known: none"


def test_long_lists_are_cut() -> None:
    assert listed([f"c{i}" for i in range(23)]).endswith("c18, c19 and 3 more")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        (False, "false"),
        ({"a": 1}, "a mapping"),
        ([], "an empty list"),
        ([1], "a list"),
        (1.5, "1.5"),
        ("a\nb", r"'a\nb'"),
        ("postgresql://user:secret@host/db", "'postgresql://…'"),
        ("x" * 100, repr("x" * 59 + "…")),
    ],
)
def test_values_are_shown_short_and_without_passwords(value: object, text: str) -> None:
    assert shown(value) == text


def test_bare_words_are_shown_on_one_line_without_passwords() -> None:
    assert shown_bare("a\n b") == "a b"
    assert shown_bare("https://user:secret@host") == "https://…"
