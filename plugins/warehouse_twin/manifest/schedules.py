"""Schedules as Airflow reads them: a preset, five cron fields, or other twins. Checked here so that a slip names its line."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from warehouse_twin.manifest.names import nearest, shown, unknown

PRESETS = ("@once", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_ITEM = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?", re.ASCII)


def check_schedule(text: str) -> str:
    """The schedule as it is. Raises ValueError with what was wanted."""
    if text.startswith("@"):
        if text not in PRESETS:
            near = nearest(text, PRESETS)
            hint = f"; did you mean {near}?" if near else ""
            raise ValueError(f"got {shown(text)}, wanted one of {', '.join(PRESETS)} or five cron fields{hint}")
        return text
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"got {shown(text)}, wanted a preset such as @daily, or five cron fields: minute hour day month weekday")
    for field, (name, low, high) in zip(fields, _FIELDS, strict=True):
        if not all(_fits(item, name, low, high) for item in field.split(",")):
            raise ValueError(f"got {shown(field)} as {name}, wanted {low} to {high}, *, a range or a step, as in {shown('30 4 * * 1-5')}")
    return text


def _fits(item: str, name: str, low: int, high: int) -> bool:
    words = {"month": (_MONTHS, 1), "day of week": (_DAYS, 0)}.get(name)
    for number, word in enumerate(words[0], start=words[1]) if words else ():
        item = re.sub(rf"\b{word}\b", str(number), item, flags=re.IGNORECASE)
    match = _ITEM.fullmatch(item)
    if not match:
        return False
    first, last, step = match.groups()
    numbers = [int(part) for part in (first, last) if part is not None]
    if step is not None and not 1 <= int(step) <= high:
        return False
    return all(low <= number <= high for number in numbers) and numbers == sorted(numbers)


def predecessor_faults(twin: str, named: Collection[str], known: Mapping[str, Collection[str]]) -> dict[str, str]:
    """What is wrong with the twins that a schedule waits for, by name. `known` are all twins of the folder, with those they wait for."""
    faults: dict[str, str] = {}
    for name in named:
        if name not in known and name != twin:
            faults[name] = unknown("twin", name, sorted(known))
        elif circle := _way(name, twin, {**known, twin: ()}):
            ways = " after ".join((twin, *circle))
            faults[name] = f"the twins wait for each other and none would ever run: {ways}; wanted one that has another schedule"
    return faults


def _way(start: str, end: str, known: Mapping[str, Collection[str]], seen: tuple[str, ...] = ()) -> tuple[str, ...]:
    """From one twin to another along those they wait for; empty when there is no way."""
    if start == end:
        return (*seen, end)
    for name in known.get(start, ()):
        if name not in (*seen, start) and (found := _way(name, end, known, (*seen, start))):
            return found
    return ()
