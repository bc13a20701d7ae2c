"""Generators as the manifest writes them: the rule by which the values of a column are made, instead of learned."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from warehouse_twin.generators.generator import KINDS
from warehouse_twin.manifest.names import shown
from warehouse_twin.manifest.shapes import Name, Names, Scalar, Share, Strict


def _pattern(text: str) -> str:
    from warehouse_twin.generators.pattern_parsing import parse_pattern  # NumPy, and wanted only where there is a pattern

    parse_pattern(text)
    return text


def _expression(text: str) -> str:
    from warehouse_twin.generators.expressions import parse_expression  # DuckDB parses it

    parse_expression(text)
    return text


def _choice(value: Any) -> Any:
    """Values alike often in a list, or with the weight of each in a mapping."""
    if isinstance(value, dict) and value:
        for name, weight in value.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 1e9:
                raise ValueError(f"got {shown(weight)} as the weight of {shown(name)}, wanted a number above 0")
        return value
    if isinstance(value, list) and value and not any(item is None or isinstance(item, list | dict) for item in value):
        return value
    raise ValueError(f"got {shown(value)}, wanted a list of values, or a mapping of each value to its weight")


_CHOICE_SCHEMA = {
    "anyOf": [
        {"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean"]}},
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": "number", "exclusiveMinimum": 0}},
    ]
}


class RangeSpec(Strict):
    """Values between two bounds, both included."""

    from_: Scalar = Field(alias="from", description="The lower bound: a number, a date, a timestamp or a time.")
    to: Scalar = Field(description="The upper bound.")
    step: Scalar | None = Field(default=None, description="From one value to the next; days for a date, seconds for a timestamp or time.")
    distribution: Literal["uniform", "learned"] = Field(
        default="uniform", description="learned: drawn as the source has it, and values outside of the bounds moved to the nearer one."
    )


class SequenceSpec(Strict):
    """Values counted on, row after row."""

    start: Scalar = Field(default=1, description="The first value: a number, a date, a timestamp or a time.")
    step: Scalar = Field(default=1, description="From one value to the next; days for a date, seconds for a timestamp or time.")
    per: Names | None = Field(default=None, description="Columns of a foreign key: begins anew for each parent.")


class GeneratorSpec(Strict):
    """How the values of a column are made: by exactly one of the rules."""

    faker: Name | None = Field(default=None, description="A provider of Faker, such as company; in the column's locale.")
    arguments: dict[Name, Any] = Field(default_factory=dict, description="What that provider is given.")
    range: RangeSpec | None = None
    pattern: Annotated[str, AfterValidator(_pattern)] | None = Field(default=None, description="Such as [A-Z]{3}-\\d{4}.")
    sequence: SequenceSpec | None = None
    choice: Annotated[Any, AfterValidator(_choice), WithJsonSchema(_CHOICE_SCHEMA)] = Field(
        default=None, description="One of some values, alike often, or by weight."
    )
    constant: Scalar = Field(default=None, description="The same value in every row.")
    expression: Annotated[str, AfterValidator(_expression)] | None = Field(
        default=None, description="SQL over other columns of the row, such as net + tax."
    )
    unique: bool = Field(default=False, strict=True, description="No value twice; a key's is so anyway.")
    nulls: Share | None = Field(default=None, description="Share of rows without a value. Default: the source's; an expression's own.")

    @model_validator(mode="after")
    def _one_rule(self) -> GeneratorSpec:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"got {' and '.join(given) or 'no rule'}, wanted one of {', '.join(KINDS)}")
        if self.arguments and given != ["faker"]:
            raise ValueError(f"arguments are what a faker is given, and this is a {given[0]}; remove them")
        return self

    @property
    def rule(self) -> str:
        """The name of the rule."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def learned(self) -> bool:
        return self.range is not None and self.range.distribution == "learned"
