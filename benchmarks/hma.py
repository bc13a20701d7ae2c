"""SDV's HMASynthesizer over Arrow tables, and the part of a schema that it accepts: five tables, and no child of a child."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.linked import Linked, Schema, Tables, plain, telling
from benchmarks.measures import numeric

TABLES = 5


@dataclass(frozen=True)
class Drawn:
    """Synthetic tables and the CPU seconds they took, imports excluded."""

    tables: Mapping[str, pa.Table]
    fit_cpu_s: float
    sample_cpu_s: float


def accepted(schema: Schema) -> bool:
    """Whether HMA takes it: it says so itself, but only after minutes of preparation."""
    parents = {key.references for _, key in schema.keys}
    children = {name for name, _ in schema.keys}
    return len(schema.tables) <= TABLES and not parents & children and all(len(key.columns) == 1 for _, key in schema.keys)


def draw(schema: Schema, tables: Tables, *, seed: int) -> Drawn:
    """Fit and sample as many rows. Keys come as ids, texts that differ in most rows as unknown: HMA does not model these."""
    import torch
    from sdv.metadata import Metadata
    from sdv.multi_table import HMASynthesizer

    for name in ("sdv", "rdt", "copulas", "MultiTableSynthesizer", "HMASynthesizer"):
        logging.getLogger(name).setLevel(logging.ERROR)
    np.random.seed(seed)
    torch.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        synthesizer = HMASynthesizer(Metadata.load_from_dict(_metadata(schema, tables)), verbose=False)
        started = time.process_time()
        synthesizer.fit({table.name: _frame(schema, table.name, tables) for table in schema.tables})
        fitted = time.process_time()
        sampled = synthesizer.sample_scale(1.0)
        done = time.process_time()
    found = {name: pa.Table.from_pandas(frame, preserve_index=False) for name, frame in sampled.items()}
    return Drawn(found, fitted - started, done - fitted)


def _frame(schema: Schema, name: str, tables: Tables) -> pd.DataFrame:
    """Times as nanoseconds (`plain`): of microseconds SDV makes dates in 1970. Keys as text, lest a missing one makes them floats."""
    frame = plain(tables[name])
    for column in _keys(schema, name):
        values = tables[name].column(column).cast(pa.string(), safe=False)
        frame[column] = pd.Series(values.to_pandas(), dtype=object)
    return frame


def _keys(schema: Schema, name: str) -> set[str]:
    table = schema[name]
    return set(table.primary_key if len(table.primary_key) == 1 else ()).union(*(key.columns for key in table.foreign_keys))


def _metadata(schema: Schema, tables: Tables) -> dict[str, Any]:
    compared = telling(schema, Linked(schema, tables))
    described: dict[str, Any] = {}
    for table in schema.tables:
        frame, keys = plain(tables[table.name]), _keys(schema, table.name)
        kinds = {str(name): "id" if name in keys else _kind(frame[name], str(name) in compared[table.name]) for name in frame}
        described[table.name] = {"columns": {name: {"sdtype": kind} for name, kind in kinds.items()}}
        if len(table.primary_key) == 1:
            described[table.name]["primary_key"] = table.primary_key[0]
    relationships = [
        {
            "parent_table_name": key.references,
            "parent_primary_key": key.references_columns[0],
            "child_table_name": name,
            "child_foreign_key": key.columns[0],
        }
        for name, key in schema.keys
    ]
    return {"tables": described, "relationships": relationships}


def _kind(column: pd.Series[Any], compared: bool) -> str:
    if pd.api.types.is_datetime64_any_dtype(column):
        return "datetime"
    return "numerical" if numeric(column) is not None else "categorical" if compared else "unknown"
