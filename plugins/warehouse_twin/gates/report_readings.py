"""What the report says about one score: its name in words, its figures as text, and how far it is from its goal.

The report never judges. A reading joins a score with the verdict's judgement of it; both come from JSON and are read
tolerantly (a figure that is absent or not finite is shown as not measured), since a report is wanted most when
something else is broken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from warehouse_twin.gates.report_words import MEASURES, OF_TABLE, PRIVACY, SHARES, STATUSES, WOULD

MINUS = "−"
NOT_MEASURED = "not measured"

MOST_DIGITS = 9


def number(value: object) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def whole(value: object) -> str:
    """A count with thousands separators; a dash where there is none."""
    found = number(value)
    return "–" if found is None else f"{found:,.0f}".replace("-", MINUS)


def items(value: object) -> list[Mapping[str, Any]]:
    """The mappings of a list; nothing for anything that is no list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def name_of(measure: str) -> str:
    """A measure's name in words; of one that is not known here, its own."""
    return MEASURES.get(measure, ("", ""))[0] or measure.replace("_", " ").capitalize() or "Unnamed score"


@dataclass(frozen=True, slots=True)
class Reading:
    """A score as the report shows it. `status` is empty when no expectation judged it."""

    measure: str
    table: str
    columns: tuple[str, ...]
    value: float | None
    low: float | None
    high: float | None
    n: float | None
    higher: bool
    floor: float | None
    ceiling: float | None
    goal: float | None = None
    status: str = ""
    suite: str = ""
    accepted: str = ""
    loosened: str = ""
    would: str = ""
    """of a score that is shown and not judged: what it would have been"""
    until: str = ""
    """and what it waits for"""
    level: float | None = None
    """the chance that an end of its interval was given"""

    @classmethod
    def of(cls, score: Mapping[str, Any], judgement: Mapping[str, Any] | None = None) -> Reading:
        judged = judgement or {}
        columns = score.get("columns") or ()
        return cls(
            measure=str(score.get("measure", "")),
            table=str(score.get("table", "")),
            columns=(columns,) if isinstance(columns, str) else tuple(str(name) for name in columns),
            value=number(score.get("value")),
            low=number(score.get("low")),
            high=number(score.get("high")),
            n=number(score.get("n")),
            floor=number(score.get("floor")),
            ceiling=number(score.get("ceiling")),
            higher=score.get("better", "higher") != "lower",
            goal=number(judged.get("goal")),
            status=str(judged.get("status") or ""),
            suite=str(judged.get("suite") or ""),
            accepted=str(judged.get("accepted") or ""),
            loosened=str(judged.get("loosened") or ""),
            would=str(judged.get("would") or ""),
            until=str(judged.get("until") or ""),
            level=number(judged.get("level")),
        )

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        return self.table, self.measure, self.columns

    # ── words ────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def name(self) -> str:
        return name_of(self.measure)

    @property
    def title(self) -> str:
        return f"{self.name} ({', '.join(self.columns)})" if self.columns else self.name

    @property
    def meaning(self) -> str:
        return MEASURES.get(self.measure, ("", ""))[1]

    @property
    def judged(self) -> bool:
        """Whether the verdict rests on it."""
        return self.status not in ("", "shown")

    @property
    def of_table(self) -> bool:
        return not self.columns or self.measure in OF_TABLE

    @property
    def tone(self) -> str:
        """The CSS class of the status: one of four, whatever the verdict says."""
        return {"pass": "pass", "fail": "fail", "undecided": "undecided"}.get(self.status, "none")

    @property
    def status_words(self) -> str:
        words = STATUSES.get(self.status, self.status)
        told = (("accepted", self.accepted), ("goal changed", self.loosened), ("short of its goal", self.chance))
        notes = [note for note, reason in told if reason]
        return ", ".join([words, *([WOULD[self.would]] if self.would in WOULD else []), *notes])

    # ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def exact(self) -> bool:
        """A plain count or share without uncertainty or yardsticks: a bar would say nothing."""
        return self.value is not None and self.low == self.high == self.value and self.floor is None and self.ceiling is None

    @property
    def is_private(self) -> bool:
        return self.suite == "privacy" or (not self.suite and self.measure in PRIVACY)

    @property
    def digits(self) -> int:
        """Three decimals; more where fewer would hide a difference the verdict rests on, or make a share look perfect."""
        far = self.low if self.higher else self.high
        told_apart = [(figure, self.goal) for figure in (self.value, far)] + [(self.value, 0.0), (self.value, 1.0)]
        digits = 3
        for one, other in told_apart:
            while one is not None and other is not None and one != other and round(one, digits) == round(other, digits):
                digits += 1
                if digits > MOST_DIGITS:
                    return 3  # no more than rounding noise
        return digits

    def text(self, figure: float | None, *, digits: int | None = None) -> str:
        """A figure of this score's kind: counted shares in percent, counts in full, all else with equally many decimals."""
        if figure is None:
            return NOT_MEASURED
        places = self.digits if digits is None else digits
        if self.exact and self.measure in SHARES and abs(figure) <= 1:
            shown = f"{100 * figure:.{places - 2}f}".rstrip("0").rstrip(".") + " %"
        elif self.exact and figure == int(figure):
            shown = f"{figure:,.0f}"
        else:
            shown = f"{figure:,.{places}f}"
        return shown.replace("-", MINUS)

    @property
    def value_text(self) -> str:
        return self.text(self.value)

    @property
    def goal_text(self) -> str:
        return "" if self.goal is None else f"at {'least' if self.higher else 'most'} {self.text(self.goal)}"

    @property
    def interval_text(self) -> str:
        if self.low is None or self.high is None or self.low == self.high:
            return ""
        return f"{self.text(self.low)} to {self.text(self.high)}"

    @property
    def shortfall(self) -> float | None:
        """How far the value is on the wrong side of its goal, or else the far end of its interval; None when neither is."""
        if self.goal is None:
            return None
        for figure in (self.value, self.low if self.higher else self.high):
            if figure is not None and (self.goal - figure if self.higher else figure - self.goal) > 0:
                return abs(self.goal - figure)
        return None

    @property
    def gap_text(self) -> str:
        gap = self.shortfall
        if gap is None:
            return ""
        text = self.text(gap)
        return text if text.strip("0., %") else f"{gap:.1g}"

    @property
    def chance(self) -> str:
        """Why a score passes that is short of its goal."""
        if self.status != "pass" or self.value is None or self.goal is None or self.level is None:
            return ""
        short = self.value < self.goal if self.higher else self.value > self.goal
        return f"short of its goal, but not by more than chance explains at {100 * self.level:.2g} %" if short else ""

    @property
    def verdict_text(self) -> str:
        """`0.942, which is 0.018 below the goal of at least 0.960`, as a sentence's end."""
        if self.value is None:
            return f"it was {NOT_MEASURED}"
        gap = self.shortfall
        if gap is None or self.goal is None:
            return f"it is {self.value_text}" + (f"; the goal is {self.goal_text}" if self.goal is not None else "")
        side = "below" if self.higher else "above"
        reached = self.value < self.goal if self.higher else self.value > self.goal
        far = self.low if self.higher else self.high
        end = "" if reached else f" and its interval reaches {self.text(far)}"
        return f"it is {self.value_text}{end}, {self.gap_text} {side} the goal of {self.goal_text}"

    @property
    def progress(self) -> str:
        """How far of the way from floor to ceiling the value got, where that way is long enough to say."""
        if not self.higher or self.value is None or self.floor is None or self.ceiling is None or self.ceiling - self.floor < 0.01:
            return ""
        share = math.floor(100 * (self.value - self.floor) / (self.ceiling - self.floor))
        if share < 0:
            return "below the floor"
        return "at the ceiling" if share >= 100 else f"{share} % of the way from floor to ceiling"


def read_all(scores: Mapping[str, Any], verdict: Mapping[str, Any]) -> list[Reading]:
    """Every score, joined with its judgement; a judged score that `scores` lacks is read from the judgement."""
    judged: dict[tuple[str, str, tuple[str, ...]], Mapping[str, Any]] = {}
    for judgement in items(verdict.get("judged")):
        judged[Reading.of(mapping(judgement.get("score"))).key] = judgement
    readings = []
    for score in items(scores.get("scores")):
        readings.append(Reading.of(score, judged.pop(Reading.of(score).key, None)))
    return readings + [Reading.of(mapping(left.get("score")), left) for left in judged.values()]


def tally(readings: Iterable[Reading]) -> dict[str, int]:
    counts = dict.fromkeys(("pass", "fail", "undecided"), 0)
    for reading in readings:
        if reading.judged:
            counts[reading.tone if reading.tone in counts else "undecided"] += 1
    return counts
