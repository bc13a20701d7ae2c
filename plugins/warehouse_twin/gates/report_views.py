"""The top of the report: what the verdict says of the release as a whole. No markup here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from warehouse_twin.gates.report_charts import Bar, bar
from warehouse_twin.gates.report_readings import Reading, number, tally, whole


@dataclass(frozen=True, slots=True)
class Row:
    """A reading with its bar and the anchor of its table's section."""

    reading: Reading
    bar: Bar | None
    anchor: str


def rows_of(readings: Sequence[Reading], anchors: Mapping[str, str]) -> tuple[Row, ...]:
    return tuple(Row(reading, bar(reading), anchors.get(reading.table, "")) for reading in readings)


@dataclass(frozen=True, slots=True)
class Summary:
    """`outcome` is `pass`, `fail` or `undecided`."""

    name: str
    outcome: str
    expected: int
    evaluated: int
    counts: Mapping[str, int]
    facts: tuple[tuple[str, str], ...]
    failed: tuple[Row, ...]
    undecided: tuple[Row, ...]
    accepted: tuple[Row, ...]
    loosened: tuple[Row, ...]
    k: str
    problems: tuple[str, ...]
    """what fails a verdict beside scores"""

    @property
    def missing(self) -> int:
        """Checks that never ran."""
        return max(0, self.expected - self.evaluated)

    @property
    def unexplained(self) -> bool:
        """The release did not pass, and nothing in the verdict says why."""
        return self.outcome != "pass" and not (self.failed or self.undecided or self.missing or self.problems)


def summary_of(verdict: Mapping[str, Any], resolved: Mapping[str, Any], anchors: Mapping[str, str], readings: Sequence[Reading]) -> Summary:
    judged = [reading for reading in readings if reading.judged]
    blocking = [reading for reading in judged if not reading.accepted]
    twin = str(verdict.get("twin") or resolved.get("twin") or "twin")
    release, problems = verdict.get("release"), verdict.get("problems")
    undecided = str(verdict.get("status", "")).startswith("undecided")
    return Summary(
        name=twin if release is None else f"{twin}@{release}",
        outcome="pass" if verdict.get("passed") is True else "undecided" if undecided else "fail",
        expected=int(number(verdict.get("expected")) or 0),
        evaluated=int(number(verdict.get("evaluated")) or 0),
        counts=tally(judged),
        facts=_facts(verdict, resolved, twin),
        failed=rows_of([reading for reading in blocking if reading.tone == "fail"], anchors),
        undecided=rows_of([reading for reading in blocking if reading.tone in ("undecided", "none")], anchors),
        accepted=rows_of([reading for reading in judged if reading.accepted], anchors),
        loosened=rows_of([reading for reading in judged if reading.loosened], anchors),
        k=whole(resolved["k"]) if resolved.get("k") else "",
        problems=tuple(problem for problem in problems if isinstance(problem, str)) if isinstance(problems, list | tuple) else (),
    )


def _together(shared: Mapping[str, Any]) -> str:
    """How the chance of a false alarm is shared; bars show 95 % intervals all the same."""
    return f"{whole(shared['scores'])} scores, each at a one-sided {100 * shared['level']:.2g} %" if shared else ""


def _facts(verdict: Mapping[str, Any], resolved: Mapping[str, Any], twin: str) -> tuple[tuple[str, str], ...]:
    def place(side: str) -> str:
        parts = (resolved.get(f"{side}_warehouse"), resolved.get(f"{side}_schema"))
        return " · ".join(str(part) for part in parts if part)

    share = number(resolved.get("holdout"))
    release, attempt = verdict.get("release"), verdict.get("attempt")
    facts = [
        ("Twin", twin),
        ("Release", "" if release is None else str(release)),
        ("Attempt", "" if attempt is None else str(attempt)),
        ("Source", place("source")),
        ("Target", place("target")),
        ("Protected entity", str(resolved.get("entity") or ("each row by itself" if resolved else ""))),
        ("k", whole(resolved["k"]) if resolved.get("k") else ""),
        ("Judged together", _together(verdict.get("together") or {})),
        ("Held out", "" if share is None else f"{100 * share:.4g} % of entities"),
    ]
    return tuple((term, text) for term, text in facts if text)


def promise_of(claim: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a release promises by a formal claim, as terms and texts; empty without one."""
    if not claim:
        return []
    listed = {"Covers": "covers", "Passed through": "passed_through", "Counted by one of several keys": "counted_by_one_key_of_several"}
    found = [
        ("Promise", f"differential privacy: epsilon {claim['epsilon']:g}, delta {claim['delta']:g}, {claim['relation']}"),
        ("For", str(claim["unit"])),
        ("By", str(claim["mechanism"])),
        ("Counted with", str(claim["accountant"])),
    ]
    found += [("Rows of one that count", ", ".join(f"{name} {rows}" for name, rows in sorted(claim["rows_per_entity"].items())))]
    found += [(term, ", ".join(claim[name])) for term, name in listed.items()]
    found += [("Not covered", str(claim["not_covered"]))]
    return [(term, text) for term, text in found if text]
