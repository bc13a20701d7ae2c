"""Values picked from a list, each as often as its weight says; a constant is a list of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.generators.expressions import values_of
from warehouse_twin.randomness import uniforms


def make_choices(detail: Mapping[str, Any], counters: NDArray[np.int64], sql_type: str, kind: pa.DataType, *, seed: int) -> pa.Array:
    """A value a counter, of an Arrow type."""
    ends = np.cumsum(np.asarray(detail["weights"], dtype=np.float64))
    picked = np.searchsorted(ends / ends[-1], uniforms(counters, seed=seed, stream="choice"), side="right")
    return values_of(detail["values"], sql_type, kind).take(pa.array(np.minimum(picked, len(ends) - 1)))
