"""Which libraries computed a score: one that was computed by another version is another score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import version

from warehouse_twin import __version__
from warehouse_twin.metrics.score import Score

_TRAINED = ("numpy", "scikit-learn")
_LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "detection": _TRAINED,
    "detection_with_children": _TRAINED,
    "utility": (*_TRAINED, "scipy"),
    "utility_worst": (*_TRAINED, "scipy"),
    "opportunity": _TRAINED,
    "opportunity_error": _TRAINED,
    "query_error": ("numpy", "duckdb", "sqlglot"),
    "query_rank": ("numpy", "duckdb", "sqlglot"),
    "join_rows": ("numpy", "duckdb", "sqlglot"),
}


def stamped(scores: Iterable[Score]) -> list[Score]:
    """The scores with the versions of what computed them; those that carry some keep them."""
    return [score if score.computed_by else replace(score, computed_by=dict(_versions(score.measure))) for score in scores]


@cache
def _versions(measure: str) -> Mapping[str, str]:
    """Our own, as the measures are defined here, and those of the libraries that counted, sorted or trained."""
    return {"warehouse-twin": __version__} | {name: version(name) for name in _LIBRARIES.get(measure, ("numpy",))}
