"""How far a twin keeps the rules that hold in every row of its source."""

from __future__ import annotations

from collections.abc import Mapping

from warehouse_twin.metrics.replicates import exact
from warehouse_twin.metrics.score import Score


def broken_rules(table: str, broken: Mapping[str, int], *, rows: int) -> Score:
    """The share of rows that break the rule which is broken most, named in `columns`: in [0, 1], lower is better, counted.

    `broken` is rows by rule. Rules are made of names of columns and of numbers that hold in every row.
    """
    worst = max(broken, key=lambda rule: broken[rule], default="")
    share = broken.get(worst, 0) / max(rows, 1)
    return exact("broken_rules", table, share, n=rows, columns=(worst,) if share else (), better="lower")
