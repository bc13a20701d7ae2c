"""One study: engines side by side on one table with a real holdout; a table, then one JSON object a line and engine."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks import measures
from benchmarks.peers import asked, find_engine
from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.pairs import pair_statistics
from warehouse_twin.profiling.rules.evidence import Evidence
from warehouse_twin.profiling.rules.mining import mine
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.synthesizers.registry import find_synthesizer

K = 10
Utility = Callable[[pd.DataFrame, pd.DataFrame], float]
"""(rows to train on, real rows to test on) → a figure of merit"""


@dataclass(frozen=True)
class Case:
    """A table with its parts, the utilities measured on it, and the peers it is run against.

    Of a wide table SDMetrics, detection and closeness look at the first `looked_at` columns: every pair of 300 would take an hour.
    """

    name: str
    training: pa.Table
    holdout: pa.Table
    utilities: dict[str, Utility]
    engines: Sequence[str] = ("tree", "independent", "gaussian_copula")
    looked_at: int | None = None

    def part(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows if self.looked_at is None else rows.iloc[:, : self.looked_at]


def seeds(default: int) -> list[int]:
    """1, 2, … as many as the environment's SEEDS says, `default` of them without it."""
    return list(range(1, int(os.environ.get("SEEDS", default)) + 1))


def run(case: Case, *, seeds: Sequence[int]) -> None:
    """Print the study's table and its JSON lines."""
    training, holdout = frame(case.training), frame(case.holdout)
    names = [*case.engines, *asked()]
    ceiling = _ceiling(case, training, holdout)
    lines = [*(_engine(case, name, training, holdout, ceiling, seeds) for name in names), _line(case, "holdout", seeds, [ceiling])]
    columns = [key for key in lines[0] if key not in ("case", "seeds", "versions")]
    print(" | ".join(columns))
    for line in lines:
        print(" | ".join(_figure(line[column]) for column in columns))
    for line in lines:
        print(json.dumps(line))


def frame(table: pa.Table) -> pd.DataFrame:
    found = table.to_pandas(timestamp_as_object=False)
    for name in found:
        if pd.api.types.is_datetime64_any_dtype(found[name]):
            found[name] = found[name].dt.tz_localize(None).astype("datetime64[ns]")
    return found


def profile_of(table: pa.Table) -> TableProfile:
    """The profile as the stage `profile` makes it, every row its own entity; computed in this process, its cost left out on all sides."""
    entities = np.arange(table.num_rows)
    columns = tuple(profile_column(ColumnTask(name, ""), table.column(name), entities, k=K) for name in table.column_names)
    pairs = pair_statistics({name: table.column(name) for name in table.column_names})
    evidence = Evidence(
        profiles={column.name: column for column in columns},
        read=lambda names: {name: table.column(name) for name in names},
        entities=entities,
        k=K,
        pairs={(a, b): information for a, b, information in pairs},
    )
    return TableProfile("table", K, table.num_rows, 0, table.num_rows, 0, columns, pairs=pairs, rules=mine(evidence))


def _engine(
    case: Case, name: str, training: pd.DataFrame, holdout: pd.DataFrame, ceiling: dict[str, Any], seeds: Sequence[int]
) -> dict[str, Any]:
    profile, engine = profile_of(case.training), find_engine(name)
    floor = find_synthesizer("independent").fit(case.training, profile, given=(), parameters={}, seed=1)
    engine.warm(case.training, profile)
    found = []
    for seed in seeds:
        wall = time.perf_counter()
        drawn = engine.draw(case.training, profile, seed=seed)
        costs = {"fit_cpu_s": drawn.fit_cpu_s, "sample_cpu_s": drawn.sample_cpu_s, "wall_s": time.perf_counter() - wall}
        alone = frame(floor.sample(case.training.num_rows, seed=seed + 1_000))
        real = {"trtr": ceiling["trtr"], "exact_copies_holdout": ceiling["exact_copies_holdout"]}
        found.append(_measured(case, frame(drawn.rows), alone, training, holdout, seed=seed) | real | costs)
        print(f"{case.name} {engine.name} seed {seed}: {costs['wall_s']:.1f} s", file=sys.stderr)
    return _line(case, engine.name, seeds, found)


