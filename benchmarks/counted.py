"""What `marginal` measures of TPC-H, counted in one process and by Spark: `make bench CASE=counted`, SCALE=1.

`train` of the first table, by the command line, from the same snapshot: it counts all tables, fits their models and stores both.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks import tpch
from benchmarks.processes import measured
from warehouse_twin.cli.main import main as twin
from warehouse_twin.stages import measuring

PRIVATE = """\
entity: customer
synthesizer: marginal
privacy: {epsilon: 2, delta: 1.0e-6, rows_per_entity: {orders: 40, lineitem: 160}}
"""
FIRST = "supplier"
LEAST = {"one process": math.inf, "Spark": measuring.SPARK_FROM}
"""From how many looks on Spark counts a table."""


def train(least: float) -> int:
    """`twin train` with this threshold, in this process."""
    measuring.SPARK_FROM = least
    return twin(["train", "tpch", "--table", FIRST])


def main() -> int:
    scale = float(os.environ.get("SCALE", "1"))
    print("scale | counted by | wall_s | cpu_s | driver_mb | jvm_mb | workers_mb")
    with tpch.workplace(f"counted-{scale:g}") as folder:
        project = tpch.make_project(folder / "made", scale, tpch.MANIFEST.replace("entity: customer\n", PRIVATE))
        for stage in ("resolve", "profile"):
            project.run(stage)
        for who, least in LEAST.items():
            copied = tpch.Project(Path(shutil.copytree(project.root, folder / who.replace(" ", "-"))))
            environment = copied.environment | {"PYTHONPATH": f"{tpch.CHECKOUT / 'plugins'}:{tpch.CHECKOUT}"}
            command = [sys.executable, "-m", "benchmarks.counted", str(least)]
            usage = asdict(measured(command, cwd=copied.root, env=environment))
            print(" | ".join([f"{scale:g}", who, *(f"{value:.0f}" for value in usage.values())]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main() if len(sys.argv) == 1 else train(float(sys.argv[1])))
