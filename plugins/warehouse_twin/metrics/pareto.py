"""Which of several models are worth having: those that no other one beats in fidelity, privacy and cost at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SCORE_DIGITS = 3
"""Scores that agree to so many decimals are equal: what lies beyond is noise."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one model: `fidelity` in [0, 1], higher is better; `privacy` and `cost` (seconds) lower. None: not measured.

    `privacy` is how many more rows lie closer to rows that were learned from than to others, beyond chance; less than none is none.
    """

    fidelity: float | None
    privacy: float | None
    cost: float | None

    @classmethod
    def of(cls, scores: Mapping[str, float], *, cost: float | None) -> Figures:
        """From the scores of a whole table: fidelity is the mean of `column_shape` and `pair_trend`, as SDMetrics' quality score."""
        shapes = [scores[name] for name in ("column_shape", "pair_trend") if name in scores]
        privacy = scores.get("dcr_excess")
        return cls(
            round(math.fsum(shapes) / len(shapes), SCORE_DIGITS) if shapes else None,
            None if privacy is None else round(max(0.0, privacy), SCORE_DIGITS),
            None if cost is None else round(cost, 1),
        )

    def beats(self, other: Figures) -> bool:
        """Whether it is nowhere worse and somewhere better."""
        mine, theirs = self._upwards, other._upwards
        return all(a >= b for a, b in zip(mine, theirs, strict=True)) and mine != theirs

    @property
    def _upwards(self) -> tuple[float, float, float]:
        """All three the higher the better; what was not measured is worst."""
        return (
            -math.inf if self.fidelity is None else self.fidelity,
            -math.inf if self.privacy is None else -self.privacy,
            -math.inf if self.cost is None else -self.cost,
        )


def pareto_front(models: Sequence[Figures]) -> list[bool]:
    """For each model whether it is on the front: none of the others beats it, and its fidelity was measured."""
    return [model.fidelity is not None and not any(other.beats(model) for other in models) for model in models]
