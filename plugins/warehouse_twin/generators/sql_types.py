"""What kind of type a column has, from its name in DuckDB's words."""

from __future__ import annotations

import re
from typing import Literal

Family = Literal["whole", "decimal", "float", "date", "timestamp", "time", "boolean", "text", "uuid", "other"]
_BITS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64, "HUGEINT": 128}
_FAMILIES: dict[str, Family] = {
    "DOUBLE": "float", "FLOAT": "float", "DATE": "date", "TIME": "time", "BOOLEAN": "boolean", "VARCHAR": "text", "UUID": "uuid",
}  # fmt: skip
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_LENGTH = re.compile(r"(?:character varying|character|varchar|nvarchar|char|bpchar)\s*\((\d+)\)")
NUMBERS: tuple[Family, ...] = ("whole", "decimal", "float")


def family_of(sql_type: str) -> Family:
    """The family of a type."""
    if sql_type.removeprefix("U") in _BITS:
        return "whole"
    if _DECIMAL.fullmatch(sql_type):
        return "decimal"
    if sql_type.startswith("TIMESTAMP") and not sql_type.endswith("]"):
        return "timestamp"
    return _FAMILIES.get(sql_type, "other")


def length_of(native_type: str) -> int | None:
    """The characters that a text may have in its warehouse, by the type's name there; None where there is no bound."""
    found = _LENGTH.fullmatch(native_type.strip().lower())
    return int(found.group(1)) if found else None


def places_of(sql_type: str) -> int:
    """The decimal places of a decimal."""
    found = _DECIMAL.fullmatch(sql_type)
    return int(found.group(2)) if found else 0


def whole_bounds(sql_type: str) -> tuple[int, int]:
    """The least and the greatest value of a number, in units of its last place."""
    found = _DECIMAL.fullmatch(sql_type)
    if found:
        most = 10 ** int(found.group(1)) - 1
        return -most, most
    bits = _BITS.get(sql_type.removeprefix("U"))
    if bits is None:
        return -(2**127), 2**127
    return (0, 2**bits - 1) if sql_type.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def assignable(got: str, wanted: str) -> bool:
    """Whether values of one type become another's without a word: numbers of any kind, days and moments, else the same kind."""
    one, other = family_of(got), family_of(wanted)
    if one == "other" or other == "other":
        return got == wanted or got == '"NULL"' or (other == "other" and one == "text")
    if other == "uuid" and one == "text":
        return True
    return one == other or {one, other} <= set(NUMBERS) or {one, other} <= {"date", "timestamp"}
