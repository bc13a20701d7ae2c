"""How names and values are shown in faults, and which known name an unknown one was meant to be."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

_SHOWN = 60
_LISTED = 20
_COMPARED = 80  # difflib is quadratic: longer names are nobody's typing error


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was most likely meant to be, whatever its case; None when nothing is near."""
    by_lower: dict[str, str] = {}
    for candidate in known:
        by_lower.setdefault(candidate[:_COMPARED].lower(), candidate)
    found = get_close_matches(name[:_COMPARED].lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def listed(names: Collection[str]) -> str:
    """Names in a message: all of them when they are few."""
    if not names:
        return "none"
    few = list(names)[:_LISTED]
    more = f" and {len(names) - len(few)} more" if len(names) > len(few) else ""
    return ", ".join(few) + more


def unknown(what: str, name: str, known: Collection[str]) -> str:
    """`unknown column 'tailnumm'; known: tailnum, year; did you mean tailnum?`"""
    near = nearest(name, known)
    hint = f"; did you mean {near}?" if near is not None else ""
    return f"unknown {what} {shown(name)}; known: {listed(known)}{hint}"


def shown(value: object) -> str:
    """A manifest's value in a message: short, on one line, and of a URL only the scheme, since it may hold a password."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(_short(value)) if isinstance(value, str) else _short(str(value))


def shown_bare(text: str) -> str:
    """A bare word as it is written, short."""
    return _short(" ".join(text.split()))


def _short(text: str) -> str:
    scheme, separator, _ = text.partition("://")
    if separator:
        text = f"{scheme}://…"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
