"""What the scripts of this folder share: the arguments of `peers.py`, the promise, and CPU seconds.

A script is run by the interpreter of its peer's own environment, so nothing here imports more than pandas (with pyarrow).
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable

import pandas as pd

PREPROCESSING = 0.1
"""Of epsilon, for what is learned before the model: bounds and categories. About what mostlyai-engine and dpmm give it by default."""

Sample = Callable[[int], pd.DataFrame]
Fit = Callable[[pd.DataFrame, float, float, int], Sample]
"""(rows to learn from, epsilon in all, delta, seed) → what draws as many rows as it is told"""


def categories(rows: pd.DataFrame) -> list[str]:
    """The columns of text; all others are numbers."""
    return [name for name in rows if not pd.api.types.is_numeric_dtype(rows[name])]


def run(fit: Fit) -> None:
    """Fit and sample as the last four arguments and the environment say; the costs are the last line that is printed."""
    source, target, rows, seed = sys.argv[-4:]
    training = pd.read_parquet(source)
    started = _cpu()
    sample = fit(training, float(os.environ["EPSILON"]), float(os.environ["DELTA"]), int(seed))
    fitted = _cpu()
    drawn = sample(int(rows))
    sampled = _cpu()
    drawn.to_parquet(target, index=False)
    print(json.dumps({"fit_cpu_s": fitted - started, "sample_cpu_s": sampled - fitted}))


def _cpu() -> float:
    """Seconds of this process, all its threads, and the children that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
