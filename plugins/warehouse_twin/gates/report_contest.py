"""Challengers beside the synthesizer that is published, measure by measure. No markup here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from warehouse_twin.gates.report_readings import Reading, items


@dataclass(frozen=True, slots=True)
class Contest:
    """Challengers beside the published synthesizer: a line per measure of (figure, whether it is the best)."""

    synthesizers: tuple[str, ...]
    lines: tuple[tuple[Reading, tuple[tuple[str, bool], ...]], ...]


def contest_of(challengers: Mapping[str, Any], published: Sequence[Reading], *, synthesizer: str) -> Contest | None:
    """The measures of the whole table that a challenger has, each challenger's figure beside the published one."""
    rivals = {
        str(name): {reading.measure: reading for reading in map(Reading.of, items(found)) if reading.of_table}
        for name, found in challengers.items()
    }
    ours = {reading.measure: reading for reading in published}
    measures = {measure for found in rivals.values() for measure in found}
    in_order = [*(measure for measure in ours if measure in measures), *sorted(measures - ours.keys())]
    lines = tuple(_line([found.get(measure) for found in (ours, *rivals.values())]) for measure in in_order)
    return Contest((synthesizer or "published", *rivals), lines) if lines else None


def _line(readings: Sequence[Reading | None]) -> tuple[Reading, tuple[tuple[str, bool], ...]]:
    """One measure of every synthesizer, written with equally many decimals; a tie is nobody's win, so it has no best."""
    there = [reading for reading in readings if reading is not None]
    digits = max(reading.digits for reading in there)
    values = [reading.value for reading in there if reading.value is not None]
    best = (max(values) if there[0].higher else min(values)) if values else None
    alone = len(values) > 1 and values.count(best) == 1 if best is not None else False
    return there[0], tuple(
        ("–", False) if reading is None else (reading.text(reading.value, digits=digits), alone and reading.value == best)
        for reading in readings
    )
