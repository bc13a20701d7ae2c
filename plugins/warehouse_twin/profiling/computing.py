"""Profiles of all tables in two Spark jobs: one task a column or foreign key, one task a table for its pairs.

Each task reads just the Parquet columns it needs from the snapshot and calls the pure functions of this folder, so a job's
memory is one column a core, and tests call the same code without Spark.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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
from warehouse_twin.profiling.table_profile import ColumnProfile, KeyProfile, Part, TableProfile

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ENTITY, HOLDOUT = "__entity", "__holdout"


@dataclass(frozen=True, slots=True)
class Task:
    """One unit of work: a column, a foreign key, or a table's pairs; `detail` is plain JSON."""

    table: str
    what: str
    detail: Mapping[str, Any]


def profile_twin(spark: SparkSession, twin: ResolvedTwin, snapshot: Path) -> dict[str, TableProfile]:
    """The profile of every protected table's training part."""
    tasks = [task for table in twin.protected for task in tasks_of(twin, table)]
    results = _in_spark(spark, tasks, snapshot=snapshot, k=twin.k)
    return {table.name: assembled(twin, table, tasks, results, snapshot) for table in twin.protected}


def tasks_of(twin: ResolvedTwin, table: ResolvedTable) -> list[Task]:
    """The tasks of one table: its pairs, its foreign keys, its columns."""
    tasks = [Task(table.name, "pairs", {"columns": table.table.column_names})]
    keys = {*table.table.primary_key, *(name for key in table.table.foreign_keys for name in key.columns)}
    for key in table.table.foreign_keys:
        tasks.append(Task(table.name, "key", asdict(key)))
    for column in table.table.columns:
        detail = {
            "name": column.name,
            "sql_type": column.sql_type,
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
    """The result of each task, in order. Long tasks are put first so that cores stay busy."""
    rows = [(index, json.dumps(asdict(task))) for index, task in enumerate(tasks)]
    frame = spark.createDataFrame(rows, "task int, detail string").repartition(min(len(rows), 64), "task")

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            done = [
                json.dumps(perform(Task(**json.loads(detail)), snapshot=snapshot, k=k)) for detail in batch.column("detail").to_pylist()
            ]
            yield pa.record_batch({"task": batch.column("task"), "result": pa.array(done, type=pa.string())})

    found = frame.mapInArrow(run, "task int, result string").collect()
    results: dict[int, Any] = {row.task: json.loads(row.result) for row in found}
    return [results[index] for index in range(len(tasks))]


def perform(task: Task, *, snapshot: Path, k: int) -> Any:
    """One task, on whichever machine it runs; returns plain JSON."""
    if task.what == "pairs":
        columns = list(task.detail["columns"])
        training = _training(snapshot, task.table, columns)
        return [list(pair) for pair in pair_statistics({name: training.column(name) for name in columns})]
    if task.what == "key":
        return asdict(_profile_key(task, snapshot, k=k))
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
    names = [*dict.fromkeys(columns), ENTITY, HOLDOUT]
    whole = pq.read_table(snapshot / f"{table}.parquet", columns=names)
    return whole.filter(pc.invert(whole.column(HOLDOUT)))


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


def assembled(
    twin: ResolvedTwin, table: ResolvedTable, tasks: Sequence[Task], results: Sequence[Any], snapshot: Path
) -> TableProfile:
    """The profile of one table from the results of its tasks; those of other tables may be among them."""
    mine = [(task, result) for task, result in zip(tasks, results, strict=True) if task.table == table.name]
    key = list(table.table.primary_key)
    training = _training(snapshot, table.name, key)
    held = pq.read_table(snapshot / f"{table.name}.parquet", columns=[HOLDOUT]).column(HOLDOUT)
    profile = TableProfile(
        table=table.name,
        k=twin.k,
        rows=training.num_rows,
        holdout_rows=int(pc.sum(held).as_py() or 0),
        entities=int(pc.count_distinct(training.column(ENTITY)).as_py()),
        duplicates=int(duplicated(columns_of(training, key)).sum()) if key else 0,
        columns=with_one_locale([ColumnProfile.from_dict(result) for task, result in mine if task.what == "column"]),
        keys=tuple(KeyProfile.from_dict(result) for task, result in mine if task.what == "key"),
    )
    pairs = next(result for task, result in mine if task.what == "pairs")
    return replace(profile, pairs=tuple((a, b, information) for a, b, information in pairs))
