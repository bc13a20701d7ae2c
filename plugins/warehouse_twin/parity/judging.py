"""Parity: a value, also when there is none. What differs is named; nothing in it is a row's value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from warehouse_twin.materializing.user_projects import Outcomes
from warehouse_twin.parity.distances import mean

SHARE_OF_FLOOR = 0.25
TOLERANCE = 0.02
"""A mart's distance that nobody reads as a difference."""
CHANCE = 2.0
"""How many times the furthest of the halves of reality a draw of reality may be off: there are too few of them to say more."""
COLUMN_TOLERANCE = 0.25
"""How much further than the floor's, and than chance, a single column may be: a mart's mean must not hide one that is lost."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class MartParity:
    """A mart's distances from the source's, by column and as their mean."""

    name: str
    twin: Mapping[str, float]
    floor: Mapping[str, float]
    halvings: tuple[Mapping[str, float], ...] = ()
    """the same between halves of reality; empty where nothing hung on it"""

    @property
    def distance(self) -> float:
        return mean(self.twin)

    @property
    def floor_distance(self) -> float:
        return mean(self.floor)

    @property
    def chance(self) -> float:
        """How far chance alone may lead."""
        return CHANCE * max(map(mean, self.halvings), default=0.0)

    @property
    def noise(self) -> dict[str, float]:
        """The same by column."""
        return {name: CHANCE * max(halving[name] for halving in self.halvings) for name in self.twin} if self.halvings else {}

    @property
    def limit(self) -> float:
        return max(SHARE_OF_FLOOR * self.floor_distance, TOLERANCE, self.chance)

    @property
    def telling(self) -> bool:
        """Whether the source's mart is told from the floor's by more than chance."""
        return self.floor_distance > max(TOLERANCE, self.chance)

    @property
    def worse(self) -> tuple[str, ...]:
        """Columns that are further off than the floor's and chance explain, the furthest first."""
        noise = self.noise
        bounds = {name: max(self.floor.get(name, 1.0), noise.get(name, 0.0)) + COLUMN_TOLERANCE for name in self.twin}
        return tuple(sorted((name for name in self.twin if self.twin[name] > bounds[name]), key=lambda name: -self.twin[name]))

    @property
    def differing(self) -> tuple[str, ...]:
        """Columns that are further off than a quarter of the floor's, chance and the tolerance, the furthest beyond that first."""
        noise = self.noise
        over = {
            name: self.twin[name] - max(SHARE_OF_FLOOR * self.floor.get(name, 1.0), noise.get(name, 0.0), TOLERANCE) for name in self.twin
        }
        return tuple(sorted((name for name, more in over.items() if more > 0), key=lambda name: -over[name]))

    @property
    def passed(self) -> bool:
        return self.distance <= self.limit and not self.worse

    @property
    def reason(self) -> str:
        """Why it passes or does not, in words."""
        if self.worse:
            return "columns further off than independent ones"
        if self.distance > self.limit:
            return "further off than a quarter of the floor's" + (" and chance" if self.halvings else "")
        if self.distance <= SHARE_OF_FLOOR * self.floor_distance:
            return "within a quarter of the floor's"
        return "within the tolerance" if self.distance <= TOLERANCE else "within chance"

    @property
    def words(self) -> str:
        return f"{self.distance:.3f} (limit {self.limit:.3f}, floor {self.floor_distance:.3f})  {self.reason}"

    def to_dict(self) -> dict[str, Any]:
        sides = {"distance": self.twin, "floor": self.floor} | ({"chance": self.noise} if self.halvings else {})
        columns = {name or "(rows)": {side: round(by[name], 6) for side, by in sides.items() if name in by} for name in self.twin}
        return {
            "name": self.name,
            "passed": self.passed,
            "reason": self.reason,
            "distance": round(self.distance, 6),
            "floor": round(self.floor_distance, 6),
            "chance": round(self.chance, 6) if self.halvings else None,
            "limit": round(self.limit, 6),
            "telling": self.telling,
            "differing": [name or "(rows)" for name in self.differing],
            "columns": columns,
        }


@dataclass(frozen=True, slots=True)
class Built:
    """What dbt said of a project on source and twin."""

    models: tuple[Outcomes, Outcomes]
    tests: tuple[Outcomes, Outcomes]


