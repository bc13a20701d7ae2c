"""Profiles of all tables in one Spark job: one task a column or foreign key, two a table for its rows and its pairs.

Each task reads just the Parquet columns it needs from the snapshot and calls the pure functions of this folder, so a job's
memory is one column a core, and tests call the same code without Spark.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.profiling.cells import numeric_cells
from warehouse_twin.profiling.columns import ColumnTask, enum_labels, profile_column
from warehouse_twin.profiling.matching import child_counts, columns_of, duplicated, match_rows
from warehouse_twin.profiling.pairs import pair_statistics
from warehouse_twin.profiling.recognition import with_one_locale
from warehouse_twin.profiling.snapshot_parts import ENTITY, spread_training, training_part
from warehouse_twin.profiling.spelled import spelling
from warehouse_twin.profiling.table_profile import ColumnProfile, KeyProfile, Part, TableProfile
from warehouse_twin.spark_session import mapped

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MAX_BATCHES = 64
BATCH_COST = 200_000.0
"""Rows of a number that are worth a Spark task."""


@dataclass(frozen=True, slots=True)
class Task:
    """One unit of work: a column, a foreign key, a table's rows or its pairs; `detail` is plain JSON."""

    table: str
    what: str
    detail: Mapping[str, Any]


def profile_twin(spark: SparkSession, twin: ResolvedTwin, snapshot: Path) -> dict[str, TableProfile]:
    """The profile of every protected table's training part."""
    tasks = [task for table in twin.protected for task in tasks_of(twin, table)]
    results = _in_spark(spark, tasks, snapshot=snapshot, k=twin.k)
    return {table.name: assembled(twin, table, tasks, results) for table in twin.protected}


def tasks_of(twin: ResolvedTwin, table: ResolvedTable) -> list[Task]:
    """The tasks of one table: its rows, its pairs, its foreign keys, its columns."""
    tasks = [Task(table.name, "rows", {"primary_key": table.table.primary_key})]
    tasks.append(Task(table.name, "pairs", {"columns": [name for name in table.table.column_names if name not in table.made]}))
    keys = {*table.table.primary_key, *(name for key in table.table.foreign_keys for name in key.columns)}
    for key in table.table.foreign_keys:
        tasks.append(Task(table.name, "key", asdict(key)))
    for column in table.table.columns:
        if column.name in table.made:
            counted = table.generators[column.name].keeps_nulls and column.nullable
            tasks.append(Task(table.name, "made", {"name": column.name, "sql_type": column.sql_type, "counted": counted}))
            continue
        detail = {
            "name": column.name,
            "sql_type": spelling(table.table, column),
            "nullable": column.nullable,
            "kind": table.kinds.get(column.name, "code" if table.table.primary_key == (column.name,) else None),
            "pii": table.pii.get(column.name),
            "domain": _domain(twin, table, column.name),
            "key": column.name in keys,
        }
        tasks.append(Task(table.name, "column", detail))
    return tasks


def _domain(twin: ResolvedTwin, table: ResolvedTable, column: str) -> tuple[str, str] | None:
    """The reference table and column whose values are a column's public domain."""
    for key in table.table.foreign_keys:
        if key.columns == (column,) and twin[key.references].keep_real:
            return key.references, key.references_columns[0]
    return None


def _in_spark(spark: SparkSession, tasks: Sequence[Task], *, snapshot: Path, k: int) -> list[Any]:
    """The result of each task, in order."""
    batches = batches_of([_cost(task, snapshot) for task in tasks], cores=spark.sparkContext.defaultParallelism)
    details = [[json.dumps(asdict(tasks[index])) for index in batch] for batch in batches]

    def run(number: int) -> list[tuple[int, str]]:
        done = [json.dumps(perform(Task(**json.loads(detail)), snapshot=snapshot, k=k)) for detail in details[number]]
        return list(zip(batches[number], done, strict=True))

    results = {index: json.loads(result) for part in mapped(spark, run, len(batches)) for index, result in part}
    return [results[index] for index in range(len(tasks))]


def _cost(task: Task, snapshot: Path) -> float:
    """Roughly how long a task takes, in rows of a number."""
    rows = float(pq.read_metadata(snapshot / f"{task.table}.parquet").num_rows)
    if task.what == "column":
        return rows * (4.0 if task.detail["sql_type"] == "VARCHAR" else 1.0)
    return rows * 0.2 * len(task.detail["columns"]) if task.what == "pairs" else rows * 2.0


def batches_of(costs: Sequence[float], *, cores: int) -> list[list[int]]:
    """Places of tasks in batches of about equal cost, the dearest batch first, so that cores stay busy to the end.

    There are as many batches as keep the cost of starting each small: one a core when all is little.
    """
    count = min(len(costs), MAX_BATCHES, max(cores, int(sum(costs) / BATCH_COST)))
    loads = [(0.0, number) for number in range(count)]
    batches: list[list[int]] = [[] for _ in range(count)]
    for place in sorted(range(len(costs)), key=lambda place: (-costs[place], place)):
        load, number = heapq.heappop(loads)
        batches[number].append(place)
        heapq.heappush(loads, (load + costs[place], number))
    return sorted(batches, key=lambda batch: -sum(costs[place] for place in batch))


