"""What a manifest may say of the gate: goals that it loosens, and undecided scores that it accepts; each with its reason."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from warehouse_twin.manifest.shapes import Name, Strict


class Loosened(Strict):
    """A goal changed by the manifest: only with a reason, which stands wherever the verdict is shown."""

    goal: float = Field(strict=True)
    reason: str = Field(min_length=10)


class Undecided(Strict):
    """Accept scores that cannot be decided (too little data), with the reason."""

    accept: Literal[True]
    reason: str = Field(min_length=10)


class Gates(Strict):
    """Changes to the policy of `expectations/`. `goals` maps the name of a score to its new margin or bound; without `canaries` no second
    model is trained to see what it says of planted rows."""

    goals: dict[Name, Loosened] = Field(default_factory=dict)
    undecided: Undecided | None = None
    canaries: bool | None = None
