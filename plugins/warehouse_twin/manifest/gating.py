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


def canaries_wanted(of_table: Gates, of_twin: Gates) -> bool:
    """What is said of the table, else of the twin; there are some unless somebody wants none."""
    said = of_twin.canaries if of_table.canaries is None else of_table.canaries
    return said is not False
