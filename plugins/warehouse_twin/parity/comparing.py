"""Build a user's dbt project on source, twin and floor, and on halves of reality where it hangs on them: how far are the marts apart?"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.materializing.redirecting import Mart
from warehouse_twin.materializing.user_projects import Outcomes, UserProject
from warehouse_twin.parity.distances import distances
from warehouse_twin.parity.judging import Built, MartParity, Parity
from warehouse_twin.parity.marts import Look, Summary, plan, summarise
from warehouse_twin.parity.sides import Files, open_side, write_floor, write_halves
from warehouse_twin.randomness import derive_seed
from warehouse_twin.workspace import WORK_PREFIX

HALVINGS = 2
"""Pairs of halves of reality; of their distances the largest is what chance does."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared: where the tables of the source and of a release of its twin are."""

    resolved: ResolvedTwin
    source: Files
    twin: Files
    changed: tuple[str, ...] = ()
    """tables of the source that are no longer as the release was made from"""

    @property
    def sized(self) -> bool:
        """Whether the twin is to have as many rows as the source."""
        return not any(table.rows is not None or table.factor is not None or table.rebalance for table in self.resolved.tables)


@dataclass
class Comparison:
    """One project, one release. All that is built is below `folder`."""

    project: UserProject
    sides: Sides
    seed: int
    folder: Path
    looks: dict[str, Look] = field(default_factory=dict)
    shown: dict[str, dict[str, Summary]] = field(default_factory=dict)
    """side → mart → summary"""

    def run(self) -> tuple[Built, tuple[MartParity, ...]]:
        source, twin = self._tested("source", self.sides.source), self._tested("twin", self.sides.twin)
        marts = [mart for mart in self.project.marts if all(mart.name in self.shown[side] for side in ("source", "twin"))]
        floor = write_floor(self.folder / "floor", resolved=self.sides.resolved, source=self.sides.source, seed=self.seed)
        self._built("floor", floor, marts)
        judged = [MartParity(mart.name, self._apart(mart, "source", "twin"), self._apart(mart, "source", "floor")) for mart in marts]
        if not all(mart.passed for mart in judged):
            judged = self._with_chance(marts, judged)
        return Built((source[0], twin[0]), (source[1], twin[1])), tuple(judged)

    def _tested(self, name: str, files: Files) -> tuple[Outcomes, Outcomes]:
        models = self._built(name, files, self.project.marts)
        return models, self.project.test(self.folder / name)

    def _built(self, name: str, files: Files, marts: Sequence[Mart]) -> Outcomes:
        """Build a side and look at its marts; those that were not built are not there."""
        path = open_side(self.folder / name, resolved=self.sides.resolved, files=files)
        outcomes = self.project.build(self.folder / name)
        built = {outcome.name for outcome in outcomes.values() if outcome.good}
        with duckdb.connect(str(path), read_only=True) as opened:
            opened.execute("SET TimeZone = 'UTC'")
            here = [mart for mart in marts if mart.name in built]
            if name == "source":
                self.looks = {mart.name: plan(opened, mart, self.project.keys) for mart in here}
            self.shown[name] = {mart.name: summarise(opened, mart, self.looks[mart.name]) for mart in here if mart.name in self.looks}
        return outcomes

    def _with_chance(self, marts: Sequence[Mart], judged: Sequence[MartParity]) -> list[MartParity]:
        """Beside each mart how far two halves of reality are apart."""
        pairs = []
        for number in range(HALVINGS):
            names = (f"one{number}", f"other{number}")
            folder, seed = self.folder / f"halves{number}", derive_seed(self.seed, "halves", number)
            halves = write_halves(folder, resolved=self.sides.resolved, source=self.sides.source, seed=seed)
            for name, files in zip(names, halves, strict=True):
                self._built(name, files, marts)
            pairs.append(names)
        apart = {mart.name: tuple(self._apart(mart, *names) for names in pairs) for mart in marts}
        return [replace(mart, halvings=apart[mart.name]) for mart in judged]

    def _apart(self, mart: Mart, one: str, other: str) -> dict[str, float]:
        """The distance of every column; a mart that could not be built on a side is as far as can be."""
        look, here, there = self.looks[mart.name], self.shown[one].get(mart.name), self.shown[other].get(mart.name)
        return distances(look, here or Summary(0, {}), there or Summary(0, {}), sized=self.sides.sized)


def compare(project: UserProject, sides: Sides, *, release: str, seed: int, scratch: Path, accepted: Mapping[str, str]) -> Parity:
    """Build and compare; everything is built in a folder of `scratch` that is deleted, whatever happens."""
    with tempfile.TemporaryDirectory(dir=scratch, prefix=WORK_PREFIX) as folder:
        built, marts = Comparison(project, sides, seed, Path(folder)).run()
    return Parity(release, project.folder.name, built, marts, project.sources, project.left_out, dict(accepted), sides.changed)
