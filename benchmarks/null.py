"""How often the gate fails what is real: `make bench CASE=null`.

In 200 runs one random half of a schema's entities, with all that belongs to them, stands in the place of a twin of the other half, of
which a fifth is held out as ever. It is scored and judged by the gate's own functions, with no goal changed; undecided scores are
accepted and counted apart. The gate's chance of a false alarm is 2.5 % by design: of 200 runs at most ten may fail.

Rules that were mined of one half are not asked of the other: a twin keeps them by construction. RUNS=20 for fewer; with WORK=<folder>
every score stays in null.jsonl, and with JUDGE=1 what is there is judged anew. Exit status 1 when more than one run in twenty fails.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.gate import judged, lines_of
from benchmarks.gated import CASES, Case, floor_of, split, tpch, workplace
from benchmarks.linked import Tables
from warehouse_twin.gates.inputs import Inputs
from warehouse_twin.gates.scoring import score_twin
from warehouse_twin.metrics.keys import match_parents
from warehouse_twin.metrics.score import Score
from warehouse_twin.relations.entities import memberships

RUNS = 200
ENTITIES = 1_600
"""Entities of a fixture, at most: half of them are the source, a fifth of that is held out."""
MOST_FAIL = 1 / 20


def fixtures(folder: Path) -> list[Case]:
    """Schemas in which every row belongs to the entity it was split by: three tables of TPC-H at 0.01, planes and their flights, the
    shop, and employees with the projects they lead."""
    orders = only(tpch(folder / "tpch001", 0.01), ("customer", "orders", "lineitem"))
    planes = only(CASES["flights"](folder / "flights"), ("planes", "flights"), most=400)
    people = only(CASES["company"](folder), ("employees", "projects"))
    return [orders, planes, CASES["shop"](folder), people]


def only(case: Case, names: Sequence[str], *, most: int = ENTITIES) -> Case:
    """These tables and the keys between them, without the columns of other keys; so many entities and what belongs to them."""
    kept, tables = [], dict[str, pa.Table]()
    for name in names:
        table = case.twin[name]
        inside = tuple(key for key in table.table.foreign_keys if key.references in names and key.references != name)
        gone = {column for key in table.table.foreign_keys if key not in inside for column in key.columns}
        gone -= {*table.table.primary_key, *(column for key in inside for column in key.columns)}
        columns = tuple(column for column in table.table.columns if column.name not in gone)
        kept.append(replace(table, table=replace(table.table, columns=columns, foreign_keys=inside)))
        tables[name] = case.tables[name].select([column.name for column in columns])
    whole = Case(case.name, replace(case.twin, tables=tuple(kept)), tables)
    entities = len(tables[names[0]])
    return replace(whole, tables=_belonging(whole, np.random.default_rng(1).permutation(entities) < most))


def _belonging(case: Case, chosen: np.ndarray) -> Tables:
    """The chosen entities and all rows that lead to them, step by step; rows that lead nowhere stay where they are first looked for."""
    found: dict[str, pa.Table] = {}
    for table in case.twin.tables:
        rows = case.tables[table.name]
        if table.name == case.twin.entity:
            rows = rows.filter(pa.array(chosen))
        for key in table.table.foreign_keys:
            if not case.twin[key.references].keep_real:
                links = match_parents(rows, found[key.references], columns=key.columns, references=key.references_columns)
                rows = rows.filter(pa.array(links >= 0))
        found[table.name] = rows.combine_chunks()
    return found


def halves(case: Case, *, seed: int) -> tuple[Tables, Tables]:
    """Two random halves of the entities, each with all that belongs to them."""
    entities = len(case.tables[str(case.twin.entity)])
    one = np.random.default_rng(seed).permutation(entities) < entities // 2
    return _belonging(case, one), _belonging(case, ~one)


def half_scores(case: Case, score: Callable[..., list[Score]], *, seed: int) -> list[Score]:
    """The scores of one half beside the other."""
    source, twin = halves(case, seed=seed)
    members = memberships(case.twin, source, secret=seed.to_bytes(32, "big"))
    real = {name: split(rows, members[name].entity, members[name].holdout) for name, rows in source.items()}
    floor = floor_of(case, real, np.random.default_rng(seed))
    return score(case.twin, Inputs(real.__getitem__, twin.__getitem__, floor.get, lambda _: {}), seed=seed)


def run(case: Case, *, seed: int) -> dict[str, Any]:
    """A line as those of the case `gate`."""
    scores = half_scores(case, lambda twin, inputs, *, seed: score_twin(twin, inputs, seed=seed).scores, seed=seed)
    return {"case": case.name, "seed": seed, "twin": "default", "scores": [score.to_dict() for score in scores]}


def runs(cases: Sequence[Case], count: int) -> Iterator[dict[str, Any]]:
    """So many runs, the fixtures by turns, in a process for each core."""
    with ProcessPoolExecutor(initializer=_CASES.extend, initargs=(cases,)) as pool:
        yield from pool.map(_numbered, range(count))


_CASES: list[Case] = []
"""The fixtures, in a process that runs some."""


def _numbered(number: int) -> dict[str, Any]:
    return run(_CASES[number % len(_CASES)], seed=number)


def show(found: Sequence[Mapping[str, Any]]) -> bool:
    """A row a fixture, then what failed; whether few enough runs did."""
    print("schema | runs | failed | by | undecided in")
    for case in dict.fromkeys(item["case"] for item in found):
        mine = [item for item in found if item["case"] == case]
        counts = Counter(name for item in mine for name in item["failing"])
        names = ", ".join(f"{name} {count}" for name, count in counts.most_common())
        failed, undecided = sum(item["status"] == "fail" for item in mine), sum(bool(item["undecided"]) for item in mine)
        print(f"{case} | {len(mine)} | {failed} | {names or '–'} | {undecided}")
    failed = [item for item in found if item["status"] == "fail"]
    for item in failed:
        print(f"{item['case']} run {item['seed']}: {'; '.join(item['why'])}")
    print(f"{len(failed)} of {len(found)} failed")
    return len(failed) <= MOST_FAIL * len(found)


def main() -> int:
    with workplace() as folder:
        cases = {case.name: case for case in fixtures(folder)}
        kept = folder / "null.jsonl"
        if "JUDGE" not in os.environ:
            with kept.open("w") as file:
                for line in runs([*cases.values()], int(os.environ.get("RUNS", RUNS))):
                    file.write(f"{json.dumps(line)}\n")
                    file.flush()
        return 0 if show([judged(cases[line["case"]], line) for line in lines_of(kept)]) else 1


if __name__ == "__main__":
    sys.exit(main())
