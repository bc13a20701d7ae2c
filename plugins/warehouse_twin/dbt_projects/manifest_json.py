"""What dbt itself understood of a project: `target/manifest.json`, names rendered, disabled nodes gone, packages included."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from warehouse_twin.dbt_projects.facts import DataTest, Described, Key, OwnProject, constraints_of, mapping, twin_meta
from warehouse_twin.dbt_projects.project_file import ProjectFile
from warehouse_twin.dbt_projects.references import key_of
from warehouse_twin.errors import ConfigurationError

_ANYTHING = ("?", "?", "?")
"""What a model reads that is no source."""


def read_manifest(project: ProjectFile, file: Path) -> OwnProject:
    """Raises ConfigurationError for a file that dbt did not write."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        sources: Mapping[str, Any] = said["sources"]
        nodes: Mapping[str, Any] = said["nodes"]
        tests = _tests(nodes)
        keys: dict[str, Key] = {name: (node["source_name"], node["name"]) for name, node in sources.items()}
        return OwnProject(
            project.name,
            str(file.relative_to(project.root)),
            tuple(_source(node, tests) for _, node in sorted(sources.items())),
            tuple(_model(node, keys, tests) for _, node in sorted(nodes.items()) if node["resource_type"] == "model"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{file}: not a manifest that dbt wrote ({type(error).__name__}); next: dbt parse in the project, which writes it anew"
        ) from None


def _source(node: Mapping[str, Any], tests: Mapping[Key, list[DataTest]]) -> Described:
    key = (node["source_name"], node["name"])
    columns = list(node["columns"].values())
    return Described(
        key,
        node["original_file_path"],
        tuple(tests.get(key, ())),
        constraints_of(node, columns),
        twin_meta(node.get("meta"), mapping(node.get("config")).get("meta")),
        {column["name"]: said for column in columns if (said := _column_meta(column))},
        node["schema"],
        node["identifier"],
    )


def _column_meta(column: Mapping[str, Any]) -> dict[str, Any]:
    return twin_meta(column.get("meta"), mapping(column.get("config")).get("meta"))


def _model(node: Mapping[str, Any], keys: Mapping[str, Key], tests: Mapping[Key, list[DataTest]]) -> Described:
    return Described(
        (node["name"],),
        node["original_file_path"],
        tuple(tests.get((node["name"],), ())),
        constraints_of(node, list(node["columns"].values())),
        reads=tuple(keys.get(name, _ANYTHING) for name in node["depends_on"]["nodes"]),
        code=node.get("raw_code") or "",
    )


def _tests(nodes: Mapping[str, Any]) -> dict[Key, list[DataTest]]:
    """The generic tests of each source table and model."""
    found: dict[Key, list[DataTest]] = {}
    for key, test in _each_test(nodes):
        found.setdefault(key, []).append(test)
    return found


def _each_test(nodes: Mapping[str, Any]) -> Iterator[tuple[Key, DataTest]]:
    for _, node in sorted(nodes.items()):
        metadata = node.get("test_metadata")
        if node["resource_type"] != "test" or not metadata:
            continue
        given = {**metadata["kwargs"], **mapping(metadata["kwargs"].get("arguments"))}
        key = key_of(str(given.get("model", "")))
        column = node.get("column_name") or given.get("column_name") or ""
        if key is not None:
            yield key, DataTest(metadata["name"], str(column), given, bool(mapping(node.get("config")).get("where")))