def _ceiling(case: Case, training: pd.DataFrame, holdout: pd.DataFrame) -> dict[str, Any]:
    """The real holdout in the place of the synthetic rows; its detection and closeness have no meaning."""
    shape, trend = measures.quality(case.part(training), case.part(holdout))
    draw = np.random.default_rng(0).permutation(len(training))[: len(holdout)]
    mean, least = measures.all_pairs(*measures.codes(training, holdout, training.iloc[draw]))
    copied = measures.copies(holdout, training)
    return {
        "shape": shape,
        "trend": trend,
        "all_pairs_mean": mean,
        "all_pairs_min": least,
        "c2st": None,
        "c2st_logistic": None,
        "tstr": None,
        "trtr": {name: utility(training, holdout) for name, utility in case.utilities.items()},
        "coverage": measures.coverage(holdout, training, k=K),
        "dcr_excess": None,
        "dcr_draws": None,
        "exact_copies": copied,
        "exact_copies_holdout": copied,
        "fit_cpu_s": None,
        "sample_cpu_s": None,
        "wall_s": None,
    }


def _measured(
    case: Case, drawn: pd.DataFrame, alone: pd.DataFrame, training: pd.DataFrame, holdout: pd.DataFrame, *, seed: int
) -> dict[str, Any]:
    shape, trend = measures.quality(case.part(training), case.part(drawn))
    some = drawn.iloc[np.random.default_rng(seed).permutation(len(drawn))[: len(holdout)]]
    mean, least = measures.all_pairs(*measures.codes(training, holdout, some))
    real, kept, made, floor = measures.encoded(*map(case.part, (training, training, holdout, drawn, alone)))
    boosted, linear = measures.detection(kept, made, seed=seed)
    excess = measures.closer_shares(made, real, kept, seed=seed) - measures.closer_shares(floor, real, kept, seed=seed)
    return {
        "shape": shape,
        "trend": trend,
        "all_pairs_mean": mean,
        "all_pairs_min": least,
        "c2st": boosted,
        "c2st_logistic": linear,
        "tstr": {name: utility(drawn, holdout) for name, utility in case.utilities.items()},
        "coverage": measures.coverage(drawn, training, k=K),
        "dcr_excess": float(excess.mean()),
        "dcr_draws": excess,
        "exact_copies": measures.copies(some, training),
    }


def _line(case: Case, engine: str, seeds: Sequence[int], found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means over seeds, with the peak memory of the process so far and the versions behind the figures."""
    means = {key: _mean([one[key] for one in found]) for key in found[0] if key != "dcr_draws"}
    draws = [one["dcr_draws"] for one in found if one["dcr_draws"] is not None]
    interval = [round(float(bound), 4) for bound in np.quantile(np.concatenate(draws), (0.025, 0.975))] if draws else None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    whole = {"case": case.name, "engine": engine, "seeds": len(seeds), **means, "dcr_excess_interval": interval}
    return {**whole, "peak_mb": round(peak), "versions": dict(_versions())}


def _mean(values: Sequence[Any]) -> Any:
    """The mean of figures, or of each figure of objects; None where there is none."""
    if values[0] is None:
        return None
    if isinstance(values[0], dict):
        return {name: _mean([value[name] for value in values]) for name in values[0]}
    return round(float(np.mean(values)), 4)


def _versions() -> Iterator[tuple[str, str]]:
    for package in ("warehouse-twin", "sdv", "sdmetrics", "scikit-learn", "numpy"):
        yield package, version(package)


def _figure(value: Any) -> str:
    if isinstance(value, dict | list):
        return " / ".join(map(_figure, value.values() if isinstance(value, dict) else value))
    return "–" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
