"""Projects on disk, and Airflow in processes of its own.

Airflow reads its configuration when it is first imported, so what needs a home of its own runs in another process; the
tests that import Airflow here get an AIRFLOW_HOME that is nobody's, set before any of them is collected.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_home = tempfile.TemporaryDirectory(prefix="airflow-of-tests-")
atexit.register(_home.cleanup)
if "airflow" not in sys.modules:
    os.environ["AIRFLOW_HOME"] = _home.name

MANIFEST = """\
twin: {twin}
source: {{warehouse: prod, schema: shop}}
target: {{warehouse: dev, schema: shop_twin}}
schedule: "@daily"
seed: 7
tables:
  countries: {{keep: real, primary_key: code}}
  customers: {{primary_key: id}}
  orders: {{primary_key: id}}
"""


@dataclass
class Project:
    """A project folder with manifests, and processes that see nothing of this one's environment."""

    root: Path

    def write(self, twin: str, text: str = MANIFEST) -> Path:
        path = self.root / "twins" / f"{twin}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(twin=twin) if text is MANIFEST else text)
        return path

    @property
    def environment(self) -> dict[str, str]:
        """A clean environment; home and temporary folder are empty, so that what is written there is seen."""
        home, temporary = self.root / "home", self.root / "tmp"
        for folder in (home, temporary):
            folder.mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "PYTHONPATH": str(ROOT / "plugins"),
            "TWIN_PROJECT": str(self.root),
            "AIRFLOW_HOME": str(self.root / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }

    def python(self, arguments: Sequence[str], *, also: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, env={**self.environment, **(also or {})}, cwd=self.root, capture_output=True, text=True, timeout=300, check=False
        )

    def answer(self, code: str, *arguments: str) -> Any:
        """What a piece of Python prints last, as JSON."""
        done = self.python(["-c", code, *arguments])
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
