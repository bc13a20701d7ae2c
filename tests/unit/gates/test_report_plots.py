"""The pictures' geometry: what is real is a surface, what is the twin's a line, and shades say how far apart they are."""

from __future__ import annotations

from typing import Any

import pytest

from warehouse_twin.gates.report_grids import joints
from warehouse_twin.gates.report_plots import distributions, families, membership, percent, seasons, unseen


def item(**changes: Any) -> dict[str, Any]:
    plain = {"column": "a", "kind": "ordered", "labels": ["0", "1 to 3"], "widths": [1, 3], "ends": ["0", "3"]}
    return {**plain, "real": [0.25, 0.75], "twin": [0.5, 0.5], "outside": 0.0, **changes}


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0 %"), (0.0001, "under 0.1 %"), (0.034, "3.4 %"), (0.0999, "10 %"), (0.25, "25 %"), (1.0, "100 %")]
)
def test_shares_are_told_in_percent(share: float, text: str) -> None:
    assert percent(share).replace("\N{NO-BREAK SPACE}", " ") == text


def test_a_wide_bin_is_as_much_lower() -> None:
    [plot] = distributions({"distributions": [item()]}, {"a": "INTEGER"})
    assert (plot.form, plot.detail, plot.ends) == ("area", "INTEGER", ("0", "3"))
    assert [(slot.start, slot.width) for slot in plot.slots] == [(0.0, 25.0), (25.0, 75.0)]
    assert [slot.real_height for slot in plot.slots] == [19.0, 19.0], "a quarter in one step, three in three"
    assert [slot.twin_height for slot in plot.slots] == [38.0, pytest.approx(38 / 3)]
    assert plot.area == "M0 40V21.00H25.00V21.00H100.00V40Z"
    assert plot.line == "M0 40V2.00H25.00V27.33H100.00"
    assert plot.gap == 0.25


def test_the_columns_furthest_apart_come_first_and_those_that_may_not_be_drawn_are_named() -> None:
    pictures = {"distributions": [item(column="near", twin=[0.26, 0.74]), item(column="far"), item(column="hidden", labels=[])]}
    assert [plot.title for plot in distributions(pictures, {})] == ["far", "near"]
    assert unseen(pictures) == ("hidden",)


def test_what_lies_outside_is_apart_too() -> None:
    [plot] = distributions({"distributions": [item(twin=[0.25, 0.55], outside=0.2)]}, {})
    assert plot.gap == pytest.approx(0.2)
    assert [note.replace("\N{NO-BREAK SPACE}", " ") for note in plot.notes] == ["20 % of the twin lies outside"]


def test_a_place_that_may_not_be_told_has_no_surface() -> None:
    [plot] = seasons({"seasons": [{"column": "at", "cycle": "hour", "labels": ["00", "01"], "real": [0.9, None], "twin": [0.8, 0.2]}]})
    assert (plot.title, plot.form) == ("at by hour", "columns")
    assert plot.slots[1].real_height == 0.0
    assert plot.slots[1].text.startswith("01: real fewer than k, twin 20")
    assert plot.line == "M0.00 6.22h50.00M50.00 31.56h50.00"


def test_children_are_called_by_their_key() -> None:
    [plot] = families({"children": [item(columns=["shop", "day"])]}, {("shop", "day"): "days"})
    assert (plot.title, plot.detail) == ("shop, day", "→ days")


def test_a_cell_is_shaded_by_its_share_and_by_the_difference() -> None:
    pair = {"columns": ["a", "b"], "rows": ["x"], "across": ["p", "q", "r"], "real": [[0.5, None, 0.001]], "twin": [[0.46, 0.02, 0.0]]}
    [found] = joints({"pairs": [pair]})
    source, twin, difference = found.grids
    assert [square.tone for square in source.squares] == ["s5", "unknown", "s1"]
    assert [square.tone for square in twin.squares] == ["s5", "s1", "s0"]
    assert [(square.tone, square.sign) for square in difference.squares] == [("less3", "−"), ("more2", "+"), ("d0", "")]
    assert difference.squares[0].text == "a x, b p: −4.0 points"


@pytest.mark.parametrize("change", [{"real": [[1, 2]]}, {"rows": "x"}, {"columns": ["a"]}, {"twin": None}, {"across": []}])
def test_what_is_no_matrix_is_not_drawn(change: dict[str, Any]) -> None:
    pair = {"columns": ["a", "b"], "rows": ["x"], "across": ["p"], "real": [[0.5]], "twin": [[0.5]]}
    assert len(joints({"pairs": [pair]})) == 1
    assert joints({"pairs": [{**pair, **change}]}) == ()


def test_the_curve_begins_below_at_the_left() -> None:
    roc = {"false_alarms": [0.0, 0.5, 1.0], "found": [0.1, 0.6, 1.0], "area": 0.58, "low": None, "floor": 0.51, "n": 900}
    found = membership({"membership": roc})
    assert found is not None
    assert found.line == "M0 100L0.0 90.0L50.0 40.0L100.0 0.0"
    assert (found.area, found.interval, found.floor, found.n) == ("0.580", "– to –", "0.510", "900")
    assert membership({"membership": {**roc, "found": [0.1, "x", 1.0]}}) is None
    assert membership({}) is None
