"""The report of a gate: one HTML file that a person who decides about data can read on any screen, on paper and offline.

It shows what the verdict says and never judges again. It holds names, counts, scores and shares, and no value that
fewer than k entities hold.
The page is the same, byte for byte, for the same inputs: the gate digests what it leaves behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse_twin.gates.report_charts import Bar
from warehouse_twin.gates.report_readings import mapping, number, read_all, whole
from warehouse_twin.gates.report_schema import graph_of
from warehouse_twin.gates.report_tables import table_views
from warehouse_twin.gates.report_views import promise_of, summary_of
from warehouse_twin.gates.report_words import MEASURES
from warehouse_twin.workspace import write_text

__all__ = ["document_of", "write_report"]

SCHEMA_VERSION = 1

_SAMPLE = Bar(value=74.0, interval=(66.0, 82.0), span=(14.0, 92.0), floor=14.0, ceiling=92.0, goal=58.0, description="")
"""The bar that explains the bars."""


FACTS = ("rows", "holdout", "repairs", "orphans", "lost", "made_up", "privacy")
"""What the receipts of earlier stages say that the page shows, by table or foreign key."""


def document_of(
    verdict: Mapping[str, Any],
    scores: Mapping[str, Any],
    resolved: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    pairs: Mapping[str, Any],
    pictures: Mapping[str, Any],
) -> dict[str, Any]:
    """All that the page shows, as JSON: what the gate leaves, the resolved twin, and of `facts` those that are shown."""
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": verdict,
        **scores,
        "resolved": resolved,
        "facts": {name: facts[name] for name in FACTS if name in facts},
        "pairs": pairs,
        "pictures": pictures,
    }


def write_report(file: Path, document: Mapping[str, Any]) -> None:
    """Write the page of a document, as `document_of` makes it, to `file`, atomically.

    `pairs` maps a table to its matrices of pair trends (`columns`, `value`, `floor`, `ceiling`), `pictures` to what is drawn of it. Any
    part may be missing: what is not there is not shown, or said to be missing.
    """
    verdict, resolved = mapping(document.get("verdict")), mapping(document.get("resolved"))
    readings = read_all(document, verdict)
    tables = table_views(document, readings)
    anchors = {table.name: table.anchor for table in tables}
    repairs = mapping(mapping(document.get("facts")).get("repairs"))
    page = _template().render(
        summary=summary_of(verdict, resolved, anchors, readings),
        tables=tables,
        graph=graph_of(resolved, tables),
        repairs=[(str(key), whole(count)) for key, count in sorted(repairs.items()) if number(count)],
        promise=promise_of(mapping(mapping(document.get("facts")).get("privacy"))),
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
