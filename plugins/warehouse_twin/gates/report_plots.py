"""Geometry of the pictures of a table: distributions, seasons, children per parent, and the membership curve.

What is real is a pale surface in all of them, what is the twin's a dark line. Surfaces are laid out in a box of 100 by `HEIGHT` that is
stretched to the width there is; text stands beside it in HTML. What is not there, or not as expected, is not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from warehouse_twin.gates.report_readings import items, mapping, number

HEIGHT = 40.0
HEADROOM = 2.0


@dataclass(frozen=True, slots=True)
class Slot:
    """A bin: where it begins and how wide it is in percent, what it is called, both shares and how high they stand in the box."""

    start: float
    width: float
    label: str
    real: float | None
    twin: float
    real_height: float
    twin_height: float

    @property
    def text(self) -> str:
        known = "fewer than k" if self.real is None else percent(self.real)
        return f"{self.label}: real {known}, twin {percent(self.twin)}"


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture. `form` is `area` (an axis), `columns` (places in an order) or `bars` (names); without slots there is nothing to show.

    `detail` stands beside the title. `gap` is the share of the twin's rows that would have to move to another bin.
    """

    title: str
    form: str
    slots: tuple[Slot, ...]
    ends: tuple[str, str]
    gap: float
    notes: tuple[str, ...]
    detail: str = ""

    @property
    def area(self) -> str:
        """The outline of what is real."""
        steps = "".join(f"V{HEIGHT - slot.real_height:.2f}H{slot.start + slot.width:.2f}" for slot in self.slots)
        return f"M0 {HEIGHT:g}{steps}V{HEIGHT:g}Z"

    @property
    def line(self) -> str:
        """The line of what is drawn: steps along an axis, a stroke for each place."""
        if self.form == "columns":
            return "".join(f"M{slot.start:.2f} {HEIGHT - slot.twin_height:.2f}h{slot.width:.2f}" for slot in self.slots)
        return f"M0 {HEIGHT:g}" + "".join(f"V{HEIGHT - slot.twin_height:.2f}H{slot.start + slot.width:.2f}" for slot in self.slots)

    @property
    def description(self) -> str:
        known = [slot for slot in self.slots if slot.real is not None]
        if not known:
            return "Nothing to show."
        furthest = max(known, key=lambda slot: abs((slot.real or 0.0) - slot.twin))
        return f"{self.gap_text}. Furthest apart at {furthest.text}."

    @property
    def gap_text(self) -> str:
        return f"{percent(self.gap)} apart"


def distributions(pictures: Mapping[str, object], types: Mapping[str, str]) -> tuple[Plot, ...]:
    """A plot for each column that may be shown, those furthest from the source first; `types` gives what a column is called beside."""
    found = []
    for item in items(pictures.get("distributions")):
        form = "bars" if item.get("kind") == "named" else "area"
        name = str(item.get("column", ""))
        plot = _plot(name, form, item, _notes(item))
        if plot is not None:
            found.append(replace(plot, detail=types.get(name, "")))
    return _furthest_first(found)


def unseen(pictures: Mapping[str, object]) -> tuple[str, ...]:
    """The columns of which nothing may be shown."""
    return tuple(str(item.get("column", "")) for item in items(pictures.get("distributions")) if not item.get("labels"))


def seasons(pictures: Mapping[str, object]) -> tuple[Plot, ...]:
    """A plot for each column and cycle, those furthest from the source first."""
    found = [
        _plot(f"{item.get('column', '')} by {item.get('cycle', '')}", "columns", item)
        for item in items(pictures.get("seasons"))
    ]
    return _furthest_first([plot for plot in found if plot is not None])


def families(pictures: Mapping[str, object], parents: Mapping[tuple[str, ...], str]) -> tuple[Plot, ...]:
    """How many children parents have; `parents` gives what each key refers to."""
    found = []
    for item in items(pictures.get("children")):
        columns = item.get("columns")
        names = tuple(str(name) for name in columns) if isinstance(columns, list | tuple) else ()
        plot = _plot(", ".join(names), "area", item)
        if plot is not None:
            found.append(replace(plot, detail=f"→ {parents[names]}" if parents.get(names) else ""))
    return tuple(found)


