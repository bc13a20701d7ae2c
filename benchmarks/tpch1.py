"""TPC-H at scale factor 1: `make bench CASE=tpch1`."""

from __future__ import annotations

import sys

from benchmarks.tpch import show, study


def main() -> int:
    show(study(1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
