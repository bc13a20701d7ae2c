"""Geometry of the report's charts: where each mark of a bar stands, and how dark each cell of a heat map is.

Only numbers leave this module; the template draws them, so that every name goes through its escaping.
A bar is laid out in percent of its width: its marks keep their size on any screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from warehouse_twin.gates.report_readings import Reading, number

MARGIN = 4.0
"""Percent left free at both ends, so that a mark at an end is whole."""
SHADES = (0.01, 0.02, 0.05, 0.10)
"""Upper bounds of the shades 0 to 3 of a heat map; shade 4 is everything beyond."""
MOST_COLUMNS = 40
"""A larger map cannot be read; the columns with the weakest pairs are drawn, and the report says so."""
WEAKEST = 5
CHARACTER = 6.2
"""Width of a character of a label, in pixels."""
LONGEST_LABEL = 18


@dataclass(frozen=True, slots=True)
class Bar:
    """Positions in percent from the left; None where there is no such mark. `span` runs from floor to ceiling."""

    value: float
    interval: tuple[float, float] | None
    span: tuple[float, float] | None
    floor: float | None
    ceiling: float | None
    goal: float | None
    description: str


def domain_of(readings: Sequence[Reading]) -> tuple[float, float] | None:
    """The scale that holds every figure of `readings`; for a measure that is better lower it starts at 0."""
    figures = [
        figure
        for reading in readings
        for figure in (reading.value, reading.low, reading.high, reading.floor, reading.ceiling, reading.goal)
        if figure is not None
    ]
    if any(not reading.higher for reading in readings):
        figures.append(0.0)
    return (min(figures), max(figures)) if figures else None


def bar(reading: Reading, domain: tuple[float, float] | None = None) -> Bar | None:
    """The bar of one score, on its own scale unless `domain` gives a shared one; None when there is nothing to draw."""
    scale = domain or domain_of([reading])
    if reading.value is None or scale is None or scale[0] == scale[1]:
        return None
    start, length = scale[0], scale[1] - scale[0]

    def at(figure: float | None) -> float | None:
        if figure is None:
            return None
        share = min(1.0, max(0.0, (figure - start) / length))
        return round(MARGIN + share * (100 - 2 * MARGIN), 2)

    low, high, floor, ceiling = at(reading.low), at(reading.high), at(reading.floor), at(reading.ceiling)
    return Bar(
        value=at(reading.value) or 0.0,
        interval=None if low is None or high is None else _ordered(low, high),
        span=None if floor is None or ceiling is None else _ordered(floor, ceiling),
        floor=floor,
        ceiling=ceiling,
        goal=at(reading.goal),
        description=_described(reading),
    )


def _ordered(one: float, other: float) -> tuple[float, float]:
    return min(one, other), max(one, other)


def _described(reading: Reading) -> str:
    parts = [f"value {reading.value_text}"]
    if reading.interval_text:
        parts.append(f"interval {reading.interval_text}")
    for name, figure in (("floor", reading.floor), ("ceiling", reading.ceiling)):
        if figure is not None:
            parts.append(f"{name} {reading.text(figure)}")
    if reading.goal is not None:
        parts.append(f"goal {reading.goal_text}")
    return "; ".join([*parts, reading.status_words]) + "."


# ── heat map ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Cell:
    """A square at (`x`, `y`) pixels; `shade` 0 (as good as a holdout) to 4, or -1 where nothing was measured."""

    x: int
    y: int
    shade: int
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns and how well their relation is kept."""

    columns: tuple[str, str]
    value: float
    floor: float | None
    ceiling: float | None
    missing: float


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Below the diagonal the twin, above it the floor. `labels` are (text, full name) in order; sizes in pixels."""

    labels: tuple[tuple[str, str], ...]
    cells: tuple[Cell, ...]
    weakest: tuple[Pair, ...]
    size: int
    margin: int
    left_out: int

    @property
    def extent(self) -> int:
        return self.margin + self.size * len(self.labels)

    @property
    def box(self) -> int:
        """Width and height with the two captions at the right and below."""
        return self.extent + 22


def heat_map(pairs: object) -> HeatMap | None:
    """The map of one table from `{"columns", "value", "floor", "ceiling"}`; None when that is not there or no matrix."""
    if not isinstance(pairs, Mapping) or not isinstance(pairs.get("columns"), list | tuple):
        return None
    columns = [str(column) for column in pairs["columns"]]
    found = _pairs(columns, pairs)
    if not found:
        return None
    shown = _most_telling(found, len(columns))
    size = 26 if len(shown) <= 10 else 18
    labels = tuple((_short(columns[index]), columns[index]) for index in shown)
    margin = round(max(len(text) for text, _ in labels) * CHARACTER) + 12
    cells = []
    for row, first in enumerate(shown):
        for column, second in enumerate(shown[:row]):
            pair = found.get((first, second))
            here, there = margin + column * size, margin + row * size
            names = f"{columns[first]} and {columns[second]}"
            value, floor, ceiling = (pair.value, pair.floor, pair.ceiling) if pair else (None, None, None)
            cells.append(_cell(here, there, names, "twin", value, ceiling))
            cells.append(_cell(there, here, names, "floor", floor, ceiling))
    weakest = sorted((pair for pair in found.values() if pair.missing > SHADES[0]), key=lambda pair: -pair.missing)
    return HeatMap(labels, tuple(cells), tuple(weakest[:WEAKEST]), size, margin, len(columns) - len(shown))


def _pairs(columns: Sequence[str], pairs: Mapping[str, Any]) -> dict[tuple[int, int], Pair]:
    """The measured pairs by (row, column), row > column; a figure may stand on either side of the diagonal."""
    found: dict[tuple[int, int], Pair] = {}
    for row in range(len(columns)):
        for column in range(row):
            value, floor, ceiling = (
                _first(_at(pairs.get(name), row, column), _at(pairs.get(name), column, row)) for name in ("value", "floor", "ceiling")
            )
            if value is not None:
                missing = max(0.0, (1.0 if ceiling is None else ceiling) - value)
                found[row, column] = Pair((columns[row], columns[column]), value, floor, ceiling, missing)
    return found


def _at(matrix: object, row: int, column: int) -> float | None:
    try:
        return number(matrix[row][column])  # type: ignore[index]
    except (TypeError, IndexError, KeyError):
        return None


def _first(one: float | None, other: float | None) -> float | None:
    return other if one is None else one


def _most_telling(found: Mapping[tuple[int, int], Pair], columns: int) -> list[int]:
    """All columns in order, or the `MOST_COLUMNS` whose worst pair is worst."""
    worst = dict.fromkeys(range(columns), -1.0)
    for indexes, pair in found.items():
        for index in indexes:
            worst[index] = max(worst[index], pair.missing)
    return sorted(sorted(worst, key=lambda index: (-worst[index], index))[:MOST_COLUMNS])


def _cell(x: int, y: int, names: str, side: str, value: float | None, ceiling: float | None) -> Cell:
    if value is None:
        return Cell(x, y, -1, f"{names}, {side}: not measured")
    missing = (1.0 if ceiling is None else ceiling) - value
    shade = sum(missing > bound for bound in SHADES)
    beside = "" if ceiling is None else f", ceiling {ceiling:.3f}"
    return Cell(x, y, shade, f"{names}, {side}: {value:.3f}{beside}")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_LABEL else name[: LONGEST_LABEL - 1] + "…"
