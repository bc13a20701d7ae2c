"""Two columns cell by cell: squares of the source, of the twin and of their difference, three grids beside each other.

A cell that fewer than k training entities are in has no figure of the source's; its difference is taken as if it were empty there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from warehouse_twin.gates.report_plots import percent
from warehouse_twin.gates.report_readings import items, number

DIFFERENCES = (0.002, 0.01, 0.03)
"""Bounds of the shades of a difference, in shares of all rows."""
SHARES = (0.2, 0.4, 0.6, 0.8)
"""Bounds of the shades of a share, relative to the largest."""
SQUARE = 18
CHARACTER = 6.4
LONGEST_LABEL = 17


@dataclass(frozen=True, slots=True)
class Square:
    """A cell at (`x`, `y`): its class, a sign where a difference is large, and what it says."""

    x: int
    y: int
    tone: str
    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of one side, `source`, `twin` or `difference`."""

    name: str
    squares: tuple[Square, ...]


@dataclass(frozen=True, slots=True)
class Joint:
    """Two columns: labels as (text, whole name), three grids, and how large they are in pixels."""

    columns: tuple[str, str]
    rows: tuple[tuple[str, str], ...]
    across: tuple[tuple[str, str], ...]
    grids: tuple[Grid, ...]
    left: int
    top: int
    size: int = SQUARE

    @property
    def width(self) -> int:
        return self.left + self.size * len(self.across) + 2

    @property
    def height(self) -> int:
        return self.top + self.size * len(self.rows) + 2


def joints(pictures: Mapping[str, object]) -> tuple[Joint, ...]:
    return tuple(found for found in map(_joint, items(pictures.get("pairs"))) if found is not None)


def _joint(item: Mapping[str, object]) -> Joint | None:
    columns, rows, across = (_texts(item.get(name)) for name in ("columns", "rows", "across"))
    real, twin = (_matrix(item.get(name), len(rows), len(across)) for name in ("real", "twin"))
    if real is None or twin is None or not (rows and across) or len(columns) != 2:
        return None
    left, top = (round(max(len(_short(label)) for label in labels) * CHARACTER) + 8 for labels in (rows, across))
    most = max(share or 0.0 for side in (real, twin) for line in side for share in line) or 1.0
    grids: dict[str, list[Square]] = {"source": [], "twin": [], "difference": []}
    for row, one in enumerate(rows):
        for column, other in enumerate(across):
            at, place = (left + column * SQUARE, top + row * SQUARE), f"{columns[0]} {one}, {columns[1]} {other}"
            known, share = real[row][column], twin[row][column] or 0.0
            said, tone = ("fewer than k, or none", "unknown") if known is None else (percent(known), _shade(known, most))
            grids["source"].append(Square(*at, tone, "", f"{place}: {said}"))
            grids["twin"].append(Square(*at, _shade(share, most), "", f"{place}: {percent(share)}"))
            apart = share - (known or 0.0)
            grids["difference"].append(Square(*at, *_difference(apart), f"{place}: {_signed(apart)}"))
    down, along = (tuple((_short(label), label) for label in labels) for labels in (rows, across))
    return Joint((columns[0], columns[1]), down, along, tuple(Grid(name, tuple(found)) for name, found in grids.items()), left, top)


def _texts(value: object) -> list[str]:
    return [str(text) for text in value] if isinstance(value, list) else []


def _matrix(value: object, rows: int, columns: int) -> list[list[float | None]] | None:
    """Figures in rows of equal length; None for anything else."""
    if not isinstance(value, list) or len(value) != rows or not all(isinstance(line, list) and len(line) == columns for line in value):
        return None
    return [[number(figure) for figure in line] for line in value]


def _shade(share: float, most: float) -> str:
    return "s0" if share == 0 else f"s{1 + sum(share / most > bound for bound in SHARES)}"


def _difference(apart: float) -> tuple[str, str]:
    level = sum(abs(apart) > bound for bound in DIFFERENCES)
    if not level:
        return "d0", ""
    side, sign = ("more", "+") if apart > 0 else ("less", "−")
    return f"{side}{level}", sign if level > 1 else ""


def _signed(apart: float) -> str:
    return f"{100 * apart:+.1f} points".replace("-", "−")


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"
