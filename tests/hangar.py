"""A small twin on disk, left as the pipeline leaves one: for the tests of lineage and of audit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet

from hangar_parts import MANIFEST, ROWS, SENTINEL, TABLES, opaque_model, resolved_twin, scores, seats_model, seats_profile, verdict
from warehouse_twin.digests import digest_file, digest_folder, digest_of, keyed
from warehouse_twin.lineage.naming import GATE_FILES
from warehouse_twin.lineage.reading import reading
from warehouse_twin.lineage.recording import record
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.materializing.ddl import statements
from warehouse_twin.receipts import Receipt, stage_key
from warehouse_twin.releases.contents import Contents, contents_of
from warehouse_twin.releases.registry import registry_of
from warehouse_twin.settings import Settings
from warehouse_twin.stages.audit import AuditReport, audit
from warehouse_twin.warehouses import Publication
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse
from warehouse_twin.workspace import Workspace, new_folder, write_json, write_text

ZONES = {"resolve": "internal", "profile": "internal", "gate": "internal", "release": "internal", "publish": "internal"}
NEEDS = {
    "resolve": (),
    "profile": ("resolve",),
    "train": ("profile",),
    "synthesize": ("train",),
    "materialize": ("synthesize",),
    "gate": ("materialize",),
    "release": ("gate",),
    "publish": ("release",),
}


@dataclass
class Hangar:
    """The twin `hangar`: leaves what stages leave, and records it."""

    settings: Settings
    resolved: ResolvedTwin = field(default_factory=resolved_twin)

    @property
    def workspace(self) -> Workspace:
        return self.settings.workspace

    def run_folder(self, release: int) -> Path:
        return self.workspace.run("hangar", release)

    def leave(
        self,
        stage: str,
        release: int,
        files: Mapping[str, Any],
        facts: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
        *,
        table: str | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Files and receipt of a stage. A file is JSON, or a function that fills a folder of that name.

        Up to `train` a second release finds what the first one left, as it does in the pipeline.
        """
        zone = ZONES.get(stage, "secure")
        receipts = self.run_folder(release) / "receipts"
        inputs = {need: self.receipt(need, release).key for need in NEEDS[stage] if (receipts / f"{need}.json").exists()}
        shared = stage in ("resolve", "profile", "train")
        key = stage_key(stage, inputs=inputs, parameters={"table": table, "release": 0 if shared else release})
        output = self.workspace.output(zone, "hangar", stage, key)
        if shared and output.exists():
            receipt = Receipt.read(output / "receipt.json")
        else:
            with new_folder(output) as folder:
                for name, content in files.items():
                    content(folder / name) if callable(content) else write_json(folder / name, content)
                digests = digest_folder(folder) | dict(sources or {})
                known = facts() if callable(facts) else facts
                receipt = Receipt(stage, key, self.workspace.relative(output), inputs, digests, known)
                receipt.write(folder / "receipt.json")
        if table is None:
            receipt.write(self.workspace.receipt("hangar", stage))
        receipt.write(receipts / (f"{stage}.json" if table is None else f"{stage}/{table}.json"))
        return receipt

    def record(self, receipt: Receipt, release: int, *, table: str | None = None) -> None:
        folder = self.workspace.root / receipt.output
        record(
            receipt.stage,
            settings=self.settings,
            resolved=self.resolved,
            release=release,
            receipt=receipt,
            folder=folder,
            table=table,
            run_folder=self.run_folder(release),
        )

    def resolve(self, release: int = 1) -> Receipt:
        write_json(self.run_folder(release) / "resolved.json", self.resolved.to_dict())
        snapshot = self.workspace.snapshot("hangar", release)
        write_text(snapshot / "planes.parquet", SENTINEL)
        facts = {"rows": {name: rows.num_rows for name, rows in ROWS.items()}, "holdout": {"planes": 1, "flights": 1}, "repairs": {}}
        sources = {f"source/{name}": keyed(digest_of(rows.to_pylist()), secret=b"s" * 32) for name, rows in ROWS.items()}
        return self.leave("resolve", release, {}, facts, sources=sources)

    def profile(self, release: int = 1) -> Receipt:
        files = {"planes.json": seats_profile().to_dict(), "flights.json": {"rows": 4}}
        return self.leave("profile", release, files, {"rows": {"planes": 60}})

    def train(self, table: str, release: int = 1) -> Receipt:
        digests: dict[str, str] = {}

        def planes(folder: Path) -> None:
            digests["independent"] = seats_model(folder)

        def flights(name: str) -> Any:
            def fill(folder: Path) -> None:
                digests[name] = opaque_model(folder, name)

            return fill

        files = {"independent": planes} if table == "planes" else {"tree": flights("tree"), "independent": flights("independent")}
        roles = {"planes": {"independent": "published"}, "flights": {"tree": "published", "independent": "challenger"}}[table]

        def facts() -> dict[str, Any]:
            plain = {"rows": 48, "seconds": 0.5, "parameters": {"leaf_rows": 50}}
            models = {name: {"digest": digests[name], "role": role, **plain} for name, role in roles.items()}
            models["independent"] |= {"losses": {"loss": [3.0, 2.0, 1.5]}}
            return {"models": models}

        return self.leave("train", release, files, facts, table=table)

    def gate(self, release: int = 1, *, passed: bool = True) -> Receipt:
        write_text(self.run_folder(release) / "attempts.jsonl", '{"attempt": 1}\n')
        files = {"scores.json": scores(), "verdict.json": verdict(passed=passed, release=release)}
        files |= {"report.json": {"schema_version": 1}, "report.html": "<p>a report</p>"}
        return self.leave("gate", release, files, {"passed": passed})

    def until_gate(self, release: int = 1) -> None:
        """Leave and record everything from resolve to a passed gate."""
        self.record(self.resolve(release), release)
        self.record(self.profile(release), release)
        for table in ("planes", "flights"):
            self.record(self.train(table, release), release, table=table)
        self.combine_train(release)
        self.record(self.leave("synthesize", release, {"rows.json": SENTINEL}, {}), release)
        self.record(self.materialize(release), release)
        self.record(self.gate(release), release)

    def combine_train(self, release: int) -> None:
        folder = self.run_folder(release) / "receipts"
        keys = {table: Receipt.read(folder / "train" / f"{table}.json").key for table in ("planes", "flights")}
        Receipt("train", digest_of(keys), "", keys, {}, {}).write(folder / "train.json")

    def materialize(self, release: int = 1) -> Receipt:
        def tables(folder: Path) -> None:
            folder.mkdir()
            for name, rows in ROWS.items():
                parquet.write_table(rows, folder / f"{name}.parquet")

        schema = {"statements": statements(self.resolved, release=release), "tables": list(ROWS)}
        files = {"schema.json": schema, "tables": tables, "candidate.json": SENTINEL}
        facts = {"schema": f"air__r{release}", "dbt_invocation": "d-1", "data_digest": self.contents().data_digest}
        return self.leave("materialize", release, files, facts)

    def contents(self) -> Contents:
        """What a warehouse gives back of ROWS."""
        warehouse = DuckDBWarehouse("check", self.workspace.scratch / "check.duckdb")
        warehouse.path.parent.mkdir(parents=True, exist_ok=True)
        files = {}
        for name, rows in ROWS.items():
            files[name] = self.workspace.scratch / f"{name}.parquet"
            parquet.write_table(rows, files[name])
        warehouse.install("air__r0", statements(self.resolved, release=0), files)
        return contents_of(warehouse, "air__r0")

    def release(self, release: int = 1) -> Receipt:
        """Put the release into the registry, as the stage of that name does."""
        made, gate, profile = (self.receipt(stage, release) for stage in ("materialize", "gate", "profile"))
        here = self.workspace.root
        files = {name: here / gate.output / name for name in GATE_FILES}
        files |= {"schema.json": here / made.output / "schema.json", "resolved.json": self.run_folder(release) / "resolved.json"}
        files["manifest.yml"] = self.run_folder(release) / "manifest.yml"
        write_text(files["manifest.yml"], "twin: hangar\n")
        data = {f"data/{name}.parquet": here / made.output / "tables" / f"{name}.parquet" for name in ROWS}
        contents = self.contents()
        models = {
            table: {"synthesizer": name, "digest": facts["digest"]}
            for table in ("planes", "flights")
            for name, facts in self.receipt("train", release, table).facts["models"].items()
            if facts["role"] == "published"
        }
        with reading(self.settings, "hangar") as reader:
            run_id = reader.release(release).runs[0].run_id
        record = {
            "twin": "hangar",
            "release": release,
            "data_digest": contents.data_digest,
            "tables": dict(contents.tables),
            "schema": contents.schema(),
            "files": {name: digest_file(path) for name, path in data.items()},
            "documents": {name: digest_file(path) for name, path in files.items()},
            "manifest_digest": digest_file(files["manifest.yml"]),
            "models": models,
            "profiles": {table: profile.digests[f"{table}.json"] for table in ("planes", "flights")},
            "sources": {table: self.receipt("resolve", release).digests[f"source/{table}"] for table in ROWS},
            "verdict": {"status": "pass"},
            "code": "c0de",
            "mlflow_run_id": run_id,
            "dbt_invocation": "d-1",
        }
        files["release.json"] = self.run_folder(release) / "release.json"
        write_json(files["release.json"], record)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # DVC's own
            registry_of(self.settings).add("hangar", release, files | data)
        write_json(self.run_folder(release) / "run.json", {"twin": "hangar", "release": release, "state": "released"})
        return self.leave("release", release, {}, {"data_digest": contents.data_digest})

    def publish(self, release: int = 1) -> Receipt:
        """Show the release to readers, as the stage of that name does."""
        warehouse = self.warehouse()
        files = registry_of(self.settings).data_files("hangar", release)
        private = f"air__r{release}"
        warehouse.install(private, statements(self.resolved, release=release), {name: files[name] for name in ROWS})
        publication = Publication("hangar", release, self.contents().data_digest, "2026-01-01T00:00:00Z")
        warehouse.publish(public="air", private=private, tables=list(TABLES.values()), publication=publication)
        return self.leave("publish", release, {}, {"published_at": "2026-01-01T00:00:00Z"})

    def warehouse(self) -> DuckDBWarehouse:
        path = self.workspace.warehouses / "dev.duckdb"
        path.parent.mkdir(parents=True, exist_ok=True)
        return DuckDBWarehouse("dev", path)

    def receipt(self, stage: str, release: int = 1, table: str | None = None) -> Receipt:
        name = f"{stage}.json" if table is None else f"{stage}/{table}.json"
        return Receipt.read(self.run_folder(release) / "receipts" / name)

    def audit(self, reference: str = "hangar@2") -> AuditReport:
        return audit(self.settings, MANIFEST, reference)

    def broken(self, reference: str = "hangar@2") -> set[str]:
        """Names of the links that an audit finds broken."""
        return {link.name for link in self.audit(reference).broken}

    def output(self, stage: str, release: int, table: str | None = None) -> Path:
        """Where a stage left its files."""
        return self.workspace.root / self.receipt(stage, release, table).output

    def whole(self, release: int = 1) -> None:
        """A release from resolve to publish, all recorded."""
        self.until_gate(release)
        self.record(self.release(release), release)
        self.record(self.publish(release), release)


def settings_of(root: Path) -> Settings:
    workspace = Workspace(root / ".twin")
    return Settings(
        project=root,
        workspace=workspace,
        mlflow_uri=f"sqlite:///{workspace.mlflow / 'mlflow.db'}",
        dvc_remote=str(workspace.dvc_remote),
        lock_seconds=30,
        connections={"dev": f"duckdb://{workspace.warehouses / 'dev.duckdb'}"},
    )
