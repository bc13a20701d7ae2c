"""`source('raw', 'orders')` and `ref('stg_orders')` in texts of dbt: code, arguments of tests."""

from __future__ import annotations

import re

from warehouse_twin.dbt_projects.facts import Key

_TEXT = r"""['"]([^'"]+)['"]"""
_SOURCE = re.compile(rf"\bsource\(\s*{_TEXT}\s*,\s*{_TEXT}\s*\)")
_REF = re.compile(rf"\bref\(\s*{_TEXT}(?:\s*,\s*{_TEXT})?\s*[,)]")
_COMMENT = re.compile(r"\{#.*?#\}|/\*.*?\*/|--[^\n]*", re.DOTALL)


def key_of(text: str) -> Key | None:
    """What the first source() or ref() of a text names."""
    if found := _SOURCE.search(text):
        return (found[1], found[2])
    found = _REF.search(text)
    return (found[2] or found[1],) if found else None


def keys_in(code: str) -> tuple[Key, ...]:
    """Everything that code reads, each once: tables of sources, then models."""
    plain = without_comments(code)
    sources: list[Key] = [(found[1], found[2]) for found in _SOURCE.finditer(plain)]
    models: list[Key] = [(found[2] or found[1],) for found in _REF.finditer(plain)]
    return tuple(dict.fromkeys([*sources, *models]))


def without_comments(code: str) -> str:
    return _COMMENT.sub(" ", code)
