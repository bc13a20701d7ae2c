"""Are the packages there in the versions that pyproject.toml asks for?"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from warehouse_twin import __version__
from warehouse_twin.doctor.finding import Finding
from warehouse_twin.settings import Settings

DISTRIBUTION = "warehouse-twin"
_CHECKOUT = Path(__file__).resolve().parents[3]


def packages(settings: Settings, deep: bool) -> Iterator[Finding]:
    wanted = requirements(_CHECKOUT / "pyproject.toml")
    wrong = [fault for fault in map(_fault, wanted) if fault]
    if wrong:
        where = f" in {_CHECKOUT}" if (_CHECKOUT / "pyproject.toml").is_file() else ""
        yield Finding("packages", "fail", "; ".join(wrong), f"pip install -c constraints.txt -e .{where}")
    else:
        yield Finding("packages", "ok", f"{DISTRIBUTION} {__version__}, and all {len(wanted)} packages it asks for are in range")


def requirements(pyproject: Path) -> list[str]:
    """What the package asks for: as its checkout says now, else as it was installed."""
    if pyproject.is_file():
        project = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("project", {})
        if project.get("name") == DISTRIBUTION:
            return list(project["dependencies"])
    return [text for text in metadata.requires(DISTRIBUTION) or () if "extra ==" not in text]


def _fault(text: str) -> str:
    """What is wrong with one requirement; empty when it is met."""
    from packaging.requirements import Requirement

    requirement = Requirement(text)
    try:
        found = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is missing; wanted {requirement.specifier}"
    if requirement.specifier.contains(found, prereleases=True):
        return ""
    return f"{requirement.name} is {found}; wanted {requirement.specifier}"
