"""The workspace: one POSIX directory that holds everything, and the only place where its paths are made.

    secret.key                              keys the digests and the split; never leaves                    (secure)
    warehouses/<name>.duckdb                embedded warehouses of the demo
    secure/<twin>/snapshot/<release>/       the source's rows, until the verdict                            (secure)
    secure/<twin>/<stage>/<key>/            models, candidates, undecided data                              (secure)
    internal/<twin>/<stage>/<key>/          k-safe profiles, scores, verdicts, reports                      (internal)
    runs/<twin>/<release>/                  run.json, the resolved manifest, receipts of one release        (internal)
    receipts/<twin>/<stage>.json            the newest receipt of each stage: what `dvc.yaml` watches       (internal)
    registry/                               git and DVC: the releases                                       (open)
    dvc-remote/ mlflow/ airflow/ scratch/ locks/
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse_twin.errors import ConfigurationError

SECRET_BYTES = 32
WORK_PREFIX = ".work-"


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths below `root`. Nothing is made on disk until something is written."""

    root: Path

    @property
    def warehouses(self) -> Path:
        return self.root / "warehouses"

    @property
    def registry(self) -> Path:
        return self.root / "registry"

    @property
    def dvc_remote(self) -> Path:
        return self.root / "dvc-remote"

    @property
    def mlflow(self) -> Path:
        return self.root / "mlflow"

    @property
    def airflow(self) -> Path:
        return self.root / "airflow"

    @property
    def scratch(self) -> Path:
        """Temporary files of Spark, dbt and Python; may hold real rows while a stage runs, so secure."""
        return self.root / "secure" / "scratch"

    def snapshot(self, twin: str, release: int) -> Path:
        return self.root / "secure" / twin / "snapshot" / str(release)

    def output(self, zone: str, twin: str, stage: str, key: str) -> Path:
        """Where a stage with this key leaves its files; `zone` is `secure` or `internal`."""
        return self.root / zone / twin / stage / key[:20]

    def run(self, twin: str, release: int) -> Path:
        return self.root / "runs" / twin / str(release)

    def receipt(self, twin: str, stage: str) -> Path:
        return self.root / "receipts" / twin / f"{stage}.json"

    def failures(self, twin: str) -> Path:
        """Tracebacks of errors that nobody foresaw; they may quote real values, so secure."""
        return self.root / "secure" / twin / "failures"

    def lock(self, name: str) -> Path:
        return self.root / "locks" / f"{name}.lock"

    def open_secure_zone(self) -> None:
        """Make the secure zone, for its owner alone."""
        (self.root / "secure").mkdir(mode=0o700, parents=True, exist_ok=True)

    def relative(self, path: Path) -> str:
        """A path as it is written into receipts: relative to the root, so that the workspace can move."""
        return path.relative_to(self.root).as_posix()

    def secret(self) -> bytes:
        """The workspace's secret, made on first use, readable by its owner alone."""
        path = self.root / "secret.key"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=WORK_PREFIX)  # mode 0600
            with os.fdopen(descriptor, "w") as stream:
                stream.write(secrets.token_hex(SECRET_BYTES))
            try:
                os.link(temporary, path)  # fails when another process was first: its secret stands
            except FileExistsError:
                pass
            finally:
                os.unlink(temporary)
        text = path.read_text().strip()
        try:
            secret = bytes.fromhex(text)
        except ValueError:
            secret = b""
        if len(secret) != SECRET_BYTES:
            raise ConfigurationError(
                f"{path}: wanted {SECRET_BYTES} bytes in hex, got something else; restore it from a backup "
                "(a new one changes every split and every keyed digest)"
            )
        return secret


def write_text(path: Path, text: str) -> None:
    """Write a file atomically: a sibling temporary, synced, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=WORK_PREFIX)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys, atomically."""
    write_text(path, json_text(value))


def json_text(value: Any) -> str:
    """JSON as it stands in every file of ours: one text a value."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder that appears at `target` whole or not at all; what stood there is replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=WORK_PREFIX))
    try:
        yield work
        work.chmod(0o755)
        if target.exists():
            stale = Path(tempfile.mkdtemp(dir=target.parent, prefix=WORK_PREFIX))
            os.replace(target, stale / "old")
            os.replace(work, target)
            shutil.rmtree(stale)
        else:
            os.replace(work, target)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def leftovers(root: Path) -> list[Path]:
    """Temporary files and folders that killed processes left anywhere in a workspace."""
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        found += [Path(folder) / name for name in [*folders, *files] if name.startswith(WORK_PREFIX)]
        folders[:] = [name for name in folders if not name.startswith(WORK_PREFIX)]
    return sorted(found)
