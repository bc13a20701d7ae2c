"""What noise costs: zero-concentrated differential privacy (zCDP) inside, (ε, δ) at the face.

A Gaussian mechanism of sensitivity s and standard deviation σ is s²/(2σ²)-zCDP, and what several cost together is their sum (Bun and
Steinke 2016, arXiv:1605.02065). What a sum means as (ε, δ) is OpenDP's conversion (Canonne, Kamath and Steinke 2020,
arXiv:2004.00010, proposition 12).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from warehouse_twin.errors import ConfigurationError

_STEPS = 60


@dataclass(frozen=True, slots=True)
class Promise:
    """(ε, δ): adding or removing one entity changes the chance of any release by a factor of e^ε at the most, but for δ."""

    epsilon: float
    delta: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.epsilon) and self.epsilon > 0):
            raise ConfigurationError(f"epsilon: got {self.epsilon}, wanted a number above 0")
        if not 0 < self.delta < 1:
            raise ConfigurationError(f"delta: got {self.delta}, wanted a number between 0 and 1, far below one by the number of entities")


@dataclass(frozen=True, slots=True)
class Cost:
    """What was spent: ρ of zCDP, and the chance δ that a value was shown that too few hold."""

    rho: float = 0.0
    delta: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.rho + other.rho, self.delta + other.delta)

    def epsilon(self, delta: float) -> float:
        """The least ε at which all that was spent is (ε, `delta`)-private; infinite where δ does not even cover what was spent of it."""
        left = delta - self.delta
        if self.rho == 0:
            return 0.0 if left >= 0 else math.inf
        return math.inf if left <= 0 else float(_profile(self.rho).epsilon(left))


@dataclass
class Account:
    """An allowance that is spent step by step and never overdrawn; `spent` says on what."""

    allowed: Cost
    spent: dict[str, Cost] = field(default_factory=dict)

    @property
    def total(self) -> Cost:
        return sum(self.spent.values(), Cost())

    def spend(self, what: str, cost: Cost) -> None:
        """Book a cost before it is made. Raises ConfigurationError where it would be more than is allowed."""
        total = self.total + cost
        if total.rho > self.allowed.rho * (1 + 1e-9) or total.delta > self.allowed.delta * (1 + 1e-9):
            raise ConfigurationError(
                f"{what}: would cost rho {cost.rho:.3g} and delta {cost.delta:.3g} beyond {self.total.rho:.3g} and {self.total.delta:.3g} "
                f"of {self.allowed.rho:.3g} and {self.allowed.delta:.3g}; next: a larger epsilon or fewer columns"
            )
        self.spent[what] = self.spent.get(what, Cost()) + cost

    def to_dict(self) -> dict[str, Any]:
        return {"allowed": asdict(self.allowed), "spent": {what: asdict(cost) for what, cost in self.spent.items()}}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Account:
        return cls(Cost(**value["allowed"]), {what: Cost(**cost) for what, cost in value["spent"].items()})


def rho_for(promise: Promise) -> float:
    """The most that may be spent, as ρ, for a promise to hold."""
    low, high = 0.0, promise.epsilon  # pure ε-DP is ε²/2-zCDP, and ρ-zCDP is never better than (ρ, δ)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle and _profile(middle).delta(promise.epsilon) > promise.delta:
            high = middle
        else:
            low = middle
    return low


def _profile(rho: float) -> Any:
    """OpenDP's curve of (ε, δ) for ρ-zCDP."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    gaussian = dp.m.make_gaussian(dp.atom_domain(T="i64"), dp.absolute_distance(T="f64"), scale=math.sqrt(1 / (2 * rho)))
    private: Any = dp.c.make_zCDP_to_approxDP(gaussian)
    return private.map(1.0)
