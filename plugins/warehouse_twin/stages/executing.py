"""Doing a stage's work once: the key under which it is skipped, the receipt it leaves, and errors that quote nothing."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse_twin.digests import digest_file, digest_folder, digest_of
from warehouse_twin.errors import IntegrityError, TerminalError, TransientError, TwinError, of_a_disk
from warehouse_twin.receipts import Receipt, stage_key
from warehouse_twin.stages.context import RESOLVED, Stage, StageContext
from warehouse_twin.stages.runs import read_run
from warehouse_twin.stages.snapshots import ensure_snapshot
from warehouse_twin.workspace import new_folder, read_json, write_json, write_text

RUN_DIGESTS = "resolved.sha256.json"
"""In the folder of a run: what its resolved manifest was when it was resolved."""


@contextmanager
def guarded(context: StageContext, stage: str) -> Iterator[None]:
    """Errors that are not ours may quote real values: only their kind goes on, the rest is kept in the secure zone."""
    try:
        yield
    except TwinError:
        raise
    except Exception as error:
        what = f"{context.twin}@{context.release} {stage}" + (f" of {context.table}" if context.table else "")
        whole = "".join(traceback.format_exception(error))
        kept = _kept(context.workspace.failures(context.twin) / f"{context.release}-{stage}.txt", whole)
        cause = os.strerror(error.errno) if isinstance(error, OSError) and error.errno is not None else of_a_disk(whole)
        if cause:
            told = f"{what}: {type(error).__name__}: {cause}; next: mend it and run again; details, with real values, in {kept}"
            unforeseen: TwinError = TransientError(told)
        else:
            told = f"{what}: unforeseen {type(error).__name__}; next: read {kept}, which may quote real values"
            unforeseen = TerminalError(f"{told}, and report what can be shown")
        raise unforeseen from None


def _kept(path: Path, text: str) -> str:
    """Where the text was left: nowhere, where the disk takes no more."""
    try:
        write_text(path, text)
        path.chmod(0o600)
    except OSError as error:
        return f"no file ({os.strerror(error.errno or 0)})"
    return str(path)


def execute(context: StageContext, stage: Stage) -> tuple[Receipt, bool]:
    """The stage's receipt, and whether its work was already done under the same key."""
    inputs = {need: context.receipt(need).key for need in stage.needs}
    key = stage_key(stage.name, inputs=inputs, parameters=stage.parameters(context))
    output = context.workspace.output(stage.zone, context.twin, stage.name, key)
    kept = output / "receipt.json"
    if stage.keyed and kept.exists():
        return Receipt.read(kept), True
    state = read_run(context.workspace, context.twin, context.release)
    if state is not None and state.closed and stage.name not in ("release", "publish"):
        raise TerminalError(
            f"{context.twin}@{context.release} is {state.state} and cannot change; got other inputs or parameters for {stage.name}; "
            f"next: twin run {context.twin}, which opens a new release"
        )
    for need in stage.needs:
        refuse_altered(context, need)
    # SDV writes a logging configuration into the user's data folder when it is imported: into ours instead
    os.environ.setdefault("XDG_DATA_HOME", str(context.workspace.scratch / "share"))
    if stage.reads_snapshot:
        ensure_snapshot(context)
    with new_folder(output) as folder:
        facts = stage.work(context, folder)
        sources = {f"source/{table}": digest for table, digest in facts.get("sources", {}).items()}
        receipt = Receipt(
            stage=stage.name,
            key=key if stage.keyed else digest_of({"key": key, "facts": facts}),
            output=context.workspace.relative(output),
            inputs=inputs,
            digests=digest_folder(folder) | sources,
            facts=facts,
        )
        receipt.write(folder / "receipt.json")
    if stage.name == "resolve":  # two releases of one source have one receipt, and a manifest each
        write_json(context.run_folder / RUN_DIGESTS, {name: digest_file(context.run_folder / name) for name in RESOLVED})
    return receipt, False


def refuse_altered(context: StageContext, stage: str) -> None:
    """Raises IntegrityError, naming the file, when what a stage left is not what its receipt says: nothing is read of it then."""
    tables = context.manifest.protected if stage == "train" else (None,)
    for table in tables:
        receipt = context.receipt(stage, table)
        folder = context.workspace.root / receipt.output
        left = {folder / name: digest for name, digest in receipt.digests.items() if not name.startswith("source/")}
        if stage == "resolve":
            record = context.run_folder / RUN_DIGESTS
            told = read_json(record) if record.exists() else {RUN_DIGESTS: ""}  # who took the record away is not believed either
            left |= {context.run_folder / name: digest for name, digest in told.items()}
        for path, digest in left.items():
            if not path.is_file() or digest_file(path) != digest:
                raise IntegrityError(
                    f"{context.twin}@{context.release}: {context.workspace.relative(path)} is missing or not what the receipt of {stage} "
                    f"says: it was altered and is not read; next: find out by whom, delete {context.workspace.relative(path.parent)}, "
                    f"then: twin {stage} {context.twin}"
                )


def combine_train(context: StageContext) -> Receipt | None:
    """The receipt of `train` as a whole, once every table has its own."""
    tables = context.manifest.protected
    if not all(context.receipt_file("train", table).exists() for table in tables):
        return None
    parts = {table: context.receipt("train", table) for table in tables}
    inputs = {table: part.key for table, part in parts.items()}
    receipt = Receipt(
        stage="train",
        key=stage_key("train", inputs=inputs, parameters={}),
        output="",
        inputs=inputs,
        digests={f"{table}/{name}": digest for table, part in parts.items() for name, digest in part.digests.items()},
        facts={"models": {table: part.facts["models"] for table, part in parts.items()}},
    )
    receipt.write(context.receipt_file("train"))
    receipt.write(context.workspace.receipt(context.twin, "train"))
    return receipt
