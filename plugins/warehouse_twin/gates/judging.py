"""From scores and a policy to judged scores. Pure: no file, no tool.

A run asks for a hundred scores and more, and a verdict fails where one of them does. So that an honest twin is failed by chance in at
most one run of forty, scores of a suite that is judged `against` share that chance (Bonferroni 1936; Dunn 1961,
doi:10.1080/01621459.1961.10482090): each is judged by an interval that is as much wider as their number asks, which is known before any
score is. What is counted without error takes no share. Scores that are judged `for` keep their 95 % interval: a twin passes when each
of them is shown to be safe, which an unsafe one is by chance in at most one run of forty, however many there are (an
intersection-union test: Berger 1982, doi:10.1080/00401706.1982.10487790); to share would make every one of them easier to fail.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from warehouse_twin.gates.measures import MEASURES
from warehouse_twin.gates.policy import Burden, Expectation, Policy
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.intervals import ONE_SIDED, at_level
from warehouse_twin.metrics.score import Better, Score

Status = Literal["pass", "fail", "undecided"]
Said = Literal[Status, "shown"]
"""`shown` is what is measured and not judged: no verdict rests on it."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """An expectation asked of one target. `number`, `loosened`: the manifest's goal and reason; `accepted`: its reason for undecided.

    `shares`: whether it shares the chance of a false alarm with others; `level` is what is left for it at one end of its interval.
    """

    expectation: Expectation
    suite: str
    burden: Burden
    table: str
    columns: tuple[str, ...]
    number: float | None = None
    loosened: str | None = None
    accepted: str | None = None
    shares: bool = False
    level: float = ONE_SIDED

    @property
    def label(self) -> str:
        """As the score's label; without columns where only the score knows which are worst."""
        inside = f"({', '.join(self.columns)})" if self.columns else ""
        return f"{self.table}.{self.expectation.score}{inside}"

    @property
    def key(self) -> str:
        """Unique in a release."""
        return f"{self.expectation.name} {self.label}"

    @property
    def blocks(self) -> bool:
        """Whether it can stand in the way of a release."""
        return self.expectation.blocks

    @property
    def better(self) -> Better:
        return MEASURES[self.expectation.score].better

    def is_about(self, score: Score) -> bool:
        known = score.columns == self.columns or MEASURES[score.measure].worst
        return score.measure == self.expectation.score and score.table == self.table and known


@dataclass(frozen=True, slots=True)
class Judged:
    """A score, what was asked of it, and what came out: of what is only shown, what `would` have."""

    requirement: Requirement
    score: Score
    goal: float | None
    would: Status

    @property
    def status(self) -> Said:
        return self.would if self.requirement.blocks else "shown"

    @property
    def meets(self) -> bool:
        """Whether the expectation is met: passed, undecided and accepted, or not judged."""
        return self.status in ("pass", "shown") or (self.status == "undecided" and self.requirement.accepted is not None)

    @property
    def passes(self) -> bool:
        """Whether it lets the release through: met, or no more than a warning."""
        return self.meets or self.requirement.expectation.severity == "warning"

    @property
    def sentence(self) -> str:
        """`flights.pair_trend 0.91 < 0.94`: the score and how it misses its goal."""
        score, minimum = self.score, self.requirement.expectation.min_n
        if self.goal is None:
            return f"{score.label} undecided: no real holdout to compare with"
        if self.status == "undecided" and score.n < minimum:
            return f"{score.label} undecided: {score.n:,} rows, wanted {minimum:,}"
        sign = "<" if score.better == "higher" else ">"
        if self.status == "undecided":
            reach = score.low if score.better == "higher" else score.high
            return f"{score.label} undecided: {score.value:.4g}, but perhaps {reach:.4g} {sign} {self.goal:.4g}"
        return f"{score.label} {score.value:.4g} {sign} {self.goal:.4g}"

    def to_dict(self) -> dict[str, Any]:
        asked = self.requirement
        return {
            "name": asked.expectation.name,
            "suite": asked.suite,
            "severity": asked.expectation.severity,
            "score": self.score.to_dict(),
            "goal": self.goal,
            "status": self.status,
            "accepted": asked.accepted if self.status == "undecided" else None,
            "loosened": asked.loosened,
            "level": asked.level,
            **({} if asked.blocks else {"would": self.would, "until": asked.expectation.until}),
        }


