"""The middle links: receipts of the release's run, and what profile, train and gate left in the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from warehouse_twin.digests import digest_file
from warehouse_twin.errors import IntegrityError
from warehouse_twin.lineage.links import Chain
from warehouse_twin.lineage.naming import digest_of_receipt
from warehouse_twin.lineage.release_links import ReleaseFacts
from warehouse_twin.receipts import Receipt
from warehouse_twin.synthesizers.registry import CARD, model_digest
from warehouse_twin.workspace import Workspace, json_text, read_json

KEPT = ("profile", "train", "gate")
"""Stages whose files an auditor must find. Those of the others may have been collected: what counts of them is in the release."""
EXPECTED = ("resolve", "profile", "train", "synthesize", "materialize", "gate", "release")
OPTIONAL = ("publish",)
"""A release may be kept and never shown."""

Receipts = Mapping[tuple[str, str | None], Receipt]


def check_receipts(chain: Chain, workspace: Workspace, release: ReleaseFacts) -> Receipts:
    """The receipts of the release's run that can be read, by stage and table: as they were written, and linked by their keys."""
    folder = workspace.run(release.twin, release.release) / "receipts"
    wanted: list[tuple[str, str | None]] = [(stage, None) for stage in EXPECTED]
    wanted += [(stage, None) for stage in OPTIONAL if (folder / f"{stage}.json").exists()]
    wanted += [("train", table.name) for table in release.resolved.protected]
    found: dict[tuple[str, str | None], Receipt] = {}
    for stage, table in wanted:
        path = folder / (f"{stage}.json" if table is None else f"{stage}/{table}.json")
        name = f"receipt/{path.relative_to(folder).with_suffix('').as_posix()}"
        receipt = chain.read(name, "the stage's receipt", partial(_receipt, path))
        if receipt is not None:
            chain.equal(name, "the stage it speaks of", stage, receipt.stage)
            found[stage, table] = receipt
    for (stage, table), receipt in found.items():
        name = f"receipt/{stage}" if table is None else f"receipt/{stage}/{table}"
        for need, key in receipt.inputs.items():
            before = found.get(("train", need) if (stage, table) == ("train", None) else (need, None))
            if before is not None:
                chain.equal(name, f"the key of {need}, which it read", before.key, key)
    return found


def check_run(chain: Chain, workspace: Workspace, release: ReleaseFacts) -> None:
    """The run's own files: how far it has come, and the manifest it resolved."""
    folder = workspace.run(release.twin, release.release)
    state = {"twin": release.twin, "release": release.release, "state": "released"}
    chain.check("run/run.json", "how far the run has come", json_text(state), (folder / "run.json").read_text)
    for name in ("resolved.json", "manifest.yml"):
        if name == "resolved.json" or (folder / name).exists():
            chain.check(f"run/{name}", "sha256 of the run's copy", release.files.get(name), partial(digest_file, folder / name))
    for stage in (*EXPECTED, *OPTIONAL):
        newest = workspace.receipt(release.twin, stage)
        if newest.exists():
            chain.check(f"newest/{stage}", "the receipt that dvc.yaml watches", "a run's", partial(_whose, newest, folder.parent))


def _whose(newest: Path, runs: Path) -> str:
    """Whether the newest receipt of a stage is, to the byte, that of a run."""
    text = newest.read_bytes()
    return "a run's" if any(path.read_bytes() == text for path in runs.glob(f"*/receipts/{newest.name}")) else "no run's"


def _receipt(path: Path) -> Receipt:
    """A receipt. Raises IntegrityError when its text is not, to the byte, what `Receipt.write` writes."""
    text = path.read_text(encoding="utf-8")
    receipt = Receipt.from_dict(read_json(path))
    if text != json_text(receipt.to_dict()):
        raise IntegrityError("not as it was written: it reads as a receipt and its text is another")
    return receipt


def check_outputs(chain: Chain, workspace: Workspace, receipts: Receipts) -> None:
    """Every file that a stage left, against the digest in its receipt."""
    for (stage, table), receipt in receipts.items():
        if not receipt.output:
            continue
        group, folder = stage if table is None else f"{stage}/{table}", workspace.root / receipt.output
        if not folder.is_dir() and stage not in KEPT:
            continue
        for path, digest in receipt.digests.items():
            if not path.startswith("source/"):
                chain.check(f"{group}/{path}", "sha256 of the file", digest, partial(digest_file, folder / path))
        if (folder / "receipt.json").exists():
            kept = partial(_digest_of_receipt, folder / "receipt.json")
            chain.check(f"{group}/receipt.json", "digest of the receipt beside the files", digest_of_receipt(receipt), kept)


def _digest_of_receipt(path: Path) -> str:
    return digest_of_receipt(_receipt(path))


def check_release_against_receipts(chain: Chain, release: ReleaseFacts, receipts: Receipts) -> None:
    """release.json beside the receipts: sources, profiles, data and verdict."""
    facts = release.facts
    for item in release.resolved.tables if not release.promised else ():
        table, source = item.name, facts.get("sources", {}).get(item.name)
        _compare(chain, f"source/{table}", "keyed digest in the receipt of resolve", source, receipts, "resolve", f"source/{table}")
    for table, digest in facts.get("profiles", {}).items():
        _compare(chain, f"profile/{table}.json", "digest in the receipt of profile", digest, receipts, "profile", f"{table}.json")
    for name in release.gate_files:
        _compare(chain, f"gate/{name}", "digest in the receipt of gate", release.files.get(name), receipts, "gate", name)
    schema = release.files.get("schema.json")
    _compare(chain, "materialize/schema.json", "digest in the receipt of materialize", schema, receipts, "materialize", "schema.json")
    made = receipts.get(("materialize", None))
    if made is not None:
        chain.equal("materialize", "data digest in its receipt", facts.get("data_digest"), made.facts.get("data_digest"))


def _compare(chain: Chain, name: str, what: str, expected: object, receipts: Receipts, stage: str, key: str) -> None:
    receipt = receipts.get((stage, None))
    if receipt is not None:
        chain.equal(name, what, expected, receipt.digests.get(key, "missing"))


def check_models(chain: Chain, workspace: Workspace, release: ReleaseFacts, receipts: Receipts) -> None:
    """Each published model: release.json, receipt, card and files say the same digest."""
    for table, model in release.facts.get("models", {}).items():
        name, synthesizer, digest = f"model/{table}", model["synthesizer"], model["digest"]
        receipt = receipts.get(("train", table))
        if receipt is None:
            continue
        folder = workspace.root / receipt.output / synthesizer
        told: Mapping[str, Any] = receipt.facts.get("models", {}).get(synthesizer, {})
        chain.equal(name, "digest in the receipt of train", digest, told.get("digest", "missing"))
        chain.check(name, "digest on the model's card", digest, partial(_on_card, folder))
        chain.check(name, "digest of the model's files", digest, partial(model_digest, folder))


def _on_card(folder: Path) -> str:
    return str(read_json(folder / CARD)["digest"])
