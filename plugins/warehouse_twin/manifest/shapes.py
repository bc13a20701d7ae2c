"""Shapes that several parts of the manifest's model are made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from warehouse_twin.manifest.names import shown


def _listed(value: Any) -> Any:
    """`column` is short for `[column]`."""
    return [value] if isinstance(value, str) else value


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, list | tuple | dict):
        raise ValueError(f"got {shown(value)}, wanted one value: text, a number, or true or false")
    return value


Name = Annotated[str, Field(min_length=1)]
_NameList = Annotated[tuple[Name, ...], Field(min_length=1)]
Names = Annotated[_NameList, BeforeValidator(_listed, json_schema_input_type=Name | _NameList)]
"""Column names; a bare name is short for a list of one."""
AnyNames = Annotated[tuple[Name, ...], BeforeValidator(_listed, json_schema_input_type=Name | tuple[Name, ...])]
"""The same, or an empty list."""
Share = Annotated[float, Field(ge=0, le=1, strict=True)]
Scalar = Annotated[Any, AfterValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""A value as it is written; which type it must fit is known from the catalog."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
