"""`twin dbt`: somebody's own dbt project on a twin."""

from __future__ import annotations

import argparse
from pathlib import Path

from warehouse_twin.cli.output import Ended, answer
from warehouse_twin.settings import Settings


def add_dbt(words: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    word = words.add_parser("dbt", help="run your own dbt project on a twin")
    inner = word.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
    about = "add the package and the macro of one line by which every source() of the project can read a release"
    install = inner.add_parser("install", parents=[common], help=about)
    install.add_argument("project", help="the folder of your dbt project")
    install.set_defaults(call=dbt_install)


def dbt_install(options: argparse.Namespace, settings: Settings) -> Ended:
    from warehouse_twin.dbt_projects.installing import install

    done = install(Path(options.project), settings.dbt_project)
    value = {
        "macro": str(done.macro),
        "packages": str(done.packages),
        "written": [str(file) for file in done.written],
        "by_hand": done.by_hand,
    }
    answer(options, value, [*done.lines(), "next: dbt deps, then dbt build --vars 'twin: NAME', or 'twin: NAME@7' for that release"])
    return "done"
