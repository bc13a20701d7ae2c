"""What pydantic found, in the words of the person who wrote the file: place, value, expectation, nearest valid name."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.model import FILE_NAME, NAME, WAREHOUSE, Manifest
from warehouse_twin.manifest.names import listed, nearest, shown, shown_bare, unknown
from warehouse_twin.manifest.positions import Steps
from warehouse_twin.manifest.reading import Document

_PATTERNS = {
    NAME: "a name of small letters, digits and _, at most 40, a letter first",
    WAREHOUSE: "the name of a connection (letters, digits, _, - and .), never its URL",
    FILE_NAME: "a name that can also name a file (no / or \\, no dot first, at most 100 characters)",
}

_TEXTUAL = ("string_type", "tuple_type")

# By pydantic's error type; a type that is not here is shown in pydantic's own words.
_WANTED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": lambda ctx: "text",
    "int_type": lambda ctx: "a whole number",
    "int_from_float": lambda ctx: "a whole number",
    "float_type": lambda ctx: "a number",
    "model_type": lambda ctx: "a mapping",
    "dict_type": lambda ctx: "a mapping",
    "tuple_type": lambda ctx: "a list",
    "greater_than": lambda ctx: f"more than {ctx['gt']}",
    "greater_than_equal": lambda ctx: f"at least {ctx['ge']}",
    "less_than": lambda ctx: f"less than {ctx['lt']}",
    "less_than_equal": lambda ctx: f"at most {ctx['le']}",
    "string_too_short": lambda ctx: _at_least(ctx["min_length"], "character"),
    "too_short": lambda ctx: _at_least(ctx["min_length"], "entry", "entries"),
    "string_pattern_mismatch": lambda ctx: _PATTERNS.get(ctx["pattern"], f"text that matches {ctx['pattern']}"),
}


def model_faults(error: ValidationError, document: Document) -> Iterator[Fault]:
    """A fault for each of pydantic's errors, but for places already reported as broken."""
    for item in error.errors(include_url=False):
        at_key = item["loc"][-1:] == ("[key]",)
        path = _as_written(item["loc"][:-1] if at_key else item["loc"], document.data)
        if any(path[:end] in document.broken for end in range(len(path) + 1)):
            continue
        kind, context = item["type"], item.get("ctx", {})
        if kind == "missing":
            yield document.positions.fault(path, _missing(path))
        elif kind == "extra_forbidden":
            known = _fields(_hint_at(path[:-1]))
            yield document.positions.fault(path, unknown("field", str(path[-1]), sorted(known)), at_key=True)
        elif kind == "value_error":
            yield document.positions.fault(path, str(context["error"]))
        else:
            got = _got(item["input"], "" if at_key else document.positions.text(path), kind)
            yield document.positions.fault(path, f"got {got}, wanted {_wanted(item)}", at_key=at_key)


def _as_written(path: Steps, data: Any) -> Steps:
    """The path as far as the file goes: `schedule: x` is short for `schedule: {cron: x}`, and its place is `schedule`."""
    for end, step in enumerate(path):
        if isinstance(data, str) and isinstance(step, str):
            return path[:end]
        inside = isinstance(data, dict) or (isinstance(data, list) and isinstance(step, int) and step < len(data))
        data = (data.get(step) if isinstance(data, dict) else data[step]) if inside else None
    return path


def _missing(path: Steps) -> str:
    field = _fields(_hint_at(path[:-1])).get(str(path[-1]))
    about = f": {field.description}" if field and field.description else ""
    return f"missing, wanted here{about}"


def _got(value: Any, bare: str, kind: str) -> str:
    """The value as written; a bare word that YAML took for something else than text is explained where text was wanted."""
    if bare and value is not None:
        return shown_bare(bare) + (", which YAML does not read as text (put it in quotes)" if kind in _TEXTUAL else "")
    return shown(value)


def _wanted(item: Any) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "literal_error":
        names = re.findall(r"'([^']*)'", context["expected"])
        if not names:
            return str(context["expected"]).lower()
        near = nearest(item["input"], names) if isinstance(item["input"], str) else None
        one = "one of " if len(names) > 1 else ""
        return one + listed(names) + (f"; did you mean {near}?" if near else "")
    if kind in _WANTED:
        return _WANTED[kind](context)
    return str(item["msg"]).removeprefix("Input should be ")


def _at_least(count: int, one: str, many: str = "") -> str:
    return f"at least {count} {one if count == 1 else many or one + 's'}"


# ── the model at a place: which fields are known there ───────────────────────────────────────────────────────────────


def _fields(hint: Any) -> dict[str, FieldInfo]:
    """The fields a mapping at this place may have, by the names they have in the file."""
    if not (isinstance(hint, type) and issubclass(hint, BaseModel)):
        return {}
    return {field.alias or name: field for name, field in hint.model_fields.items()}


def _hint_at(path: Steps) -> Any:
    """The type that the manifest's model has at this place, without `Annotated` and `| None`."""
    hint: Any = Manifest
    for step in path:
        fields = _fields(hint)
        if fields:
            field = fields.get(str(step))
            hint = _bare(field.annotation) if field else None
        else:
            hint = _bare(get_args(hint)[1 if get_origin(hint) is dict else 0]) if get_args(hint) else None
    return hint


def _bare(hint: Any) -> Any:
    while get_origin(hint) in (Annotated, Union, types.UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
    return hint
