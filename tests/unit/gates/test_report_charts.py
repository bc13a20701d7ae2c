"""The parts of the report: figures, bars, heat maps, and colours that everybody can tell apart."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from warehouse_twin.gates import report
from warehouse_twin.gates.report_charts import MOST_COLUMNS, bar, heat_map
from warehouse_twin.gates.report_readings import Reading

CSS = (Path(report.__file__).parent / "report.css").read_text()


def reading(value: float, goal: float | None = None, **score: Any) -> Reading:
    given = {"measure": "pair_trend", "table": "t", "value": value, "low": value, "high": value, "n": 9, "floor": 0.5, **score}
    return Reading.of(given, None if goal is None else {"goal": goal, "status": "fail"})


@pytest.mark.parametrize(
    ("value", "goal", "text"),
    [
        (0.98, 0.96, "0.980"),
        (0.9596, 0.96, "0.9596"),
        (0.99996, None, "0.99996"),
        (0.00004, None, "0.00004"),
        (1.0, None, "1.000"),
        (-0.25, None, "−0.250"),
    ],
)
def test_figures_keep_the_digits_that_matter(value: float, goal: float | None, text: str) -> None:
    assert reading(value, goal).value_text == text


def test_counted_shares_are_percent_and_never_rounded_to_all_or_nothing() -> None:
    def share(value: float) -> str:
        return reading(value, measure="orphans", floor=None).value_text

    assert [share(value) for value in (0.0, 1.0, 0.25, 0.00002, 0.99999)] == ["0 %", "100 %", "25 %", "0.002 %", "99.999 %"]


def test_a_bar_puts_worse_to_better_on_one_scale() -> None:
    drawn = bar(reading(0.75, 0.7, low=0.7, high=0.8, ceiling=1.0))
    assert drawn is not None
    assert (drawn.floor, drawn.value, drawn.ceiling, drawn.goal) == (4.0, 50.0, 96.0, 40.8)
    assert drawn.interval == (40.8, 59.2)
    assert drawn.description == "value 0.750; interval 0.700 to 0.800; floor 0.500; ceiling 1.000; goal at least 0.700; failed."


def test_a_bar_without_length_is_not_drawn() -> None:
    assert bar(reading(1.0, floor=None)) is None


def test_a_heat_map_shades_by_distance_to_the_ceiling() -> None:
    value = [[None, None, None], [0.985, None, None], [0.8, None, None]]
    floor = [[None, 0.95, 0.5], [None, None, None], [None, None, None]]
    drawn = heat_map({"columns": ["a", "b", "c"], "value": value, "floor": floor, "ceiling": [[None, 0.99, 0.98]]})
    assert drawn is not None
    shades = {cell.text.partition(":")[0]: cell.shade for cell in drawn.cells}
    assert shades == {
        "b and a, twin": 0, "b and a, floor": 2, "c and a, twin": 4, "c and a, floor": 4, "c and b, twin": -1, "c and b, floor": -1,
    }  # fmt: skip
    assert [pair.columns for pair in drawn.weakest] == [("c", "a")]


def test_a_wide_heat_map_keeps_the_columns_with_the_weakest_pairs() -> None:
    size = MOST_COLUMNS + 5
    value = [[0.99] * size for _ in range(size)]
    value[size - 1][0] = 0.2
    drawn = heat_map({"columns": [f"c{index}" for index in range(size)], "value": value})
    assert drawn is not None
    assert drawn.left_out == 5
    assert {"c0", f"c{size - 1}"} <= {full for _, full in drawn.labels}


@pytest.mark.parametrize("pairs", [None, [], {"columns": "ab"}, {"columns": ["a", "b"], "value": 3}, {"columns": [], "value": []}])
def test_no_matrix_no_map(pairs: object) -> None:
    assert heat_map(pairs) is None


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    full = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(full[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_marks_have_the_contrast_of_wcag_aa(theme: int) -> None:
    block = re.findall(r":root \{([^}]*)\}", CSS)[theme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", block))

    def contrast(one: str, other: str) -> float:
        light, dark = sorted((_luminance(colours[one]), _luminance(colours[other])), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    grounds = ("paper", "raised", "pass-wash", "fail-wash", "undecided-wash")
    for text, ground in itertools.product(("ink", "quiet", "link", "pass", "fail", "undecided", "none"), grounds):
        assert contrast(text, ground) >= 4.5, (text, ground)
    for mark, ground in itertools.product(("mark", "pass", "fail", "undecided", "none"), ("paper", "span")):
        assert contrast(mark, ground) >= 3, (mark, ground)