def perform(task: Task, *, snapshot: Path, k: int) -> Any:
    """One task, on whichever machine it runs; returns plain JSON."""
    if task.what == "rows":
        return _profile_rows(task, snapshot)
    if task.what == "pairs":
        columns = list(task.detail["columns"])
        training = spread_training(snapshot / f"{task.table}.parquet", columns)
        return [list(pair) for pair in pair_statistics({name: training.column(name) for name in columns})]
    if task.what == "key":
        return asdict(_profile_key(task, snapshot, k=k))
    if task.what == "made":
        return asdict(_profile_made(task, snapshot))
    detail = dict(task.detail)
    name, domain = detail["name"], detail["domain"]
    training = _training(snapshot, task.table, [name])
    known = enum_labels(detail["sql_type"])
    if domain is not None:
        reference = pq.read_table(snapshot / f"{domain[0]}.parquet", columns=[domain[1]]).column(0)
        known = set(pc.drop_null(reference).cast(pa.string()).to_pylist())
    pii = tuple(detail["pii"]) if detail["pii"] else None
    said = {field: detail[field] for field in ("kind", "nullable", "key")}
    column = ColumnTask(name, detail["sql_type"], pii=pii, domain=known, **said)
    return asdict(profile_column(column, training.column(name), training.column(ENTITY).to_numpy(), k=k))


def _training(snapshot: Path, table: str, columns: Sequence[str]) -> pa.Table:
    return training_part(snapshot / f"{table}.parquet", [*columns, ENTITY])


def _profile_rows(task: Task, snapshot: Path) -> dict[str, int]:
    key = list(task.detail["primary_key"])
    training = _training(snapshot, task.table, key)
    return {
        "rows": training.num_rows,
        "holdout_rows": pq.read_metadata(snapshot / f"{task.table}.parquet").num_rows - training.num_rows,
        "entities": int(pc.count_distinct(training.column(ENTITY)).as_py()),
        "duplicates": int(duplicated(columns_of(training, key)).sum()) if key else 0,
    }


def _profile_made(task: Task, snapshot: Path) -> ColumnProfile:
    """A column that a generator makes: how many values are missing, where that is wanted, and nothing else of it."""
    name, training = task.detail["name"], _training(snapshot, task.table, [task.detail["name"]] if task.detail["counted"] else [])
    nulls = training.column(name).null_count if task.detail["counted"] else 0
    return ColumnProfile(name, task.detail["sql_type"], "made", training.num_rows, nulls, 0, ())


def _profile_key(task: Task, snapshot: Path, *, k: int) -> KeyProfile:
    """Orphans and nulls of training children, and cells of children per training parent.

    A parent counts all its children, held out or not, as the gate does: where rows are split one by one, a part of the children
    would make every family smaller than it is.
    """
    columns, references = tuple(task.detail["columns"]), task.detail["references"]
    parent_columns = list(task.detail["references_columns"])
    child = columns_of(_training(snapshot, task.table, columns), columns)
    children = columns_of(pq.read_table(snapshot / f"{task.table}.parquet", columns=list(columns)), columns)
    parent = _training(snapshot, references, parent_columns)
    whole = columns_of(pq.read_table(snapshot / f"{references}.parquet", columns=parent_columns), parent_columns)
    filled = np.logical_and.reduce([column.is_valid().to_numpy() for column in child])
    known = match_rows(child, whole) >= 0
    counts = child_counts(match_rows(children, columns_of(parent, parent_columns)), parent.num_rows)
    cells, protected = numeric_cells(counts.astype(np.float64), parent.column(ENTITY).to_numpy(), k=k)
    rows = max(1, len(filled))
    return KeyProfile(
        columns=columns,
        references=references,
        orphans=float((filled & ~known).sum()) / rows,
        nulls=float((~filled).sum()) / rows,
        children=Part("number", cells=cells, step=1.0, protected=protected),
    )


def assembled(twin: ResolvedTwin, table: ResolvedTable, tasks: Sequence[Task], results: Sequence[Any]) -> TableProfile:
    """The profile of one table from the results of its tasks; those of other tables may be among them."""
    mine = [(task, result) for task, result in zip(tasks, results, strict=True) if task.table == table.name]
    (rows,) = (result for task, result in mine if task.what == "rows")
    (pairs,) = (result for task, result in mine if task.what == "pairs")
    return TableProfile(
        table=table.name,
        k=twin.k,
        columns=with_one_locale([ColumnProfile.from_dict(result) for task, result in mine if task.what in ("column", "made")]),
        keys=tuple(KeyProfile.from_dict(result) for task, result in mine if task.what == "key"),
        pairs=tuple((a, b, information) for a, b, information in pairs),
        **rows,
    )
