"""`release`: version data, models' digests, verdict and manifest together, once the verdict has passed.

release.json is the root of trust: everything an auditor checks starts from it. Two runs with the same inputs write the same
one, but for the fields in `registry.VOLATILE`; the time stands in the git commit.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse_twin import __version__
from warehouse_twin.digests import digest_file
from warehouse_twin.errors import IntegrityError, TerminalError
from warehouse_twin.materializing.naming import release_schema
from warehouse_twin.metrics.score import Score
from warehouse_twin.releases.contents import Contents, contents_of
from warehouse_twin.releases.history import code_commit
from warehouse_twin.releases.registry import RECORD, registry_of
from warehouse_twin.stages.context import Stage, StageContext
from warehouse_twin.stages.measuring import claim_of
from warehouse_twin.warehouses import Warehouse
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse
from warehouse_twin.workspace import WORK_PREFIX, read_json, write_json

logger = logging.getLogger(__name__)
SCHEMA_VERSION = 1
GATE_FILES = ("scores.json", "verdict.json", "report.json", "report.html")


def parameters(context: StageContext) -> Mapping[str, Any]:
    return {"twin": context.twin, "release": context.release}


def work(context: StageContext, folder: Path) -> Mapping[str, Any]:
    """Puts the release into the registry and leaves its release.json. Raises TerminalError when the verdict did not pass."""
    from warehouse_twin.lineage.reading import run_id

    return release(context, folder, mlflow_run_id=run_id(context.settings, context.twin, context.release))


def release(context: StageContext, folder: Path, *, mlflow_run_id: str) -> dict[str, Any]:
    """The stage's work, for a run that lineage knows by this id."""
    verdict = _passed_verdict(context)
    files = _files(context)
    record = _record(context, files, verdict, _rehearsed(context, files)) | {"mlflow_run_id": mlflow_run_id}
    write_json(folder / RECORD, record)
    registry = registry_of(context.settings)
    registry.add(context.twin, context.release, files | {RECORD: folder / RECORD})
    # What a killed run tagged stands, with its own account of who made it.
    kept = registry.read(context.twin, context.release)
    write_json(folder / RECORD, kept)
    rows = {name: table["rows"] for name, table in kept["tables"].items()}
    return {"release": context.release, "data_digest": kept["data_digest"], "rows": rows, "passed": True}


def _passed_verdict(context: StageContext) -> Mapping[str, Any]:
    """The verdict on this very candidate."""
    what = f"{context.twin}@{context.release}"
    receipt, candidate = context.receipt("gate"), context.receipt("materialize")
    if receipt.inputs.get("materialize", candidate.key) != candidate.key:
        raise TerminalError(f"{what}: the verdict is on an earlier candidate; next: twin gate {context.twin}")
    verdict: Mapping[str, Any] = read_json(_as_received(context, "gate", "verdict.json"))
    if (verdict["twin"], verdict["release"]) != (context.twin, context.release):
        raise IntegrityError(f"{what}: the verdict is on {verdict['twin']}@{verdict['release']}; next: twin gate {context.twin}")
    if not verdict["passed"] or verdict["expected"] != verdict["evaluated"]:
        reasons = [*verdict.get("problems", ()), *(_reason(item) for item in verdict["judged"] if _stands_in_the_way(item))]
        reasons += [f"{verdict['evaluated']} of {verdict['expected']} expectations were evaluated"]
        raise TerminalError(f"{what}: verdict {verdict['status']}, nothing is released: {'; '.join(reasons)}")
    return verdict


def _stands_in_the_way(item: Mapping[str, Any]) -> bool:
    met = item["status"] in ("pass", "shown") or (item["status"] == "undecided" and item["accepted"])
    return not met and item.get("severity") != "warning"


def _reason(item: Mapping[str, Any]) -> str:
    goal = "" if item["goal"] is None else f", goal {item['goal']:.4g}"
    return f"{Score.from_dict(item['score']).label} {item['status']} at {item['score']['value']:.4g}{goal}"


def _files(context: StageContext) -> dict[str, Path]:
    """Everything the registry is given but release.json: each file as the stage that made it left it."""
    names = read_json(_as_received(context, "materialize", "schema.json"))["tables"]
    files = {f"data/{name}.parquet": _as_received(context, "materialize", f"tables/{name}.parquet") for name in names}
    if context.resolved.privacy is None:  # else they say what no promise covers, and stay inside
        files |= {name: _as_received(context, "gate", name) for name in GATE_FILES}
    resolved_from = context.run_folder / "manifest.yml"
    return files | {
        "schema.json": _as_received(context, "materialize", "schema.json"),
        "resolved.json": context.run_folder / "resolved.json",
        "manifest.yml": resolved_from if resolved_from.exists() else context.manifest_file,
    }


