"""The verdict: a value, also when it is bad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from warehouse_twin.gates.judging import Judged

VerdictStatus = Literal["pass", "fail", "undecided", "undecided-accepted"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What Great Expectations said: how many expectations it was to evaluate, how many it did, which scores met theirs, what broke."""

    expected: int
    evaluated: int
    met: Mapping[str, bool]
    """key of a requirement → success"""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a release may be published, and all it rests on. `problems` are what fails a verdict besides scores."""

    twin: str
    release: int
    status: VerdictStatus
    expected: int
    evaluated: int
    judged: tuple[Judged, ...]
    problems: tuple[str, ...]
    attempt: int

    @property
    def passed(self) -> bool:
        return self.status in ("pass", "undecided-accepted")

    @property
    def together(self) -> dict[str, float]:
        """How many scores share the chance of a false alarm, and what is left of it for each; nothing where none do."""
        sharing = [judged.requirement.level for judged in self.judged if judged.requirement.shares]
        return {"scores": len(sharing), "level": min(sharing)} if sharing else {}

    @property
    def failed(self) -> list[str]:
        """A sentence for everything that stands in the way."""
        return [*self.problems, *(judged.sentence for judged in self.judged if not judged.passes)]

    def to_dict(self) -> dict[str, Any]:
        return {
            "twin": self.twin,
            "release": self.release,
            "status": self.status,
            "passed": self.passed,
            "expected": self.expected,
            "evaluated": self.evaluated,
            "together": self.together,
            "judged": [judged.to_dict() for judged in self.judged],
            "problems": list(self.problems),
            "attempt": self.attempt,
        }


def decide(*, twin: str, release: int, judged: Sequence[Judged], problems: Sequence[str], evaluation: Evaluation, attempt: int) -> Verdict:
    """The verdict of a release. Fails unless everything expected was evaluated and both judgements of every score agree."""
    found = [*problems, *evaluation.problems]
    if evaluation.evaluated != evaluation.expected:
        found.append(f"{evaluation.evaluated} of {evaluation.expected} expectations were evaluated")
    found += [
        f"{item.requirement.key}: Great Expectations and the policy disagree"
        for item in judged
        if evaluation.met.get(item.requirement.key, item.meets) is not item.meets
    ]
    if evaluation.expected == 0:
        found.append("nothing was expected: a verdict on nothing is none")
    return Verdict(twin, release, _status(judged, found), evaluation.expected, evaluation.evaluated, tuple(judged), tuple(found), attempt)


def _status(judged: Sequence[Judged], problems: Sequence[str]) -> VerdictStatus:
    if problems or any(item.status == "fail" and not item.passes for item in judged):
        return "fail"
    if any(not item.passes for item in judged):
        return "undecided"
    return "undecided-accepted" if any(item.status == "undecided" for item in judged) else "pass"
