"""What stands at the top of MLflow's pages: every digest whole, the next page one click away, names never as markup."""

from __future__ import annotations

from typing import Any

from warehouse_twin.lineage.describing import CHARACTERS, NOTE, of_release, of_table
from warehouse_twin.lineage.reading import reading

RELEASE = {
    "twin.release": "shop@3",
    "twin.twin": "shop",
    "twin.verdict": "pass",
    "twin.attempt": "1",
    "twin.data_digest": "d" * 64,
    "twin.source_digest.countries": "c" * 64,
    "twin.source_digest.a_b": "b" * 64,
    "twin.digest.report.html": "e" * 64,
}
TABLE = {
    "twin.table": "a|b",
    "mlflow.parentRunId": "r0",
    "twin.verdict": "undecided",
    "twin.source_digest": "b" * 64,
    "twin.profile_digest": "f" * 64,
    "twin.model_digest": "9" * 64,
    "twin.model_version": "2",
}


def test_the_releases_page_leads_to_its_tables() -> None:
    text = of_release(RELEASE, {"a|b": "r1", "orders": "r2"}, experiment="7")

    assert text.splitlines() == [
        "Release **shop@3**: verdict **pass**, attempt 1.",
        "",
        "Synthesized tables: [a\\|b](#/experiments/7/runs/r1), [orders](#/experiments/7/runs/r2).",
        "",
        "| link | digest |",
        "|---|---|",
        f"| the rows readers see, also in the `_release` row | `{'d' * 64}` |",
        f"| source of countries, a reference table, keyed | `{'c' * 64}` |",
    ]


def test_the_tables_page_leads_to_source_profile_model_and_checks() -> None:
    params = {"rows": "40", "holdout_rows": "8", "synthesizer": "tree"}

    text = of_table(TABLE, params, RELEASE, {"source": "prod/shop"}, experiment="7", run="r1")

    assert text.splitlines() == [
        "Table **a\\|b** of [shop@3](#/experiments/7/runs/r0): verdict **undecided**.",
        "",
        "| link | digest |",
        "|---|---|",
        f"| source: warehouse://prod/shop/a\\|b, 40 rows, 8 held out; keyed | `{'b' * 64}` |",
        f"| profile: artefact [profile/a\\|b.json](#/experiments/7/runs/r1/artifacts/profile/a%7Cb.json), sha256 | `{'f' * 64}` |",
        f"| model: [shop.a%7Cb version 2](#/models/shop.a%257Cb/versions/2), tree | `{'9' * 64}` |",
        f"| checks: [report](#/experiments/7/runs/r0/artifacts/gate/report.html) of the release, sha256 | `{'e' * 64}` |",
        f"| rows of the whole release | `{'d' * 64}` |",
    ]


def test_what_is_not_known_yet_is_left_out() -> None:
    assert of_release({"twin.release": "shop@3"}, {}, experiment="7").splitlines() == [
        "Release **shop@3**: no verdict yet.", "", "Synthesized tables: none.",
    ]  # fmt: skip


def test_a_name_is_never_markup() -> None:
    text = of_table(TABLE | {"twin.table": "<b>![x](y)\n# z"}, {}, RELEASE, {}, experiment="7", run="r1")

    assert text.splitlines()[0].startswith("Table **\\<b\\>\\!\\[x\\]\\(y\\) \\# z**")


def test_many_tables_end_at_the_end_of_a_line() -> None:
    tags = RELEASE | {f"twin.source_digest.{number}": "a" * 64 for number in range(100)}

    text = of_release(tags, {f"table{number}": "r" * 32 for number in range(100)}, experiment="7")

    assert "and 80 more, under Child runs." in text
    assert len(text) <= CHARACTERS
    assert text.endswith("` |")


def test_runs_are_described_as_their_tags_are(hangar: Any) -> None:
    hangar.until_gate()

    with reading(hangar.settings, "hangar") as reader:
        record = reader.release(1)
        experiment = reader.client.get_experiment(record.runs[0].experiment)
    run, planes = record.runs[0], record.tables["planes"]

    pages = {name: table.run_id for name, table in record.tables.items()}
    assert run.tags[NOTE] == of_release(run.tags, pages, experiment=run.experiment)
    assert planes.tags[NOTE] == of_table(planes.tags, planes.params, run.tags, run.params, experiment=run.experiment, run=planes.run_id)
    assert planes.tags["twin.model_digest"] in planes.tags[NOTE]
    assert "warehouse://prod/air/planes" in planes.tags[NOTE]
    assert experiment.tags[NOTE].startswith("Releases of the twin **hangar**")
    assert record.versions[0].tags["twin.releases"] == "hangar@1"
