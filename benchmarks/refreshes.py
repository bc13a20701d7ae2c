"""Ten refreshes of a private twin, each of a source that has changed: `make bench CASE=refreshes`, RUNS=10.

The three tables of `tests/functional/test_private_twin.py` by the command line, from an empty workspace. The first release measures, those
after it draw from what was measured. Exit status 1 when one of these is not published, costs anything or repeats another one's data.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "functional")]

from test_private_twin import private_project  # noqa: E402 (the project of the tests)

ANOTHER_NIGHT = "UPDATE shop.customers SET credit = credit + 0.01 WHERE id % 50 = ?"


def main() -> int:
    runs = int(os.environ.get("RUNS", "10"))
    with tempfile.TemporaryDirectory() as folder:
        project = private_project(Path(folder))
        measured, spent = project.ledger, project.json("budget", "shop")["spent"]
        print("release | epsilon spent | lines of the ledger | wall s")
        print(f"1 | {spent:.4f} | {len(measured)} | –")
        good = True
        for release in range(2, runs + 2):
            with duckdb.connect(str(project.workspace / "warehouses" / "prod.duckdb")) as opened:
                opened.execute(ANOTHER_NIGHT, [release])
            started = time.monotonic()
            project.twin("run", "shop")
            now = project.json("budget", "shop")["spent"]
            good &= project.ledger == measured and now == spent and project.published()[0] == release
            print(f"{release} | {now:.4f} | {len(project.ledger)} | {time.monotonic() - started:.0f}", flush=True)
        digests = set(project.digests().values())
        print(f"{len(digests)} of {runs + 1} releases have data of their own")
        return 0 if good and len(digests) == runs + 1 else 1


if __name__ == "__main__":
    sys.exit(main())
