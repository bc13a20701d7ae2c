"""The policy: what scores must reach, read from `expectations/*.yml`, one suite a file.

Every fault of every file is reported at once, with its place. How an expectation is written stands in `fidelity.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from warehouse_twin.digests import digest_of
from warehouse_twin.errors import ConfigurationError, Fault, ManifestError
from warehouse_twin.gates.measures import MEASURES, Scope
from warehouse_twin.manifest.model import NAME
from warehouse_twin.manifest.names import shown, unknown
from warehouse_twin.manifest.reading import Document, read_document
from warehouse_twin.manifest.shapes import Strict
from warehouse_twin.metrics.score import Score

Burden = Literal["for", "against"]
"""Which way doubt falls. `against`: a score fails only when shown to miss its goal; `for`: it passes only when shown to meet it."""
_GOAL = re.compile(r"(?P<comparison>>=|<=) *(?:(?P<yardstick>ceiling|floor) *(?P<sign>[+-]) *)?(?P<number>-?[0-9]+(?:\.[0-9]+)?)")


class Goal(Strict):
    """One comparison with one number: a bound, or a margin to a yardstick of the score."""

    comparison: Literal[">=", "<="]
    yardstick: Literal["ceiling", "floor"] | None = None
    sign: Literal["+", "-"] = "+"
    number: float

    def bound(self, score: Score, *, number: float | None = None) -> float | None:
        """The number a score is compared with; None where it has no such yardstick. `number` takes the place of the goal's own."""
        own = self.number if number is None else number
        if self.yardstick is None:
            return own
        base = score.ceiling if self.yardstick == "ceiling" else score.floor
        if base is None:
            return None
        return base + own if self.sign == "+" else base - own


def _goal(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = _GOAL.fullmatch(value.strip())
    if found is None:
        raise ValueError(f"got {shown(value)}, wanted a goal such as '>= 0.97' or '>= ceiling - 0.03'")
    return {key: part for key, part in found.groupdict().items() if part is not None}


ParsedGoal = Annotated[Goal, BeforeValidator(_goal)]


class Expectation(Strict):
    """What one measure must reach, wherever it is taken in its scope."""

    name: str = Field(pattern=NAME)
    score: str
    scope: Scope
    goal: ParsedGoal
    otherwise: ParsedGoal | None = None
    judged: Burden | None = None
    min_n: int = Field(ge=0, strict=True)
    fails_from: int | None = Field(default=None, ge=0, strict=True)
    """rows from which a score fails where its whole interval misses the goal, though it takes `min_n` to pass; none: `min_n`"""
    severity: Literal["critical", "warning"]
    blocks: bool = True
    """false: the score is shown between its yardsticks and no verdict rests on it; `until` says what it waits for"""
    until: str | None = Field(default=None, min_length=10)
    why: str = Field(min_length=10)

    @model_validator(mode="after")
    def _fits_its_measure(self) -> Expectation:
        measure = MEASURES.get(self.score)
        if measure is None:
            raise ValueError(unknown("score", self.score, list(MEASURES)))
        if self.scope not in measure.targets:
            raise ValueError(f"{self.score} is not taken of a {self.scope}; wanted {' or '.join(measure.targets)}")
        comparison = ">=" if measure.better == "higher" else "<="
        if any(goal.comparison != comparison for goal in (self.goal, self.otherwise) if goal is not None):
            raise ValueError(f"of {self.score}, {measure.better} is better; wanted goals with {comparison}")
        if self.otherwise is not None and self.otherwise.yardstick is not None:
            raise ValueError("otherwise is used where a yardstick is missing; wanted a bound without one")
        if self.blocks is not (self.until is None):
            raise ValueError("blocks: false and until go together; wanted both, or neither")
        return self

    def bound(self, score: Score, *, number: float | None = None) -> float | None:
        """The number this score is compared with; None where there is neither a yardstick nor an `otherwise`."""
        bound = self.goal.bound(score, number=number)
        return bound if bound is not None or self.otherwise is None else self.otherwise.bound(score)


class Suite(Strict):
    """A file of expectations."""

    suite: str = Field(pattern=NAME)
    judged: Burden
    expectations: tuple[Expectation, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Policy:
    """All suites, by name."""

    suites: tuple[Suite, ...]

    @property
    def expectations(self) -> Iterator[tuple[Suite, Expectation]]:
        return ((suite, expectation) for suite in self.suites for expectation in suite.expectations)

    @property
    def digest(self) -> str:
        """Of what the policy says, not of how its files look."""
        return digest_of([suite.model_dump() for suite in self.suites])


def load_policy(folder: Path) -> Policy:
    """Read all suites of a folder. Raises ManifestError with every fault of every file, ConfigurationError without any file."""
    files = sorted(path for path in folder.glob("*.yml") if not path.name.startswith("."))
    if not files:
        raise ConfigurationError(f"{folder}: no policy; wanted files such as fidelity.yml")
    documents = {path: read_document(path.read_bytes(), str(path)) for path in files}
    faults = [fault for document in documents.values() for fault in document.faults]
    suites: dict[Path, Suite] = {}
    for path, document in documents.items():
        try:
            suites[path] = Suite.model_validate(document.data)
        except ValidationError as error:
            faults += _faults(error, document)
    faults += _repeated({path: (documents[path], suite) for path, suite in suites.items()})
    if faults:
        raise ManifestError(faults)
    return Policy(tuple(suites[path] for path in files))


def goal_names(folder: Path) -> tuple[str, ...]:
    """The names a manifest may change goals by, in the policy's order."""
    return tuple(expectation.name for _, expectation in load_policy(folder).expectations)


def _faults(error: ValidationError, document: Document) -> Iterator[Fault]:
    for item in error.errors(include_url=False):
        path = item["loc"]
        if any(path[:end] in document.broken for end in range(len(path) + 1)):
            continue
        if item["type"] == "value_error":
            message = str(item["ctx"]["error"])
        elif item["type"] == "missing":
            message = "missing, wanted here"
        else:
            message = f"got {shown(item['input'])}; {item['msg'][0].lower()}{item['msg'][1:]}"
        yield document.positions.fault(path, message)


def _repeated(read: Mapping[Path, tuple[Document, Suite]]) -> Iterator[Fault]:
    """A suite, a name, and a measure in a scope are each there once: a second one would hide the first."""
    seen: dict[tuple[str, ...], str] = {}
    for document, suite in read.values():
        keys: list[tuple[tuple[str | int, ...], tuple[str, ...], str]] = [(("suite",), ("suite", suite.suite), f"suite {suite.suite}")]
        for index, item in enumerate(suite.expectations):
            keys.append((("expectations", index, "name"), ("name", item.name), f"expectation {item.name}"))
            keys.append((("expectations", index, "score"), ("score", item.score, item.scope), f"{item.score} of a {item.scope}"))
        for path, key, what in keys:
            if key in seen:
                yield document.positions.fault(path, f"{what} is there already, in {seen[key]}; wanted once")
            seen.setdefault(key, document.positions.file)
