"""What a release holds of the gate's files is what its own list says."""

from __future__ import annotations

from warehouse_twin.lineage.naming import GATE_FILES
from warehouse_twin.lineage.release_links import ReleaseFacts
from warehouse_twin.manifest.resolved import ResolvedTwin

TWIN = ResolvedTwin("shop", "prod", "shop", "dev", "shop", 1, None, 10, 0.2, ())


def test_a_release_made_before_there_was_a_report_as_json_is_not_asked_for_it() -> None:
    def held(*names: str) -> tuple[str, ...]:
        return ReleaseFacts("shop", 1, "c", "d", {"documents": dict.fromkeys(names, "sha256")}, {}, TWIN).gate_files

    assert held("resolved.json", *GATE_FILES) == GATE_FILES
    assert held("report.html", "scores.json", "verdict.json") == ("scores.json", "verdict.json", "report.html")
