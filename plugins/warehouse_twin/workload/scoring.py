"""Scores of a workload: every query asked of source and twin, of the floor, and of halves of reality.

The floor is the parity gate's: the source's rows with every column in an order of its own, foreign keys too. The ceiling is a second
draw of reality of the same size. Held-out rows cannot stand for it, as a fifth of the rows has a fifth of a sum; so all entities
are dealt to two halves, twice, and asked the same: two halves are √2 times as far apart as two draws of the whole are. How far
halves are apart is also how far the value could be off: the distance from another draw of reality is within it, by the
triangle inequality (for the error; for the others as a rule of thumb).

A distance beside the twin's own answer gives the source's away, so groups behind which there are not `k` training entities are left
out on both sides, and of an answer behind which there are not as many nothing is said: it is undecided, with n = 0.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.columns import Floats
from warehouse_twin.metrics.score import Better, Score
from warehouse_twin.metrics.workload import TOP, average_overlap, by_rank, by_size, matched, ratio, relative_error
from warehouse_twin.parity.sides import Files, write_floor, write_halves
from warehouse_twin.randomness import derive_seed
from warehouse_twin.workload.answers import Side, asking
from warehouse_twin.workload.holding import MANY, ONE
from warehouse_twin.workload.planning import Query
from warehouse_twin.workspace import WORK_PREFIX

HALVINGS = 2
DIGITS = 3
"""What a score is rounded to: more would say more of the source than of the twin."""
BETTER: Mapping[str, Better] = {"query_error": "lower", "query_rank": "higher", "join_rows": "higher"}


@dataclass(frozen=True, slots=True)
class Sides:
    """Where the tables are. `source` says of each row whose it is and who is held out."""

    resolved: ResolvedTwin
    source: Files
    twin: Files

    @property
    def sized(self) -> bool:
        """Whether the twin is to have as many rows as the source."""
        return not any(table.rows is not None or table.factor is not None or table.rebalance for table in self.resolved.tables)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a side says: numbers by column and row, the groups they are of, and rows out of the join as a share of its first table."""

    numbers: tuple[Floats, ...]
    labels: tuple[Hashable, ...]
    rows: int
    fan_out: float | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A query's answers; None where a side has none. `hidden` are groups of which nothing may be said."""

    source: Answer | None
    others: Mapping[str, Answer | None]
    hidden: frozenset[Hashable]
    failed: bool
    """whether the twin gave an error where the source gave an answer"""


def workload_scores(queries: Sequence[Query], sides: Sides, *, seconds: float, seed: int, scratch: Path) -> list[Score]:
    """The scores of every query, in order. What is written lies below a folder of `scratch` that is deleted."""
    with tempfile.TemporaryDirectory(dir=scratch, prefix=WORK_PREFIX) as name, ExitStack() as open_sides:
        folder = Path(name)
        files = {"source": sides.source, "twin": sides.twin}
        files["floor"] = write_floor(folder / "floor", resolved=sides.resolved, source=sides.source, seed=derive_seed(seed, "floor"))
        for number in range(HALVINGS):
            made = folder / f"halves{number}"
            halves = write_halves(made, resolved=sides.resolved, source=sides.source, seed=derive_seed(seed, "halves", number))
            files |= {f"{side}{number}": half for side, half in zip(("one", "other"), halves, strict=True)}
        opened = {
            side: open_sides.enter_context(asking(found, sides.resolved, scratch=folder, seconds=seconds)) for side, found in files.items()
        }
        return [score for query in queries for score in _scores(query, _ask(query, opened, sides), opened, sides)]


def _ask(query: Query, sides: Mapping[str, Side], said: Sides) -> Asked:
    nothing = Asked(None, {}, frozenset(), failed=False)
    held = sides["source"].ask(query.held or query.plain) if query.countable else "too long"
    if isinstance(held, str):
        return nothing
    k, hidden = said.resolved.k, frozenset[Hashable]()
    if query.held is not None:
        behind = held.column(MANY)
        labels = _labels(query, held)
        few = pc.fill_null(pc.less(behind, k), True).to_pylist()
        if query.aligned and labels and len(set(labels)) == len(labels):
            hidden = frozenset(label for label, too_few in zip(labels, few, strict=True) if too_few)
            if len(hidden) == len(labels):
                return nothing
        elif max(pc.count_distinct(held.column(ONE)).as_py(), pc.max(behind).as_py() or 0) < k:
            return nothing
    source = _answer(query, held, _fan_out(query, sides["source"], k=k))
    others: dict[str, Answer | None] = {}
    failed = False
    for name, side in sides.items():
        if name != "source":
            rows = side.ask(query.plain)
            failed = failed or (name == "twin" and rows == "failed")
            others[name] = None if isinstance(rows, str) else _answer(query, rows, _fan_out(query, side))
    return Asked(source, others, hidden, failed)


