"""TPC-H at growing scale factors, 0.01, 0.1 and 1 unless SCALES says otherwise: `make bench CASE=growth`."""

from __future__ import annotations

import os
import sys

from benchmarks.tpch import show, study


def main() -> int:
    scales = [float(scale) for scale in os.environ.get("SCALES", "0.01 0.1 1").split()]
    show([line for scale in scales for line in study(scale)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
