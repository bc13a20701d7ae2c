"""TPC-H at scale factor 0.1: `make bench CASE=tpch01`."""

from __future__ import annotations

import sys

from benchmarks.tpch import show, study


def main() -> int:
    show(study(0.1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
