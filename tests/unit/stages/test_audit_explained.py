"""The chain in words: every link of a table from the published rows to the source's digest, and where it breaks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hangar import MANIFEST
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.lineage.explaining import STAGES, Step, lines
from warehouse_twin.pipeline import STAGES as PIPELINE
from warehouse_twin.releases.registry import folder_of
from warehouse_twin.stages.audit import explain


@pytest.fixture
def hangar(whole_hangar: Any) -> Any:
    return whole_hangar


def steps_of(hangar: Any, reference: str, table: str | None = None) -> list[Step]:
    return explain(hangar.settings, MANIFEST, reference, table=table)[1]


def test_a_tables_chain_ends_at_the_digest_of_its_source(hangar: Any) -> None:
    facts = json.loads((hangar.workspace.registry / folder_of("hangar", 2) / "release.json").read_text())

    steps = steps_of(hangar, "hangar@published", "planes")

    assert [(step.table, step.title) for step in steps] == [
        *((None, title) for title in ("readers", "registry", "build", "checks", "draw", "stages", "manifest", "mlflow")),
        *(("planes", title) for title in ("rows", "model", "profile", "source", "mlflow")),
    ]
    assert [step.title for step in steps if step.broken or not step.whole] == []
    words = {(step.table, step.title): step.words for step in steps}
    assert words[None, "readers"].startswith("readers see it: the views of schema air of warehouse dev")
    assert facts["data_digest"] in words[None, "build"]
    assert facts["tables"]["planes"]["digest"] in words["planes", "rows"]
    assert facts["models"]["planes"]["digest"] in words["planes", "model"]
    assert "MLflow model hangar.planes version 1" in words["planes", "model"]
    assert facts["profiles"]["planes"] in words["planes", "profile"]
    assert words["planes", "source"].startswith("warehouse://prod/air/planes: ")
    assert words["planes", "source"].endswith(f"keyed digest {facts['sources']['planes']}")
    assert "#/experiments/1/runs/" in words["planes", "mlflow"]


def test_without_a_table_all_are_told_and_a_reference_table_has_no_model(hangar: Any) -> None:
    steps = steps_of(hangar, "hangar@1")

    assert [step.title for step in steps if step.table == "carriers"] == ["rows", "source"]
    assert {step.table for step in steps} == {None, "carriers", "planes", "flights"}
    assert next(step.words for step in steps if step.title == "readers").startswith("readers do not see it: ")


def test_a_broken_link_stands_below_its_step(hangar: Any) -> None:
    profile = hangar.output("profile", 2) / "planes.json"
    content = profile.read_bytes()
    profile.write_bytes(content + b" ")
    try:
        steps = steps_of(hangar, "hangar@2", "planes")
    finally:
        profile.write_bytes(content)

    assert [step.title for step in steps if step.broken] == ["stages", "profile"]
    told = lines(steps)
    at = next(number for number, line in enumerate(told) if line.startswith("  profile"))
    assert "BROKEN" in told[at]
    assert told[at + 1].strip().startswith("BROKEN profile/planes.json: sha256 of the file")


def test_every_link_of_an_audit_speaks_for_some_step(hangar: Any) -> None:
    """A part that is checked and told nowhere would leave the reader in the dark."""
    steps, links = steps_of(hangar, "hangar@2"), hangar.audit("hangar@2").links

    abouts = [about for step in steps for about in step.about]
    told = {link.name for link in links if any(link.name == about or link.name.startswith(f"{about}/") for about in abouts)}

    assert {link.name for link in links} - told == set()


def test_every_stage_is_told_of() -> None:
    assert tuple(PIPELINE) == STAGES


def test_without_mlflow_the_pages_are_not_known(hangar: Any) -> None:
    database = hangar.workspace.mlflow / "mlflow.db"
    database.rename(database.with_suffix(".away"))
    try:
        steps = steps_of(hangar, "hangar@2", "planes")
    finally:
        database.with_suffix(".away").rename(database)

    assert [step.words for step in steps if step.title == "mlflow"] == [
        "experiment hangar, run hangar@2, page not known",
        "run planes, page not known",
    ]
    assert any(step.broken for step in steps if step.title == "mlflow")


def test_a_table_that_the_release_has_not(hangar: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"hangar@2: unknown table 'plane'; .* did you mean planes\?"):
        steps_of(hangar, "hangar@2", "plane")
