"""What the manifest promises of an entity's privacy: differential privacy, for a twin that `marginal` draws."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from warehouse_twin.manifest.shapes import Name, Scalar, Strict

Epsilon = Annotated[float, Field(gt=0, le=1000)]
Delta = Annotated[float, Field(gt=0, lt=0.5)]
Rows = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class Budget(Strict):
    """What may be spent of one account, which is of a source and an entity, over all releases of all twins."""

    epsilon: Epsilon
    delta: Delta


class Privacy(Strict):
    """The promise for one entity: with it or without, any twin is as likely up to a factor of e^epsilon, but for delta."""

    epsilon: Epsilon = Field(description="Of one measurement. There is no default.")
    delta: Delta = Field(description="Of one measurement; far below one by the number of entities. There is no default.")
    rows_per_entity: dict[Name, Rows] = Field(
        default_factory=dict,
        description="For each table below the entity's: the most rows of one entity that are counted; others are left out by chance.",
    )
    budget: Budget | None = Field(
        default=None, description="What all measurements of this source and entity may cost together. Default: what one costs."
    )
    measure: Literal["once", "every_release"] = Field(
        default="once",
        description="once: a release draws from what was measured before, at no cost. every_release: each measures anew and pays. "
        "Default: once.",
    )
    measure_anew: date | None = Field(
        default=None, description="Any date: when it changes, the next release measures the source as it is then, and pays."
    )


class Domain(Strict):
    """The values that a column can have, as everybody may know: nothing is spent on learning them."""

    values: tuple[Scalar, ...] | None = Field(default=None, min_length=1, description="All values.")
    from_: Scalar | None = Field(default=None, alias="from", description="The least value of a number, date or timestamp.")
    to: Scalar | None = Field(default=None, description="The greatest one.")

    @model_validator(mode="after")
    def _one_way(self) -> Domain:
        bounds = (self.from_ is not None) + (self.to is not None)
        if (self.values is None) == (bounds == 0) or bounds == 1:
            raise ValueError("wanted values, or from and to")
        return self

    @property
    def stated(self) -> dict[str, object]:
        """What was said, by its words in the manifest."""
        if self.values is not None:
            return {"values": [str(value) for value in self.values]}
        return {"from": str(self.from_), "to": str(self.to)}
