"""The one operator: run a stage of a twin through the pipeline and hand on a reference.

It translates and nothing else. Airflow's connections become URLs of warehouses; an error that trying again cannot help
fails the task at once, and any other is left to Airflow's retries; a failed verdict fails the task and says which scores
failed. XCom carries stage, release and key, never data.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTerminated

from warehouse_twin.errors import ConfigurationError, TerminalError

if TYPE_CHECKING:
    from warehouse_twin.manifest.model import Manifest
    from warehouse_twin.pipeline import StageResult
    from warehouse_twin.settings import Settings


class VerdictFailed(AirflowFailException):
    """The gate decided against the release: not an error of the run, and nothing a retry could change."""


class TwinOperator(BaseOperator):
    """Runs one stage of one twin.

    Args:
        twin: the twin's name.
        release: number of the release to work on; `resolve` leaves it out and chooses one, the others are told by XCom.
        table: for `train` alone, one table; None means all of them.
        project: folder with `twins/`; default: TWIN_PROJECT, or the working directory.
        workspace: the workspace; default: TWIN_WORKSPACE, or `.twin` in the project.
    """

    stage: ClassVar[str]
    template_fields = ("twin", "release", "table", "project", "workspace")
    ui_color = "#dff0ea"

    def __init__(
        self,
        *,
        twin: str,
        release: int | str | None = None,
        table: str | None = None,
        project: str | None = None,
        workspace: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.twin = twin
        self.release = release
        self.table = table
        self.project = project
        self.workspace = workspace
        self.skipped = False

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Run the stage. Raises VerdictFailed, AirflowFailException for what cannot be retried, or the stage's own error."""
        settings, result = self.run_stage()
        self.announce(context, settings, result)
        return reference(result)

    def run_stage(self) -> tuple[Settings, StageResult]:
        from warehouse_twin import pipeline

        try:
            settings, _ = self.read()
            result = pipeline.run_stage(
                self.stage, self.twin, settings=settings, release=self.release_number(), table=self.table, on_progress=self._say
            )
        except TerminalError as error:
            raise AirflowFailException(str(error)) from error
        if result.passed is False:
            raise VerdictFailed(failed_verdict(settings, result))
        self.skipped = result.skipped
        return settings, result

    def announce(self, context: Mapping[str, Any], settings: Settings, result: StageResult) -> None:
        """What a stage tells Airflow beside its reference: nothing, but for `publish`."""

    def on_kill(self) -> None:
        """Airflow asks the task to end: leave through the stage's clean-up, before Airflow kills the process."""
        raise AirflowTaskTerminated(f"{self.stage} of {self.twin} was told to stop")

    def release_number(self) -> int | None:
        """The release as a number; a template makes text of it."""
        if self.release is None:
            return None
        try:
            return int(self.release)
        except ValueError:
            raise ConfigurationError(f"{self.task_id}: release: wanted a number, got {self.release!r}") from None

    def read(self) -> tuple[Settings, Manifest]:
        """Settings of this process, with the Airflow connections that the manifest's warehouses have; and the manifest."""
        from warehouse_twin.manifest.loading import find_manifest, load
        from warehouse_twin.operators.warehouse_connections import known
        from warehouse_twin.settings import from_environment

        given = {"TWIN_PROJECT": self.project, "TWIN_WORKSPACE": self.workspace}
        environment = {**os.environ, **{name: value for name, value in given.items() if value}}
        manifest = load(find_manifest(self.twin, from_environment(environment).twins)).manifest
        connections = known({manifest.source.warehouse, manifest.target.warehouse})
        return from_environment(environment, connections=connections), manifest

    def _say(self, text: str) -> None:
        self.log.info("%s", text)


def reference(result: StageResult) -> dict[str, Any]:
    """What XCom carries from task to task."""
    return {
        "stage": result.stage,
        "twin": result.twin,
        "release": result.release,
        "table": result.table,
        "key": result.receipt.key,
        "skipped": result.skipped,
        "passed": result.passed,
    }


def failed_verdict(settings: Settings, result: StageResult) -> str:
    """The scores that a failed verdict rests on, one a line, and where the report is."""
    from warehouse_twin.workspace import read_json

    folder = settings.workspace.root / result.receipt.output
    lines = [f"{result.twin}@{result.release}: the gate says no; nothing is published; report: {folder / 'report.html'}"]
    if (folder / "verdict.json").exists():
        judged = read_json(folder / "verdict.json")["judged"]
        lines += [_score_line(item) for item in judged if item["status"] not in ("pass", "shown") and not item.get("accepted")]
    return "\n".join(lines)


def _score_line(item: Mapping[str, Any]) -> str:
    from warehouse_twin.metrics.score import Score

    score = Score.from_dict(item["score"])
    goal = "" if item["goal"] is None else f", goal {item['goal']:.4g}"
    return f"{item['status']}: {score.label} {score.value:.4g} in [{score.low:.4g}, {score.high:.4g}]{goal}"
