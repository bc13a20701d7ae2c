"""`twin doctor`: is everything there that a run needs?"""

from __future__ import annotations

import argparse

from warehouse_twin.cli.output import Ended, answer
from warehouse_twin.settings import Settings


def add(words: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    about = "is everything there that a run needs? a line each, with the command that mends it; exit status 1 if something is missing"
    word = words.add_parser("doctor", parents=[common], help=about)
    word.add_argument("--deep", action="store_true", help="also start Spark and ask MLflow, the DVC remote and Airflow")
    word.set_defaults(call=doctor)


def doctor(options: argparse.Namespace, settings: Settings) -> Ended:
    from warehouse_twin.doctor.examination import examine

    findings = list(examine(settings, deep=options.deep))
    failed = [finding for finding in findings if finding.status == "fail"]
    width = max(len(finding.name) for finding in findings)
    lines = [finding.line(width) for finding in findings]
    lines.append(f"{len(failed)} of {len(findings)} must be mended before a run" if failed else "a run can begin")
    answer(options, {"ok": not failed, "findings": [finding.to_dict() for finding in findings]}, lines)
    return "failed" if failed else "done"
