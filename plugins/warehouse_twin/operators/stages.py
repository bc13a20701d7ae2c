"""An operator per stage: a name in Airflow's graph, and which stage it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from warehouse_twin.errors import TerminalError
from warehouse_twin.operators.base import TwinOperator

if TYPE_CHECKING:
    from warehouse_twin.pipeline import StageResult
    from warehouse_twin.settings import Settings


class ResolveOperator(TwinOperator):
    """Checks the manifest against the source, takes the snapshot and chooses the release number."""

    stage = "resolve"


class ProfileOperator(TwinOperator):
    """Learns types, marginals, pairs, keys and relations."""

    stage = "profile"


class TrainOperator(TwinOperator):
    """Fits the synthesizers of one table, or of all."""

    stage = "train"


class SynthesizeOperator(TwinOperator):
    """Draws the whole schema."""

    stage = "synthesize"


class MaterializeOperator(TwinOperator):
    """Builds the candidate schema with dbt."""

    stage = "materialize"


class GateOperator(TwinOperator):
    """Measures and decides; a failed verdict fails the task."""

    stage = "gate"


class ReleaseOperator(TwinOperator):
    """Versions data, verdict and manifest together."""

    stage = "release"


class PublishOperator(TwinOperator):
    """Repoints the public schema, and tells Airflow's assets which release readers now see."""

    stage = "publish"

    def announce(self, context: Mapping[str, Any], settings: Settings, result: StageResult) -> None:
        from warehouse_twin.receipts import Receipt

        gate = Receipt.read(settings.workspace.run(result.twin, result.release) / "receipts" / "gate.json")
        extra = {
            "release": f"{result.twin}@{result.release}",
            "verdict": gate.facts["verdict"],
            "data_digest": result.receipt.facts["data_digest"],
        }
        for outlet in self.outlets:
            # The key must be the outlet itself: an equal-looking Asset made here, with another name, would lose the extra.
            context["outlet_events"][outlet].extra = extra


class AuditOperator(TwinOperator):
    """Walks and re-verifies the chain of a release, the published one when none is named; a broken link fails the task.

    It is in no twin's DAG. A DAG scheduled on the asset of a twin audits every release as it is published.
    """

    stage = "audit"

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        from warehouse_twin.stages.audit import audit

        try:
            settings, manifest = self.read()
            release = self.release_number()
            report = audit(settings, manifest, f"{self.twin}@{'published' if release is None else release}")
        except TerminalError as error:
            raise AirflowFailException(str(error)) from error
        if not report.ok:
            raise AirflowFailException("\n".join(report.lines()))
        return {"stage": self.stage, "twin": self.twin, "release": report.release, "links": len(report.links), "passed": True}