def _fan_out(query: Query, side: Side, *, k: int = 0) -> float | None:
    """Rows out of the join as a share of its first table's; None where nothing may be said, or there is no answer."""
    if query.join is None:
        return None
    out = side.count(query.join.held if k and query.join.held else query.join.plain)
    whole = side.count(query.join.whole)
    if out is None or whole is None or (len(out) > 1 and (out[1] or 0) < k):
        return None
    return float(out[0] / max(1, whole[0]))


def _labels(query: Query, rows: pa.Table) -> tuple[Hashable, ...]:
    columns = [rows.column(place).cast(pa.string()).to_pylist() for place in query.labels]
    return tuple(zip(*columns, strict=True)) if columns else tuple(() for _ in range(rows.num_rows))


def _answer(query: Query, rows: pa.Table, fan_out: float | None) -> Answer:
    numbers = tuple(_floats(rows.column(number.place)) for number in query.numbers)
    return Answer(numbers, _labels(query, rows), rows.num_rows, fan_out)


def _floats(column: pa.ChunkedArray) -> Floats:
    """Nulls and what is no finite number count as nothing."""
    values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def _scores(query: Query, asked: Asked, sides: Mapping[str, Side], said: Sides) -> Iterator[Score]:
    rows = exp.select("count(*)").from_(exp.to_identifier(query.table, quoted=True)).sql("duckdb")
    counts = {name: int((sides[name].count(rows) or (0,))[0]) for name in ("source", "twin")}
    growth = 1.0 if said.sized or not counts["twin"] else counts["source"] / counts["twin"]
    for measure in query.asked.measures:

        def apart(one: str, other: str, scale: float = 1.0, measure: str = measure) -> float | None:
            here = asked.source if one == "source" else asked.others.get(one)
            there = asked.others.get(other)
            return None if here is None or there is None else _distance(measure, query, here, there, asked.hidden, scale)

        halves = [found for number in range(HALVINGS) if (found := apart(f"one{number}", f"other{number}")) is not None]
        yield _score(
            measure,
            query,
            1.0 if asked.failed else apart("source", "twin", growth),
            floor=apart("source", "floor"),
            halves=halves,
            n=min(counts.values()),
        )


def _score(measure: str, query: Query, distance: float | None, *, floor: float | None, halves: Sequence[float], n: int) -> Score:
    """Distances as a score: as they are where lower is better, else their complements."""
    better = BETTER[measure]
    if distance is None:
        worst = 1.0 if better == "lower" else 0.0
        return Score(measure, query.table, worst, 0.0, 1.0, 0, better, columns=(query.name,))

    def shown(value: float) -> float:
        return round(value if better == "lower" else 1 - value, DIGITS)

    reach = max(halves, default=1.0)
    ends = sorted((shown(max(0.0, distance - reach)), shown(min(1.0, distance + reach))))
    ceiling = shown(float(np.mean(halves)) / math.sqrt(2)) if halves else None
    found = None if floor is None else shown(floor)
    return Score(measure, query.table, shown(distance), ends[0], ends[1], n, better, found, ceiling, (query.name,))


def _distance(measure: str, query: Query, one: Answer, other: Answer, hidden: frozenset[Any], scale: float) -> float | None:
    if measure == "join_rows":
        return None if one.fan_out is None or other.fan_out is None else 1 - ratio(one.fan_out, other.fan_out)
    if measure == "query_rank":
        ranked = [[label for label in _ranked(query, side) if label not in hidden] for side in (one, other)]
        return 1 - average_overlap(*ranked, depth=TOP)
    unique = all(len(set(side.labels)) == side.rows for side in (one, other))
    by_label = query.aligned and (unique or one.rows == other.rows == 1)
    parts = []
    for number, here, there in zip(query.numbers, one.numbers, other.numbers, strict=True):
        there = there * scale if number.grows else there
        if by_label:
            sides = [
                {label: value for label, value in zip(side.labels, values.tolist(), strict=True) if label not in hidden}
                for side, values in ((one, here), (other, there))
            ]
            parts.append(relative_error(*matched(*sides)))
        else:
            parts.append(relative_error(*(by_rank if query.ordered else by_size)(here, there)))
    if not by_label or not parts:
        parts.append(relative_error(np.array([float(one.rows)]), np.array([other.rows * (1.0 if by_label else scale)])))
    return float(np.mean(parts))


def _ranked(query: Query, answer: Answer) -> list[Hashable]:
    """The groups, first the first."""
    if query.rank_by is None:
        return list(answer.labels)
    place = [number.place for number in query.numbers].index(query.rank_by)
    return [answer.labels[row] for row in np.argsort(-answer.numbers[place], kind="stable")]
