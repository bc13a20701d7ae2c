"""`dvc repro` with the project's own dvc.yaml: nothing runs twice, and a change reruns only what it touches."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from shop_project import CHECKOUT, Project, make_project

from .conftest import SECRET


def repro(project: Project) -> list[str]:
    """The stages that `dvc repro` ran, in order."""
    return re.findall(r"Running stage '(\w+)@shop'", dvc(project, "repro"))


def changed(project: Project) -> list[str]:
    """The stages that `dvc repro` would run first, as something of theirs has changed."""
    return re.findall(r"^(\w+)@shop:", dvc(project, "status"), re.MULTILINE)


def dvc(project: Project, word: str) -> str:
    binaries = project.root / "bin"
    environment = project.environment | {"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "dvc", word]
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_only_what_changed_runs_again(tmp_path: Path, source: Path, empty_mlflow: Path) -> None:
    project = make_project(tmp_path / "project", source, SECRET, mlflow=empty_mlflow)
    project.edit("    challengers: [independent]\n    choose: pareto\n", "")
    declared = (CHECKOUT / "dvc.yaml").read_text()
    declared = declared.replace("flights: {source:", "shop: {source:").replace("reads: dbt_project", "reads: queries")
    (project.root / "dvc.yaml").write_text(declared)
    query = project.root / "queries" / "by_tier.sql"
    query.parent.mkdir()
    asked = "SELECT tier, count(*) FROM customers GROUP BY tier"
    query.write_text(asked)
    project.edit("tables:\n", "workload: {queries: queries/*.sql}\ntables:\n")
    shutil.copytree(CHECKOUT / ".dvc", project.root / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache"))
    for folder in ("expectations", "dbt_project"):
        shutil.copytree(CHECKOUT / folder, project.root / folder)
    (project.root / "bin").mkdir()
    (project.root / "bin" / "twin").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m warehouse_twin.cli.main "$@"\n')
    (project.root / "bin" / "twin").chmod(0o755)
    subprocess.run(["git", "init", "--quiet", str(project.root)], check=True)

    assert repro(project) == ["resolve", "profile", "train", "synthesize", "materialize", "gate"]
    assert repro(project) == []
    query.write_text("SELECT tier, sum(total) FROM orders JOIN customers ON customers.id = customer_id GROUP BY tier")
    assert changed(project) == ["gate"]
    query.write_text(asked)
    assert changed(project) == []
    project.edit("gates:\n", "gates:\n  goals: {pair_trend: {goal: 0.2, reason: a margin that is not exact}}\n")
    assert changed(project) == ["gate"]
    project.edit("seed: 11", "seed: 12")
    assert repro(project) == ["resolve", "train", "synthesize", "materialize", "gate"]
