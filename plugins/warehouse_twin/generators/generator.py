"""A generator of the manifest: the rule by which the values of one column are made, instead of learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["faker", "range", "pattern", "sequence", "choice", "constant", "expression"]
KINDS: tuple[Kind, ...] = ("faker", "range", "pattern", "sequence", "choice", "constant", "expression")


@dataclass(frozen=True, slots=True)
class Generator:
    """`detail` is what the manifest says, as JSON; `sql_type` the column's type in DuckDB's words, which values are cast to.

    `nulls` is the share of rows without a value: None keeps the source's (an expression's nulls are its own). `length` is how many
    characters the warehouse lets a text have, None where it does not say.
    """

    kind: Kind
    detail: Mapping[str, Any]
    sql_type: str
    unique: bool = False
    nulls: float | None = None
    length: int | None = None

    @property
    def learned(self) -> bool:
        """Whether the column is learned like any other and only held to a range."""
        return self.kind == "range" and self.detail["distribution"] == "learned"

    @property
    def of_all_rows(self) -> bool:
        """Whether a value depends on other rows: numbers within a parent, and made-up texts of which none may repeat."""
        return (self.kind == "sequence" and bool(self.detail["per"])) or (self.kind == "faker" and self.unique)

    @property
    def keeps_nulls(self) -> bool:
        """Whether the source's share of nulls is wanted."""
        return self.nulls is None and self.kind != "expression" and not self.learned

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Generator:
        return cls(**value)
