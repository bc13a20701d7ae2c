"""Differential privacy on Adult, end to end: `DATA=<folder> make bench CASE=dp`, the folder as for CASE=adult.

`marginal` learns domains, counts and the number of rows within the promise; nothing is declared. EPSILONS="1 5" for some, SEEDS=5.
PEERS=mst adds engines in environments of their own, as in `peers.py`; they find EPSILON and DELTA in their environment. Exit status 1
when a goal at epsilon 1 is missed.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.adult import predicts_income
from benchmarks.measures import all_pairs, codes
from benchmarks.peers import Elsewhere, asked, find_engine
from benchmarks.study import seeds
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.privacy.accounting import Promise
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.synthesizers.marginal_schemas import Counted, fit_schema

DELTA = 1e-5
PAIRS, UTILITY, CPU = 0.94, 0.84, 60.0
"""Wanted at epsilon 1: mean of all pairs, AUC of income, CPU seconds a run."""
Draw = Callable[[pa.Table, float, int], tuple[pa.Table, float]]


def marginal(training: pa.Table, epsilon: float, seed: int) -> tuple[pa.Table, float]:
    """As many rows as were counted with noise, and CPU seconds."""
    started = time.process_time()
    counted = Counted(training, np.arange(len(training), dtype=np.int64))
    model = fit_schema({"adult": counted}, promise=Promise(epsilon, DELTA), held_out=0.0, seed=seed)
    rows = model.sample_schema({}, seed=seed)["adult"][0]
    if model.account.total.epsilon(DELTA) > epsilon * (1 + 1e-9):
        raise AssertionError("more was spent than promised")
    return rows, time.process_time() - started


def peer(name: str) -> Draw:
    """An engine elsewhere; it is told what to promise."""
    engine = find_engine(name)
    if not isinstance(engine, Elsewhere):
        raise ConfigurationError(f"{name} promises nothing; wanted a command in PEER_{name.upper()}")
    nothing = TableProfile("adult", 2, 0, 0, 0, 0, ())

    def draw(training: pa.Table, epsilon: float, seed: int) -> tuple[pa.Table, float]:
        os.environ |= {"EPSILON": repr(epsilon), "DELTA": repr(DELTA)}
        found = engine.draw(training, nothing, seed=seed)
        return found.rows, found.fit_cpu_s + found.sample_cpu_s

    return draw


def measured(training: pd.DataFrame, holdout: pd.DataFrame, rows: pd.DataFrame, *, seed: int) -> tuple[float, float]:
    """Mean of all pairs against the holdout at equal size, of any rows as some engines draw theirs in groups, and AUC of income there."""
    synthetic, real = codes(training, rows.sample(n=min(len(rows), len(holdout)), random_state=seed), holdout)
    return float(all_pairs(synthetic, real)[0]), predicts_income(rows, holdout)


def main() -> int:
    data = Path(os.environ.get("DATA", ""))
    if not (data / "train.parquet").is_file():
        print("the case needs DATA=<folder> with train.parquet and holdout.parquet (UCI Adult, split once)", file=sys.stderr)
        return 2
    training, holdout = (pq.read_table(data / f"{part}.parquet") for part in ("train", "holdout"))
    real, held = training.to_pandas(), holdout.to_pandas()
    engines: dict[str, Draw] = {"marginal": marginal} | {name: peer(name) for name in asked()}
    good = True
    print("engine | epsilon | all_pairs mean (least) | income AUC mean (least) | CPU s a run | runs")
    for name, draw in engines.items():
        for epsilon in map(float, os.environ.get("EPSILONS", "0.5 1 2 5 10").split()):
            drawn = [draw(training, epsilon, seed) for seed in seeds(5)]
            found = np.asarray([measured(real, held, rows.to_pandas(), seed=seed) for seed, (rows, _) in zip(seeds(5), drawn, strict=True)])
            cpu = float(np.mean([seconds for _, seconds in drawn]))
            (pairs, utility), least = found.mean(axis=0), found.min(axis=0)
            told = f"{pairs:.4f} ({least[0]:.4f}) | {utility:.4f} ({least[1]:.4f}) | {cpu:.1f}"
            print(f"{name} | {epsilon:g} | {told} | {len(drawn)}", flush=True)
            if (name, epsilon) == ("marginal", 1.0):
                good = pairs >= PAIRS and utility >= UTILITY and cpu <= CPU
    ceiling, income = all_pairs(*codes(real, real.sample(len(held), random_state=0), held))[0], predicts_income(real, held)
    print(f"real training rows | | {ceiling:.4f} | {income:.4f} | |")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