def percent(share: float) -> str:
    """A share in percent, with a decimal below ten; its spaces do not break."""
    shown = 100 * share
    if shown == 0 or shown >= 9.95:
        return f"{shown:.0f}\N{NO-BREAK SPACE}%"
    return f"{shown:.1f}\N{NO-BREAK SPACE}%" if shown >= 0.05 else "under\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"


def _furthest_first(plots: Sequence[Plot]) -> tuple[Plot, ...]:
    return tuple(sorted(plots, key=lambda plot: -round(plot.gap, 3)))


def _plot(title: str, form: str, item: Mapping[str, object], notes: tuple[str, ...] = ()) -> Plot | None:
    labels, real, twin, given, ends = (item.get(name) for name in ("labels", "real", "twin", "widths", "ends"))
    if not (isinstance(labels, list) and isinstance(real, list) and isinstance(twin, list)):
        return None
    if not labels or not len(labels) == len(real) == len(twin):
        return None
    widths = [number(width) or 1.0 for width in given] if isinstance(given, list) and len(given) == len(labels) else [1.0] * len(labels)
    known, drawn = [number(share) for share in real], [number(share) or 0.0 for share in twin]
    steep = [max(one or 0.0, other) / width for one, other, width in zip(known, drawn, widths, strict=True)]
    scale = (HEIGHT - HEADROOM) / (max(steep) or 1.0)
    slots, start = [], 0.0
    for label, one, other, width in zip(labels, known, drawn, widths, strict=True):
        part = 100 * width / sum(widths)
        slots.append(Slot(start, part, str(label), one, other, (one or 0.0) / width * scale, other / width * scale))
        start += part
    apart = sum(abs(one - other) for one, other in zip(known, drawn, strict=True) if one is not None)
    shown = (str(ends[0]), str(ends[1])) if isinstance(ends, list) and len(ends) == 2 else (str(labels[0]), str(labels[-1]))
    return Plot(title, form, tuple(slots), shown, min(0.5 * (apart + (number(item.get("outside")) or 0.0)), 1.0), notes)


def _notes(item: Mapping[str, object]) -> tuple[str, ...]:
    missing = mapping(item.get("missing"))
    real, twin, outside = number(missing.get("real")), number(missing.get("twin")), number(item.get("outside"))
    notes = []
    if real or twin:
        notes.append(f"missing: real {'unsaid' if real is None else percent(real)}, twin {percent(twin or 0.0)}")
    if outside:
        notes.append(f"{percent(outside)} of the twin lies outside")
    return tuple(notes)


# ── membership ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Curve:
    """The curve in a box of 100 by 100, and what it comes to."""

    line: str
    area: str
    interval: str
    floor: str
    alarms: str
    found: str
    n: str


def membership(pictures: Mapping[str, object]) -> Curve | None:
    roc = mapping(pictures.get("membership"))
    alarms, found = roc.get("false_alarms"), roc.get("found")
    if not (isinstance(alarms, list) and isinstance(found, list) and len(alarms) == len(found) > 1):
        return None
    points = [(number(x), number(y)) for x, y in zip(alarms, found, strict=True)]
    if any(x is None or y is None for x, y in points):
        return None
    at = mapping(roc.get("found_at"))
    area, low, high, floor, n = (number(roc.get(name)) for name in ("area", "low", "high", "floor", "n"))
    line = "M0 100" + "".join(f"L{100 * (x or 0.0):.1f} {100 - 100 * (y or 0.0):.1f}" for x, y in points)
    figures = ["–" if figure is None else f"{figure:.3f}" for figure in (area, low, high, floor)]
    rates = [percent(number(at.get(name)) or 0.0) for name in ("false_alarms", "found")]
    return Curve(line, figures[0], f"{figures[1]} to {figures[2]}", figures[3], rates[0], rates[1], f"{n or 0:,.0f}")