@dataclass(frozen=True, slots=True)
class Parity:
    """Whether a project says of a twin what it says of the source."""

    twin: str
    project: str
    built: Built
    marts: tuple[MartParity, ...]
    sources: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, str] = field(default_factory=dict)
    """test, model or mart → the reason for which it may differ"""
    changed: tuple[str, ...] = ()
    """tables of the source that are no longer as the release was made from"""

    @property
    def failures(self) -> dict[str, str]:
        """What stands in the way, accepted or not: test, model or mart → a sentence."""
        found = dict(_models(*self.built.models)) | dict(_tests(*self.built.tests))
        found |= {mart.name: _sentence(mart) for mart in self.marts if not mart.passed}
        if not self.marts and not any(outcome.status == "pass" for outcome in self.built.tests[0].values()):
            found["project"] = "it has no mart of the twin's tables and no test that passes on the source: nothing could be compared"
        return found

    @property
    def problems(self) -> list[str]:
        return [f"{name}: {words}" for name, words in self.failures.items() if name not in self.accepted]

    @property
    def passed(self) -> bool:
        return not self.problems

    @property
    def better(self) -> list[str]:
        """Tests that do not pass on the source and do on the twin."""
        source, twin = self.built.tests
        return sorted(said.name for key, said in source.items() if said.status != "pass" and _status(twin, key) == "pass")

    def to_dict(self) -> dict[str, Any]:
        return {
            "twin": self.twin,
            "project": self.project,
            "passed": self.passed,
            "problems": self.problems,
            "accepted": {name: reason for name, reason in self.accepted.items() if name in self.failures},
            "models": _both(*self.built.models),
            "tests": _both(*self.built.tests),
            "better": self.better,
            "marts": [mart.to_dict() for mart in self.marts],
            "sources": dict(self.sources),
            "left_out": dict(self.left_out),
            "changed": list(self.changed),
        }

    def short(self) -> list[str]:
        """The answer, and what is accepted with its reason."""
        source, twin = self.built.tests
        passing = [key for key, said in source.items() if said.status == "pass"]
        kept = sum(_status(twin, key) == "pass" for key in passing)
        good = sum(mart.passed for mart in self.marts)
        answer = "parity" if self.passed else "NO parity"
        head = f"{self.twin} on {self.project}: {answer}; tests {kept} of {len(passing)}, marts {good} of {len(self.marts)}"
        accepted = {name: words for name, words in self.failures.items() if name in self.accepted}
        return [head, *(f"  accepted: {name}: {words}; {self.accepted[name]}" for name, words in accepted.items())]

    def lines(self) -> list[str]:
        """For a person: the answer, the marts, what differs, and what was left out."""
        head, *accepted = self.short()
        width = max((len(mart.name) for mart in self.marts), default=0)
        marts = [f"  {mart.name:<{width}}  {mart.words}" for mart in self.marts]
        untold = [mart.name for mart in self.marts if not mart.telling]
        notes = [f"  independent columns would do as well, by chance: {', '.join(untold)}"] if untold else []
        notes += [f"  better on the twin: {name}" for name in self.better]
        notes += [f"  left out, reads {cause}: {name}" for name, cause in sorted(self.left_out.items())]
        notes += [f"  the source has changed since the release: {', '.join(self.changed)}"] if self.changed else []
        return [head, *marts, *(f"  differs: {problem}" for problem in self.problems), *accepted, *notes]


def _status(outcomes: Outcomes, key: str) -> str:
    return outcomes[key].status if key in outcomes else "missing"


def _both(source: Outcomes, twin: Outcomes) -> dict[str, dict[str, str]]:
    return {said.name: {"source": said.status, "twin": _status(twin, key)} for key, said in source.items()}


def _on_the_twin(twin: Outcomes, key: str) -> str:
    return twin[key].message or twin[key].status if key in twin else "missing"


def _models(source: Outcomes, twin: Outcomes) -> Iterator[tuple[str, str]]:
    for key, said in source.items():
        if not said.good:
            yield said.name, f"not built on the source: {said.message or said.status}"
        elif not (key in twin and twin[key].good):
            yield said.name, f"built on the source, but not on the twin: {_on_the_twin(twin, key)}"


def _tests(source: Outcomes, twin: Outcomes) -> Iterator[tuple[str, str]]:
    for key, said in source.items():
        if said.status == "pass" and _status(twin, key) != "pass":
            yield said.name, f"passes on the source, not on the twin: {_on_the_twin(twin, key)}"


def _sentence(mart: MartParity) -> str:
    named = mart.worse or mart.differing or tuple(sorted(mart.twin, key=lambda name: -mart.twin[name]))
    shown = ", ".join(f"{name or '(rows)'} {mart.twin[name]:.3f}" for name in named[:_SHOWN])
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    return f"{mart.distance:.3f} off, limit {mart.limit:.3f} ({mart.reason}): {shown}{more}"
