"""The operators: what becomes of errors, what XCom carries, which connections they hand on, what an asset's event says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Asset, Connection
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTerminated
from airflow.sdk.execution_time.context import OutletEventAccessors

from warehouse_twin.errors import LockedError
from warehouse_twin.locking import exclusive
from warehouse_twin.metrics.score import Score
from warehouse_twin.operators import stages
from warehouse_twin.operators.base import VerdictFailed, failed_verdict, reference
from warehouse_twin.operators.warehouse_connections import known, url_of
from warehouse_twin.pipeline import STAGES, StageResult
from warehouse_twin.receipts import Receipt
from warehouse_twin.settings import Settings, from_environment
from warehouse_twin.workspace import write_json

from .conftest import Project

PATH = "/data/prod.duckdb"


@pytest.fixture
def settings(project: Project) -> Settings:
    return from_environment({"TWIN_PROJECT": str(project.root)})


def operator(kind: type[stages.TwinOperator], project: Project, **arguments: Any) -> stages.TwinOperator:
    return kind(task_id=kind.stage, project=str(project.root), **{"twin": "shop", **arguments})


def result(settings: Settings, *, stage: str = "gate", passed: bool | None = None, digest: str = "") -> StageResult:
    receipt = Receipt(stage, "k" * 64, f"internal/shop/{stage}/kkkk", {}, {}, {"rows": {"orders": 4}, "data_digest": digest})
    (settings.workspace.root / receipt.output).mkdir(parents=True)
    return StageResult(stage, "shop", 3, None, False, 1.5, receipt, passed)


def test_every_stage_of_the_pipeline_has_an_operator() -> None:
    kinds = [kind for kind in vars(stages).values() if isinstance(kind, type) and hasattr(kind, "stage")]

    assert {kind.stage for kind in kinds} >= set(STAGES)
    assert all(kind.__name__ == f"{kind.stage.capitalize()}Operator" for kind in kinds)


def test_a_missing_manifest_fails_without_retries(project: Project) -> None:
    project.write("shop")

    with pytest.raises(AirflowFailException, match=r"shoop.*did you mean"):
        operator(stages.ResolveOperator, project, twin="shoop").execute({})


def test_a_faulty_manifest_fails_with_all_its_faults(project: Project) -> None:
    project.write("shop", "twin: shop\nseed: x\nfoo: 1\n")

    with pytest.raises(AirflowFailException, match=r"(?s)shop\.yml:2:7.*shop\.yml:3:1"):
        operator(stages.ResolveOperator, project).execute({})


def test_a_warehouse_that_is_not_there_fails_without_retries(project: Project) -> None:
    project.write("shop")

    with pytest.raises(AirflowFailException, match="warehouse prod: no file"):
        operator(stages.ResolveOperator, project).execute({})


def test_a_release_that_is_no_number_fails_without_retries(project: Project) -> None:
    project.write("shop")

    with pytest.raises(AirflowFailException, match="wanted a number, got 'None'"):
        operator(stages.ProfileOperator, project, release="None").execute({})


def test_a_locked_twin_is_left_to_airflows_retries(project: Project, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("shop")
    monkeypatch.setenv("TWIN_LOCK_SECONDS", "0")

    with exclusive(settings.workspace.lock("twin-shop"), wait_seconds=0), pytest.raises(LockedError, match="twin-shop is held by process"):
        operator(stages.ResolveOperator, project).execute({})


def test_a_stop_leaves_through_the_stages_clean_up(project: Project) -> None:
    with pytest.raises(AirflowTaskTerminated):
        operator(stages.ResolveOperator, project).on_kill()


def test_the_workspace_can_be_elsewhere(project: Project, tmp_path: Path) -> None:
    project.write("shop")
    elsewhere = tmp_path / "elsewhere"

    settings, _ = operator(stages.ResolveOperator, project, workspace=str(elsewhere)).read()

    assert (settings.project, settings.workspace.root) == (project.root, elsewhere)


def test_xcom_carries_a_reference_and_no_facts(settings: Settings) -> None:
    assert reference(result(settings, passed=True)) == {
        "stage": "gate",
        "twin": "shop",
        "release": 3,
        "table": None,
        "key": "k" * 64,
        "skipped": False,
        "passed": True,
    }


def test_a_failed_verdict_names_the_scores_it_rests_on(settings: Settings) -> None:
    failed = result(settings, passed=False)
    judged = [
        (Score("pair_trend", "orders", 0.8, 0.75, 0.85, 100), 0.9, "fail", None),
        (Score("column_shape", "orders", 0.9, 0.5, 1.0, 9, columns=("amount",)), 0.8, "undecided", None),
        (Score("column_shape", "customers", 0.9, 0.5, 1.0, 9), 0.8, "undecided", "too few customers"),
        (Score("row_count", "orders", 1.0, 1.0, 1.0, 100), None, "pass", None),
        (Score("detection", "orders", 0.9, 0.8, 1.0, 400, "lower"), 0.65, "shown", None),
    ]
    items = [{"score": score.to_dict(), "goal": goal, "status": status, "accepted": reason} for score, goal, status, reason in judged]
    write_json(settings.workspace.root / failed.receipt.output / "verdict.json", {"judged": items})

    lines = failed_verdict(settings, failed).splitlines()

    assert lines[0].startswith("shop@3: the gate says no")
    assert lines[1:] == [
        "fail: orders.pair_trend 0.8 in [0.75, 0.85], goal 0.9",
        "undecided: orders.column_shape(amount) 0.9 in [0.5, 1], goal 0.8",
    ]
    assert issubclass(VerdictFailed, AirflowFailException), "Airflow would try again"


def test_publish_tells_its_asset_which_release_is_seen(project: Project, settings: Settings) -> None:
    asset = Asset(name="twin_shop", uri="twin://dev/shop_twin")
    Receipt("gate", "g", "", {}, {}, {"verdict": "pass", "passed": True}).write(
        settings.workspace.run("shop", 3) / "receipts" / "gate.json"
    )
    published = result(settings, stage="publish", digest="d" * 64)
    events = OutletEventAccessors()

    operator(stages.PublishOperator, project, outlets=[asset]).announce({"outlet_events": events}, settings, published)

    assert events[asset].extra == {"release": "shop@3", "verdict": "pass", "data_digest": "d" * 64}


def test_an_audit_of_what_was_never_published_fails_without_retries(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("shop")

    with pytest.raises(AirflowFailException, match="no release shop@4; there are none"):
        operator(stages.AuditOperator, project, release=4).execute({})


def test_an_audit_that_finds_a_broken_link_fails_and_names_it(project: Project, settings: Settings) -> None:
    """A folder of a release that no tag stands for."""
    project.write("shop")
    write_json(settings.workspace.registry / "releases" / "shop" / "3" / "release.json", {})

    with pytest.raises(AirflowFailException, match=r"(?s)BROKEN .*shop@3: .* BROKEN"):
        operator(stages.AuditOperator, project, release=3).execute({})


@pytest.mark.parametrize(
    "connection",
    [
        Connection(conn_id="prod", conn_type="duckdb", host=PATH),
        Connection(conn_id="prod", conn_type="duckdb_twin", extra=f'{{"path": "{PATH}"}}'),
        Connection.from_uri("duckdb-twin://%2Fdata%2Fprod.duckdb", conn_id="prod"),
        Connection.from_uri(f"duckdb://{PATH}", conn_id="prod"),
    ],
    ids=["host", "extra", "encoded", "plain"],
)
def test_every_way_to_write_a_duckdb_connection_is_one_url(connection: Connection) -> None:
    assert url_of(connection) == f"duckdb://{PATH}"


def test_a_connection_of_another_kind_is_handed_on_as_it_is() -> None:
    connection = Connection.from_uri("postgres://reader@db.example/prod", conn_id="prod")

    assert url_of(connection) == "postgres://reader@db.example/prod"


def test_airflows_connections_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PROD", f"duckdb://{PATH}")

    assert known({"prod", "a_name_nobody_has"}) == {"prod": f"duckdb://{PATH}"}
