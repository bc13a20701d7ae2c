"""The report of a gate: one HTML file that a person who decides about data can read on any screen, on paper and offline.

It shows what the verdict says and never judges again. It holds names, counts and scores, and no value of any row.
The page is the same, byte for byte, for the same inputs: the gate digests what it leaves behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse_twin.gates.report_charts import Bar
from warehouse_twin.gates.report_readings import mapping, number, read_all, whole
from warehouse_twin.gates.report_tables import table_views
from warehouse_twin.gates.report_views import summary_of
from warehouse_twin.gates.report_words import MEASURES
from warehouse_twin.workspace import write_text

__all__ = ["write_report"]

_SAMPLE = Bar(value=74.0, interval=(66.0, 82.0), span=(14.0, 92.0), floor=14.0, ceiling=92.0, goal=58.0, description="")
"""The bar that explains the bars."""


def write_report(
    *,
    file: Path,
    verdict: Mapping[str, Any],
    scores: Mapping[str, Any],
    pairs: Mapping[str, Any] | None,
    resolved: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> None:
    """Write the report of one release to `file`, atomically.

    `verdict` and `scores` are what the gate leaves as JSON, `resolved` is `ResolvedTwin.to_dict()`, `pairs` maps a table
    to its matrices of pair trends (`columns`, `value`, `floor`, `ceiling`), `facts` may hold `rows`, `holdout` and
    `repairs`, by table or foreign key. Any part may be missing: what is not there is not shown, or said to be missing.
    """
    readings = read_all(mapping(scores), mapping(verdict))
    tables = table_views(scores=mapping(scores), pairs=mapping(pairs), resolved=mapping(resolved), facts=mapping(facts), readings=readings)
    anchors = {table.name: table.anchor for table in tables}
    repairs = [(str(key), whole(count)) for key, count in sorted(mapping(mapping(facts).get("repairs")).items()) if number(count)]
    page = _template().render(
        summary=summary_of(mapping(verdict), mapping(resolved), anchors, readings),
        tables=tables,
        repairs=repairs,
        measures=MEASURES,
        sample=_SAMPLE,
    )
    write_text(file, page)


def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html")
