"""Which release a stage works on, and how far a release has come."""

from pathlib import Path

import pytest

from warehouse_twin.stages.runs import Run, State, current_release, mark, read_run, runs_of
from warehouse_twin.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def leave(workspace: Workspace, *states: State) -> None:
    for number, state in enumerate(states, start=1):
        mark(workspace, "shop", number, state)


def test_a_run_is_what_was_marked_last(workspace: Workspace) -> None:
    assert read_run(workspace, "shop", 1) is None
    leave(workspace, "open")
    assert read_run(workspace, "shop", 1) == Run("shop", 1, "open")
    leave(workspace, "rejected")
    assert read_run(workspace, "shop", 1) == Run("shop", 1, "rejected")


@pytest.mark.parametrize(("state", "closed"), [("open", False), ("rejected", True), ("released", True)])
def test_a_verdict_closes_a_run(state: State, closed: bool) -> None:
    assert Run("shop", 1, state).closed is closed


def test_runs_are_listed_by_number_and_not_by_text(workspace: Workspace) -> None:
    leave(workspace, *["released"] * 10)
    (workspace.run("shop", 3) / "run.json").unlink()
    mark(workspace, "other", 77, "open")
    (workspace.root / "runs" / "shop" / ".work-abc").mkdir()
    assert [run.release for run in runs_of(workspace, "shop")] == [1, 2, 4, 5, 6, 7, 8, 9, 10]
    assert runs_of(workspace, "nobody") == ()


@pytest.mark.parametrize("stage", ["resolve", "gate", "release", "publish"])
def test_the_first_release_is_1(workspace: Workspace, stage: str) -> None:
    assert current_release(workspace, "shop", stage) == 1


@pytest.mark.parametrize(
    ("states", "stage", "number"),
    [
        (("open",), "train", 1),
        (("released", "open"), "train", 2),
        (("rejected",), "resolve", 2),
        (("rejected",), "release", 2),
        (("released",), "resolve", 2),
        (("released",), "gate", 2),
        (("released",), "release", 1),
        (("released",), "publish", 1),
        (("open", "released"), "publish", 2),
        (("released", "rejected"), "publish", 3),
    ],
)
def test_a_stage_goes_on_with_the_open_run_or_opens_a_new_one(
    workspace: Workspace, states: tuple[State, ...], stage: str, number: int
) -> None:
    leave(workspace, *states)
    assert current_release(workspace, "shop", stage) == number
