"""Scores: what every metric returns and every gate judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Score:
    """One measurement of a synthetic table against the real one.

    `value` lies in [`low`, `high`], its 95 % interval. `floor` is the same measure on independent columns, `ceiling` on
    a real holdout of equal size; either is None where it has no meaning (orphans have no ceiling but 0).
    `n` counts the rows behind the smaller side. `columns` is empty for a measure of the whole table. `df` are the degrees of
    freedom that the interval's standard error has; None where it is known as well as the normal distribution asks.
    """

    measure: str
    table: str
    value: float
    low: float
    high: float
    n: int
    better: Better = "higher"
    floor: float | None = None
    ceiling: float | None = None
    columns: tuple[str, ...] = ()
    df: int | None = None
    computed_by: Mapping[str, str] = field(default_factory=dict, hash=False, kw_only=True)
    """library → version"""

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.label}: value {self.value} outside its interval [{self.low}, {self.high}]")

    @property
    def label(self) -> str:
        """`flights.pair_trend` or `flights.column_shape(dest)`: unique in a release."""
        inside = f"({', '.join(self.columns)})" if self.columns else ""
        return f"{self.table}.{self.measure}{inside}"

    @property
    def shortfall(self) -> float:
        """How far a score of which higher is better lies below its ceiling, or below 1 where it has none."""
        return (1.0 if self.ceiling is None else self.ceiling) - self.value

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Score:
        return cls(**{**value, "columns": tuple(value["columns"])})
