"""dvc.yaml as DVC reads it: a chain of stages per twin, through the command line, on keys that stand in the manifest."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHAIN = ["resolve", "profile", "train", "synthesize", "materialize", "gate"]
PLAN = yaml.safe_load((ROOT / "dvc.yaml").read_text())
TWINS = PLAN["vars"][0]["twins"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What of the repository DVC looks at, in a git repository of its own."""
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".dvc").mkdir()
    for name in ("config", ".gitignore"):
        shutil.copy(ROOT / ".dvc" / name, tmp_path / ".dvc")
    for name in ("twins", "dbt_project", "expectations"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


def dvc(checkout: Path, *arguments: str) -> str:
    environment = {**os.environ, "HOME": str(checkout), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_stages_of_a_twin_are_a_chain(checkout: Path) -> None:
    drawn = dvc(checkout, "dag", "--dot")

    edges = [f'"{first}@flights" -> "{second}@flights";' for first, second in itertools.pairwise(CHAIN)]
    assert [edge for edge in edges if edge not in drawn] == []
    assert drawn.count("->") == len(edges) * len(TWINS)


def test_dvc_would_call_the_command_line(checkout: Path) -> None:
    source = checkout / ".twin" / "warehouses" / "prod.duckdb"
    source.parent.mkdir(parents=True)
    source.write_bytes(b"")

    said = dvc(checkout, "repro", "--dry", "--single-item", "resolve@flights")

    assert "> twin resolve flights" in said


def test_dvcs_own_record_is_not_ignored(checkout: Path) -> None:
    """DVC refuses to work with a dvc.lock that git ignores."""
    (checkout / "dvc.lock").write_text('schema: "2.0"\n')

    assert "resolve@flights" in dvc(checkout, "status")


def test_every_receipt_is_where_the_pipeline_leaves_it() -> None:
    outs = {stage: list(plan["do"]["outs"][0]) for stage, plan in PLAN["stages"].items()}

    assert outs == {stage: [f".twin/receipts/${{key}}/{stage}.json"] for stage in CHAIN}
    assert all(plan["do"]["outs"][0][outs[stage][0]] == {"cache": False} for stage, plan in PLAN["stages"].items())


@pytest.mark.parametrize("twin", sorted(TWINS))
def test_every_key_that_is_watched_stands_in_the_manifest(twin: str) -> None:
    """DVC fails a stage whose key is missing."""
    manifest: dict[str, Any] = yaml.safe_load((ROOT / "twins" / f"{twin}.yml").read_text())
    watched = {key for plan in PLAN["stages"].values() for keys in plan["do"]["params"][0].values() for key in keys}

    assert watched - set(manifest) == set()
    assert set(manifest) - watched == {"twin", "description", "schedule"}, "a key that no stage watches changes nothing"
