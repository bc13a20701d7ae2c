"""The command line: words, exit statuses, and errors that people and programs can read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse_twin.cli.main import main as twin
from warehouse_twin.cli.main import parser
from warehouse_twin.pipeline import STAGES
from warehouse_twin.receipts import Receipt
from warehouse_twin.stages.runs import mark
from warehouse_twin.workspace import Workspace, write_json

GOOD = """\
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop}
seed: 1
tables:
  customers:
"""
BAD = """\
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop}
seed: -1
holdout: 0.9
tables:
  customers: {kep: real}
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one good manifest and its source."""
    for name in ("TWIN_MLFLOW_URI", "TWIN_DVC_REMOTE", "TWIN_WORKSPACE", "TWIN_LOCK_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TWIN_PROJECT", str(tmp_path))
    write(tmp_path, "shop", GOOD)
    prod = tmp_path / ".twin" / "warehouses" / "prod.duckdb"
    prod.parent.mkdir(parents=True)
    with duckdb.connect(str(prod)) as connection:
        connection.execute("CREATE SCHEMA shop; CREATE TABLE shop.customers (id INTEGER PRIMARY KEY, mail VARCHAR)")
    return tmp_path


def write(project: Path, name: str, text: str) -> Path:
    file = project / "twins" / f"{name}.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def answered(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────

MANIFEST_WORDS = ["manifest", "manifest check", "manifest schema", "manifest scaffold", "manifest add"]
WORDS = [*STAGES, "run", *MANIFEST_WORDS, "releases", "diff", "rollback", "audit", "parity", "gc", "demo"]


@pytest.mark.parametrize("words", ["", *WORDS])
def test_every_word_explains_itself(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        twin([*words.split(), "--help"])
    assert ended.value.code == 0
    assert f"usage: twin {words}".strip() in capsys.readouterr().out


def test_the_help_names_every_word(capsys: pytest.CaptureFixture[str]) -> None:
    text = parser().format_help()
    assert all(f"  {words.split()[0]}" in text for words in WORDS)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "polish shop",
        "gate",
        "gate shop --table x",
        "train shop --release zero",
        "run shop --release 0",
        "rollback shop --to -1",
        "manifest",
    ],
)
def test_words_it_does_not_know_end_with_2(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        twin(words.split())
    assert ended.value.code == 2
    assert "usage: twin" in capsys.readouterr().err


def test_the_version_says_where_it_is_from(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        twin(["--version"])
    assert "plugins/warehouse_twin/cli/main.py" in capsys.readouterr().out


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("word", [*STAGES, "run", "releases", "gc"])
def test_an_unknown_twin_is_answered_with_the_nearest_and_nothing_is_made(
    word: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert twin([word, "shopp"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"twin {word}: ")
    assert "did you mean shop?" in told.err
    assert not (project / ".twin" / "runs").exists()


@pytest.mark.parametrize("reference", ["shop", "shop@", "shop@first", "shop@1", "shop@latest", "shop@published", "shopp@1"])
def test_a_release_that_is_not_there_cannot_be_audited(reference: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert twin(["audit", reference]) == 2
    assert capsys.readouterr().err.startswith("twin audit: ")


def test_errors_are_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert twin(["gate", "shopp", "--json"]) == 2
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert (found["kind"], found["transient"]) == ("ConfigurationError", False)
    assert told.err == f"twin gate: {found['error']}\n"


def test_a_twin_that_is_held_may_be_tried_again(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from warehouse_twin.locking import exclusive

    with exclusive(Workspace(project / ".twin").lock("twin-shop"), wait_seconds=0):
        assert twin(["resolve", "shop", "--wait", "0", "--json"]) == 2
    found = answered(capsys)
    assert (found["kind"], found["transient"]) == ("LockedError", True)
    assert "twin-shop is held by process " in found["error"]


def test_a_bad_environment_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TWIN_LOCK_SECONDS", "soon")
    assert twin(["releases", "shop"]) == 2
    assert capsys.readouterr().err == "twin releases: TWIN_LOCK_SECONDS: wanted seconds, got 'soon'\n"


# ── manifests ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_good_manifests_are_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert twin(["manifest", "check"]) == 0
    assert capsys.readouterr().out == f"{project / 'twins' / 'shop.yml'}: good\n"
    assert twin(["manifest", "check", "shop", "--json"]) == 0
    assert answered(capsys) == {"checked": [str(project / "twins" / "shop.yml")], "faults": []}


def test_every_fault_of_every_manifest_has_a_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = write(project, "shop", BAD)
    other = write(project, "other", GOOD.replace("shop", "other", 1).replace("customers", "costumers"))
    lost = write(project, "lost", GOOD.replace("twin: shop", "twin: lost").replace("warehouse: prod", "warehouse: nowhere"))
    assert twin(["manifest", "check"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.removeprefix("twin manifest: ").splitlines()
    starts = [
        f"{lost}:2:1: source: ",
        f"{other}:6:3: tables.costumers: ",
        f"{shop}:4:7: seed: ",
        f"{shop}:5:10: holdout: ",
        f"{shop}:7:15: ",
    ]
    assert len(lines) == len(starts)
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))
    assert "did you mean customers?" in lines[1]
    assert twin(["manifest", "check", "--json"]) == 2
    faults = answered(capsys)["faults"]
    assert [(fault["file"], fault["line"]) for fault in faults] == [
        (str(lost), 2),
        (str(other), 6),
        (str(shop), 4),
        (str(shop), 5),
        (str(shop), 7),
    ]


def test_offline_the_source_is_not_looked_at(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(project, "shop", GOOD.replace("customers", "costumers"))
    assert twin(["manifest", "check", "--offline", str(file)]) == 0
    assert twin(["manifest", "check", str(file)]) == 2


def test_without_manifests_there_is_nothing_to_check(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "twins" / "shop.yml").unlink()
    assert twin(["manifest", "check"]) == 2
    assert "no manifest; wanted at least one <twin>.yml" in capsys.readouterr().err
    assert twin(["manifest", "check", "none.yml"]) == 2
    assert "none.yml: no such file" in capsys.readouterr().err


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert twin(["manifest", "schema"]) == 0
    assert "tables" in answered(capsys)["properties"]


# ── releases ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_twin_without_releases(capsys: pytest.CaptureFixture[str]) -> None:
    assert twin(["releases", "shop"]) == 0
    assert capsys.readouterr().out == "shop has no releases; next: twin run shop\n"
    assert twin(["releases", "shop", "--json"]) == 0
    assert answered(capsys) == {"releases": [], "unreleased": []}


def test_runs_that_came_to_nothing_are_listed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = Workspace(project / ".twin")
    mark(workspace, "shop", 1, "rejected")
    mark(workspace, "shop", 2, "open")
    assert twin(["releases", "shop"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [["shop@1", "rejected"], ["shop@2", "open"]]


@pytest.mark.parametrize("words", ["shop", "shop --to 3", "shopp"])
def test_there_is_nothing_to_go_back_to(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert twin(["rollback", *words.split()]) == 2
    told = capsys.readouterr().err
    assert told.startswith("twin rollback: ")
    assert "shop" in told


def test_garbage_of_all_twins_is_collected(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, "other", GOOD.replace("twin: shop", "twin: other"))
    left = project / ".twin" / "secure" / "other" / "train" / "forgotten"
    left.mkdir(parents=True)
    assert twin(["gc", "--json"]) == 0
    found = answered(capsys)
    assert found["other"]["paths"] == ["secure/other/train/forgotten"]
    assert found["shop"]["paths"] == []
    assert not left.exists()


def test_garbage_of_a_twin_whose_manifest_is_broken_is_left(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, "other", "twin: [")
    assert twin(["gc"]) == 2
    assert "other.yml cannot be read" in capsys.readouterr().err


# ── a failed verdict ─────────────────────────────────────────────────────────────────────────────────────────────────


def judged(status: str, value: float, *columns: str) -> dict[str, Any]:
    score = {
        "table": "customers",
        "measure": "column_shape",
        "columns": list(columns),
        "value": value,
        "low": value - 0.01,
        "high": value + 0.01,
    }
    return {"score": score, "goal": 0.9, "status": status}


@pytest.mark.parametrize("explain", [False, True])
def test_a_failed_verdict_ends_with_1_and_says_why(
    explain: bool, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from warehouse_twin import pipeline

    folder = project / ".twin" / "internal" / "shop" / "gate" / "key"
    shown = [judged("shown", value) | {"would": would} for value, would in ((0.95, "pass"), (0.7, "fail"), (0.8, "undecided"))]
    write_json(folder / "verdict.json", {"judged": [judged("pass", 0.99), judged("fail", 0.5, "mail"), *shown]})
    write_json(folder / "scores.json", {"scores": []})
    write_json(folder / "report.json", {"pairs": {}})
    facts = {
        "passed": False,
        "verdict": "fail",
        "failed": ["customers.column_shape(mail) 0.500, goal 0.900"],
        "expected": 2,
        "evaluated": 2,
    }
    receipt = Receipt("gate", "key", "internal/shop/gate/key", {}, {}, facts)
    result = pipeline.StageResult("gate", "shop", 3, None, False, 1.0, receipt, False)
    monkeypatch.setattr(pipeline, "run_stage", lambda *_, **__: result)
    assert twin(["gate", "shop", *(["--explain"] if explain else [])]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "shop@3: verdict fail; nothing is published",
        "  customers.column_shape(mail) 0.500, goal 0.900",
        "next: twin gate shop --release 3 --explain",
    ]
    explained = [
        "fail: customers.column_shape(mail) 0.500 [0.490, 0.510], goal 0.900",
        "not judged, would fail: customers.column_shape 0.700 [0.690, 0.710], goal 0.900",
        "not judged, would be undecided: customers.column_shape 0.800 [0.790, 0.810], goal 0.900",
    ]
    assert [line for line in lines[3:] if not line.startswith("  try: ")] == (explained if explain else [])
    assert len(lines[3:]) == (len(explained) * 2 if explain else 0)
    assert twin(["gate", "shop", "--json", *(["--explain"] if explain else [])]) == 1
    assert answered(capsys)["passed"] is False