def requirements(policy: Policy, twin: ResolvedTwin, manifest: Manifest) -> tuple[Requirement, ...]:
    """Everything the policy asks of a twin, known before any score is computed: what must be evaluated follows from this."""
    asked: list[Requirement] = []
    for table in twin.tables:
        gates = manifest.tables[table.name].gates
        undecided = gates.undecided or manifest.gates.undecided
        for suite, expectation in policy.expectations:
            loosened = gates.goals.get(expectation.name) or manifest.gates.goals.get(expectation.name)
            for columns in MEASURES[expectation.score].targets[expectation.scope](twin, table):
                asked.append(
                    Requirement(
                        expectation,
                        suite.suite,
                        expectation.judged or suite.judged,
                        table.name,
                        columns,
                        number=loosened.goal if loosened else None,
                        loosened=loosened.reason if loosened else None,
                        accepted=undecided.reason if undecided else None,
                        shares=suite.judged == "against" and expectation.blocks and not MEASURES[expectation.score].counted,
                    )
                )
    level = ONE_SIDED / max(1, sharing(asked))
    return tuple(replace(item, level=level) if item.shares else item for item in asked)


def sharing(asked: Iterable[Requirement]) -> int:
    """How many requirements share the chance of a false alarm."""
    return sum(item.shares for item in asked)


def judge(asked: Sequence[Requirement], scores: Iterable[Score]) -> tuple[list[Judged], list[str]]:
    """Judge every requirement that has exactly one score; the others are problems, which fail the verdict."""
    by_measure: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for score in scores:
        by_measure[score.table, score.measure].append(score)
    judged: list[Judged] = []
    problems: list[str] = []
    for requirement in asked:
        found = [score for score in by_measure[requirement.table, requirement.expectation.score] if requirement.is_about(score)]
        if len(found) != 1:
            problems.append(f"{requirement.label} was {'never' if not found else f'{len(found)} times'} measured, wanted once")
            continue
        score = found[0]
        goal = requirement.expectation.bound(score, number=requirement.number)
        status = status_of(
            at_level((score.low, score.value, score.high), score.df, level=requirement.level),
            n=score.n,
            goal=goal,
            better=requirement.better,
            burden=requirement.burden,
            min_n=requirement.expectation.min_n,
            fails_from=requirement.expectation.fails_from,
        )
        judged.append(Judged(requirement, score, goal, status))
    return judged, problems


def status_of(
    interval: tuple[float, float, float],
    *,
    n: int,
    goal: float | None,
    better: Better,
    burden: Burden,
    min_n: int,
    fails_from: int | None = None,
) -> Status:
    """Judge (low, value, high) against a goal.

    Undecided without a goal or below `min_n`, but where the whole interval of `fails_from` rows or more misses it: too few to say that
    all is well may be enough to see that it is not. Where doubt falls `against` failing: fail when the whole interval misses the
    goal, else pass. Where it falls `for` meeting it: pass when the whole interval meets the goal, fail when the value
    misses it, else undecided. What is not a number fails.
    """
    low, value, high = interval
    if not all(map(math.isfinite, interval)) or (goal is not None and not math.isfinite(goal)):
        return "fail"
    if goal is None:
        return "undecided"
    best, worst = (high, low) if better == "higher" else (-low, -high)
    own, wanted = (value, goal) if better == "higher" else (-value, -goal)
    if n < min_n:
        return "fail" if fails_from is not None and n >= fails_from and best < wanted else "undecided"
    if burden == "against":
        return "pass" if best >= wanted else "fail"
    if worst >= wanted:
        return "pass"
    return "fail" if own < wanted else "undecided"
