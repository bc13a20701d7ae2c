"""`twin dbt install`: what a dbt project needs in order to run on a twin, and not more: one line of a macro, and the package.

dbt lets only the root project override `source`, so that line cannot be in the package. No model is touched, and no file of the
project is changed but `packages.yml`, to which one entry is added where that can be done without changing another byte.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from warehouse_twin.dbt_projects.facts import mapping
from warehouse_twin.dbt_projects.project_file import FILE, ProjectFile, open_project, yaml_of
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.workspace import write_text

OVERRIDE = (
    "{% macro source(source_name, table_name) %}"
    "{{ return(warehouse_twin.twin_source(builtins.source(source_name, table_name), source_name)) }}"
    "{% endmacro %}\n"
)
NAME, MACRO_FILE = "warehouse_twin", "twin_source.sql"
_OWN_SOURCE = re.compile(r"\{%-?\s*macro\s+source\s*\(")
_CALLS_OURS = "warehouse_twin.twin_source("
_ITEM = re.compile(r"^( *)- ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Installed:
    """The macro's file, the file of packages, which of them were written, and the entry that is left to the user."""

    macro: Path
    packages: Path
    written: tuple[Path, ...]
    by_hand: str = ""

    def lines(self) -> list[str]:
        files = (self.macro,) if self.by_hand else (self.macro, self.packages)
        said = [f"{file}: {'written' if file in self.written else 'as it was'}" for file in files]
        return [*said, f"add to {self.packages}, below packages: {self.by_hand}"] if self.by_hand else said


def install(place: Path, package: Path) -> Installed:
    """Write the override and add `package`, the folder `dbt_project/`, to the project's packages.

    Raises ConfigurationError for a folder without a project, and for a project that overrides `source` in its own way.
    """
    if open_project(package).name != NAME or not (package / "macros" / "on_twin").is_dir():
        wanted = "wanted that of warehouse-twin; next: set TWIN_PROJECT to the folder that has it, such as the checkout"
        raise ConfigurationError(f"{package}: another dbt project, or an older copy of the package; {wanted}")
    project = open_project(place)
    if project.root == package.resolve():
        raise ConfigurationError(f"{project.root}: this is the package itself; wanted your own dbt project")
    written: list[Path] = []
    macro = _overriding(project)
    if macro is None:
        macro = project.paths("macro-paths")[0] / MACRO_FILE
        write_text(macro, OVERRIDE)
        written.append(macro)
    packages, text, by_hand = _with_package(project, package)
    if text is not None:
        write_text(packages, text)
        written.append(packages)
    return Installed(macro, packages, tuple(written), by_hand)


def _overriding(project: ProjectFile) -> Path | None:
    """The file that overrides `source` as ours does; None where none does. Raises ConfigurationError where one does otherwise."""
    for file in project.files("macro-paths", ".sql"):
        text = file.read_text(encoding="utf-8", errors="replace")
        found = _OWN_SOURCE.search(text)
        if found is None and file.name != MACRO_FILE:
            continue
        if found is None or _CALLS_OURS not in text:
            line = text[: found.start()].count("\n") + 1 if found else 1
            what = "the project has a macro source of its own" if found else "a file of this name is there"
            raise ConfigurationError(
                f"{file}:{line}: {what}; wanted one that returns "
                "warehouse_twin.twin_source(builtins.source(source_name, table_name), source_name); next: write that into it by hand"
            )
        return file
    return None


def _with_package(project: ProjectFile, package: Path) -> tuple[Path, str | None, str]:
    """The file of packages, its new text (None: it stays), and the entry that must be put in by hand, where it must."""
    entry = {"local": os.path.relpath(package.resolve(), project.root)}
    line = f"- local: {yaml.safe_dump(entry['local'], width=1_000_000).splitlines()[0]}"
    file = _packages_file(project)
    if not file.exists():
        return file, f"packages:\n  {line}\n", ""
    said = yaml_of(file)
    entries = said.get("packages") if isinstance(said, dict) else None
    if isinstance(entries, list) and any(_is_ours(item, project, package) for item in entries):
        return file, None, ""
    text = file.read_text(encoding="utf-8")
    indents = _ITEM.findall(text)
    if isinstance(entries, list) and indents:
        after = text if text.endswith("\n") else f"{text}\n"
        after += f"{indents[-1]}{line}\n"
        if _reads(after) == {**said, "packages": [*entries, entry]}:
            return file, after, ""
    return file, None, line


def _packages_file(project: ProjectFile) -> Path:
    """`dependencies.yml` where the packages stand there: dbt reads one of the two."""
    other = project.root / "dependencies.yml"
    if other.is_file() and "packages" in mapping(yaml_of(other)):
        return other
    return project.root / "packages.yml"


def _is_ours(item: Any, project: ProjectFile, package: Path) -> bool:
    """Whether an entry is this package: in a folder, or out of a repository's `dbt_project/`."""
    if not isinstance(item, dict):
        return False
    if "local" in item:
        file = project.root / str(item["local"]) / FILE
        return file.is_file() and (file.parent.resolve() == package.resolve() or mapping(yaml_of(file)).get("name") == NAME)
    return str(item.get("subdirectory", "")).strip("/") == "dbt_project"


def _reads(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None
