"""Whether twins that give people away are blocked, and those that do not are let through: `make bench CASE=controls`.

The shop, the generated company and TPC-H at scale factor 0.01, whose entities live in towns here, most in a few large ones and the others
in towns of a handful; each by twenty secrets of a workspace. The default twin, and twins that leak or are known not to, made of it
(`leaks.py`), are scored and judged by the gate's own functions by the privacy policy alone, with no goal changed; undecided scores
are accepted and counted. `half` is one random half of the real entities in the place of a twin of the other half (`null.py`).

SEEDS, ONLY, TWINS, WORK and JUDGE as in `gate.py`. Exit status 1 when fewer than 95 % of clean twins pass or of leaks are blocked by a
right score.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks import gate
from benchmarks.gated import CASES, Case, Made, tpch
from benchmarks.leaks import LEAKS, NAMED, SAFE
from benchmarks.null import half_scores, only
from warehouse_twin.gates.scoring import privacy_scores
from warehouse_twin.warehouses.catalog import Column

HALF = "half"
CONTROLS = gate.Study("controls", {**SAFE, **LEAKS}, (*SAFE, HALF), NAMED, Made.privacy_scores, suite="privacy")
LARGE, SMALL = 12, 6
"""Large towns, in which seven of ten people live; and for so many people there is a small one."""
PARTS: Mapping[str, Sequence[str]] = {
    "shop": ("customers", "orders"),
    "company": ("employees", "projects"),
    "tpch": ("customer", "orders", "lineitem"),
}
"""The tables that are halved: in which every row belongs to the entity it was split by."""
HALVED = ", halved"


def with_towns(case: Case) -> Case:
    """The same with a column of text that says where each entity lives."""
    name = str(case.twin.entity)
    rows, draw = case.tables[name], np.random.default_rng(1)
    people = len(rows)
    large = draw.random(people) < 0.7
    number = np.where(large, draw.integers(0, LARGE, people), LARGE + draw.integers(0, max(1, people // SMALL), people))
    tables = {**case.tables, name: rows.append_column("town", pa.array([_town(int(place)) for place in number]))}
    known = case.twin[name]
    lived = replace(known, table=replace(known.table, columns=(*known.table.columns, Column("town", "VARCHAR", False))))
    every = tuple(lived if table.name == name else table for table in case.twin.tables)
    return Case(case.name, replace(case.twin, tables=every), tables)


def _town(number: int) -> str:
    """A name for every number: three syllables and a common ending."""
    syllables = ("bel", "cor", "dan", "fen", "gor", "hal", "kir", "lom", "mar", "nor", "pel", "ros", "sul", "tan", "ver", "wil")
    return "".join(syllables[number // 16**place % 16] for place in range(3)).capitalize() + "ton"


def runs(study: gate.Study, case: Case, twins: Sequence[str], *, seed: int) -> Iterator[dict[str, Any]]:
    """A line a twin, as of the gate; of a case that is halved there is one."""
    if not case.name.endswith(HALVED):
        yield from gate.runs(study, case, [twin for twin in twins if twin != HALF], seed=seed)
    elif HALF in twins:
        start = time.process_time()
        scores = half_scores(case, privacy_scores, seed=seed)
        cpu = round(time.process_time() - start, 1)
        yield {"case": case.name, "seed": seed, "twin": HALF, "cpu_s": cpu, "scores": [score.to_dict() for score in scores]}


def _case(name: str, folder: Path) -> Case:
    return with_towns(tpch(folder, 0.01) if name == "tpch" else CASES[name](folder))


def _halved(name: str, folder: Path) -> Case:
    case = _case(name, folder)
    return replace(only(case, PARTS[name], most=len(case.tables[str(case.twin.entity)])), name=f"{case.name}{HALVED}")


SCHEMAS: Mapping[str, Callable[[Path], Case]] = {
    **{name: partial(_case, name) for name in PARTS},
    **{f"{name}-half": partial(_halved, name) for name in PARTS},
}


def main() -> int:
    return gate.ran(CONTROLS, SCHEMAS, tuple(SCHEMAS), runs)


if __name__ == "__main__":
    sys.exit(main())
