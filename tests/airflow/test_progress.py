"""What an embedded run makes of Airflow's word about its tasks."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTerminated
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from warehouse_twin.errors import LockedError
from warehouse_twin.operators.base import VerdictFailed
from warehouse_twin.operators.in_process import EmbeddedRun, _Output, _Watch
from warehouse_twin.operators.stages import TrainOperator


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def watch(tmp_path: Path, lines: list[str]) -> Iterator[_Watch]:
    output = _Output(tmp_path / "logs" / "embedded" / "shop.log")
    yield _Watch(logs=tmp_path / "logs", output=output, on_progress=lambda text: lines.append(text.rpartition(" (")[0] or text))
    output.restore()


def instance(attempt: int) -> Any:
    """A task instance as Airflow's runner makes them: `train orders`, which may be tried three times."""
    return RuntimeTaskInstance.model_construct(
        dag_id="shop", run_id="r1", task_id="train", map_index=1, try_number=attempt, max_tries=2,
        task=TrainOperator(task_id="train", twin="shop", table="orders"),
    )  # fmt: skip


def test_a_task_that_ends_well(watch: _Watch, lines: list[str], tmp_path: Path) -> None:
    task = instance(1)
    watch.on_task_instance_running(None, task)
    print("from the task", flush=True)
    watch.on_task_instance_success(None, task)
    task.task.skipped = True
    watch.on_task_instance_success(None, task)

    assert lines == ["train orders …", "train orders: done", "train orders: nothing to do"]
    assert watch.failed_task is None


def test_a_childs_output_goes_to_the_tasks_log(tmp_path: Path) -> None:
    """By file descriptor: what a JVM writes passes sys.stdout by."""
    output = _Output(tmp_path / "run.log")
    try:
        output.to(tmp_path / "task.log")
        subprocess.run(["sh", "-c", "echo out; echo err >&2"], check=True)
        output.to(output.log)
        subprocess.run(["echo", "between"], check=True)
    finally:
        output.restore()

    assert (tmp_path / "task.log").read_text() == "out\nerr\n"
    assert (tmp_path / "run.log").read_text() == "between\n"


def test_a_task_that_will_be_tried_again_is_no_failure_yet(watch: _Watch, lines: list[str]) -> None:
    watch.on_task_instance_running(None, instance(1))
    watch.on_task_instance_failed(None, instance(1), LockedError("held by somebody\nmore"))

    assert lines[1] == "train orders: will be tried again: held by somebody"
    assert watch.failed_task is None


def test_the_last_try_fails_with_its_reason(watch: _Watch) -> None:
    watch.on_task_instance_failed(None, instance(3), LockedError("held by somebody"))

    assert (watch.failed_task, watch.reason, watch.verdict_failed) == ("train orders", "held by somebody", False)


@pytest.mark.parametrize("error", [AirflowFailException("no"), AirflowTaskTerminated("no"), VerdictFailed("no")])
def test_what_is_not_retried_fails_at_once(watch: _Watch, error: BaseException) -> None:
    watch.on_task_instance_failed(None, instance(1), error)
    watch.on_task_instance_failed(None, instance(3), LockedError("a later one"))

    assert (watch.failed_task, watch.reason) == ("train orders", "no")
    assert watch.verdict_failed is isinstance(error, VerdictFailed)


def test_an_interrupt_ends_the_run(watch: _Watch) -> None:
    """Airflow would note a failure and try the task again."""
    with pytest.raises(KeyboardInterrupt):
        watch.on_task_instance_failed(None, instance(1), KeyboardInterrupt())


@pytest.mark.parametrize(("state", "verdict_failed", "status"), [("success", False, 0), ("failed", True, 1), ("failed", False, 2)])
def test_exit_status(state: str, verdict_failed: bool, status: int) -> None:
    assert EmbeddedRun("shop", "r1", state, 1.0, "logs", verdict_failed=verdict_failed).exit_status == status