def _as_received(context: StageContext, stage: str, name: str) -> Path:
    """A stage's file, once it is known to be what the stage's receipt says."""
    path, wanted = context.folder(stage) / name, context.receipt(stage).digests.get(name)
    if wanted is None or not path.exists() or digest_file(path) != wanted:
        where = f"{context.twin}@{context.release}: {context.workspace.relative(path)}"
        raise IntegrityError(f"{where} is missing or not what the receipt of {stage} says; next: twin {stage} {context.twin}")
    return path


def _rehearsed(context: StageContext, files: Mapping[str, Path]) -> Contents:
    """What a warehouse gives back once the files are installed, exactly as publish will: a release that cannot be, is not made."""
    if context.resolved.target_dialect == "duckdb":
        context.workspace.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=context.workspace.scratch, prefix=WORK_PREFIX) as scratch:
            contents = _installed(context, files, DuckDBWarehouse(name="rehearsal", path=Path(scratch) / "rehearsal.duckdb"))
    else:
        contents = _installed(context, files, context.warehouse(context.resolved.target_warehouse))
    built = context.receipt("materialize").facts.get("data_digest", contents.data_digest)
    if contents.data_digest != built:
        raise IntegrityError(
            f"{context.twin}@{context.release}: installed from its files the data has digest {contents.data_digest[:12]}…, the candidate "
            f"{built[:12]}…; wanted the same rows; next: look for columns of types that Parquet cannot hold"
        )
    return contents


def _installed(context: StageContext, files: Mapping[str, Path], warehouse: Warehouse) -> Contents:
    """The release in a schema of its own, which nobody but its owner may look into; it stays for publish to show."""
    schema, private = read_json(files["schema.json"]), release_schema(context.resolved, context.release)
    try:
        warehouse.drop(private)
    except TerminalError:  # readers see it already: a run that is repeated
        return contents_of(warehouse, private, context.resolved)
    finishing = [(statement, broken) for statement, broken in schema.get("finishing", ())]
    tables = {name: files[f"data/{name}.parquet"] for name in schema["tables"]}
    for statement in warehouse.install(private, schema["statements"], tables, finishing):
        logger.warning("%s@%d: rows do not keep what the source demands; left out: %s", context.twin, context.release, statement)
    return contents_of(warehouse, private, context.resolved)


def _record(context: StageContext, files: Mapping[str, Path], verdict: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
    """release.json, but for the id of the run in MLflow."""
    return {
        "schema_version": SCHEMA_VERSION,
        "twin": context.twin,
        "release": context.release,
        "data_digest": contents.data_digest,
        "tables": dict(contents.tables),
        "schema": contents.schema(),
        "files": {name: digest_file(path) for name, path in files.items() if name.startswith("data/")},
        "documents": {name: digest_file(path) for name, path in files.items() if not name.startswith("data/")},
        "manifest_digest": digest_file(files["manifest.yml"]),
        "models": {table.name: _published_model(context, table.name) for table in context.resolved.protected},
        **(_promised(claim) if (claim := claim_of(context.resolved)) is not None else _measured(context, files, verdict)),
        "version": __version__,
        "code": code_commit(context.settings.project),
        "dbt_invocation": context.receipt("materialize").facts.get("dbt_invocation"),
    }


def _measured(context: StageContext, files: Mapping[str, Path], verdict: Mapping[str, Any]) -> dict[str, Any]:
    """What was found of source and twin."""
    statuses = [item["status"] for item in verdict["judged"]]
    summary = {name: verdict[name] for name in ("status", "passed", "expected", "evaluated", "attempt")}
    scores = (Score.from_dict(item) for item in read_json(files["scores.json"])["scores"])
    profile, source = context.receipt("profile").digests, context.receipt("resolve").digests
    return {
        "profiles": {name.removesuffix(".json"): digest for name, digest in profile.items() if name.endswith(".json")},
        "sources": {name.removeprefix("source/"): digest for name, digest in source.items() if name.startswith("source/")},
        "verdict": summary | {"judged": {status: statuses.count(status) for status in ("pass", "fail", "undecided")}},
        "scores": {score.label: score.value for score in scores},
    }


def _promised(claim: Mapping[str, Any]) -> dict[str, Any]:
    """Of a release under a promise its claim; what was found of the source by counting it is not under it, and stays inside."""
    return {"privacy": claim, "profiles": {}, "sources": {}, "verdict": {"status": "inside", "passed": True}, "scores": {}}


def _published_model(context: StageContext, table: str) -> dict[str, str]:
    models = context.receipt("train", table).facts["models"]
    (found,) = ({"synthesizer": name, "digest": card["digest"]} for name, card in models.items() if card["role"] == "published")
    return found


STAGE = Stage(
    name="release",
    needs=("gate", "materialize", "train", "profile", "resolve"),
    zone="internal",
    parameters=parameters,
    work=work,
    keyed=False,
)
