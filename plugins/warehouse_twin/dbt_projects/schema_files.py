"""What the YAML files of a project say, where dbt has not been run: sources, their tests, and the models that read them.

`tests:` and `data_tests:`, arguments beside the test's name or below `arguments:`, `meta:` and `config: {meta: …}` are all read. Of
Jinja only `var` and `env_var` are rendered; where a name needs more, the message asks for `dbt parse`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from warehouse_twin.dbt_projects.facts import DataTest, Described, Key, OwnProject, constraints_of, items, mapping, twin_meta
from warehouse_twin.dbt_projects.project_file import ProjectFile, yaml_of
from warehouse_twin.dbt_projects.references import keys_in
from warehouse_twin.dbt_projects.rendering import Rendering
from warehouse_twin.errors import ConfigurationError

_WHERE_SOURCES_STAND = ("model-paths", "seed-paths", "snapshot-paths")
_NOT_A_TEST = ("name", "config", "description", "where", "severity", "tags", "enabled", "arguments", "test_name")


def read_files(project: ProjectFile) -> OwnProject:
    """Raises ConfigurationError, with file and name, for what cannot be read without dbt."""
    render = Rendering(project)
    code = {path.stem: path for path in project.files("model-paths", ".sql")}
    sources: list[Described] = []
    models: dict[Key, Described] = {}
    for kind in _WHERE_SOURCES_STAND:
        for file in project.files(kind, ".yml", ".yaml"):
            said = mapping(yaml_of(file))
            for source in items(said.get("sources")):
                sources += _tables(mapping(source), file, project, render)
            for model in items(said.get("models")):
                described = _model(mapping(model), file, project, code)
                models[described.key] = described
    for stem, path in code.items():
        models.setdefault((stem,), Described((stem,), _shown(path, project), reads=keys_in(_text(path)), code=_text(path)))
    return OwnProject(project.name, "its YAML files", tuple(sources), tuple(models.values()))


def _tables(source: Mapping[str, Any], file: Path, project: ProjectFile, render: Rendering) -> Iterator[Described]:
    where = _shown(file, project)
    name = render.text(source.get("name"), f"{where}: the name of a source")
    schema = render.text(source.get("schema") or name, f"{where}: schema of source {name}")
    for said in items(source.get("tables")):
        table = mapping(said)
        own = render.text(table.get("name"), f"{where}: the name of a table of source {name}")
        what = f"{where}: source {name}.{own}"
        identifier = render.text(table.get("identifier") or own, f"{what}: identifier")
        if _enabled(source, table, _fqn(file, project, name, own), project, render, what):
            yield _table((name, own), where, source, table, schema, identifier)


def _table(key: Key, file: str, source: Mapping[str, Any], table: Mapping[str, Any], schema: str, identifier: str) -> Described:
    columns = [mapping(column) for column in items(table.get("columns"))]
    metas = [said for place in (source, table) for said in (place.get("meta"), mapping(place.get("config")).get("meta"))]
    found = {str(column.get("name")): twin_meta(column.get("meta"), mapping(column.get("config")).get("meta")) for column in columns}
    return Described(
        key,
        file,
        tuple(_tests(table, columns)),
        constraints_of(table, columns),
        twin_meta(*metas),
        {name: said for name, said in found.items() if said},
        schema,
        identifier,
    )


def _model(model: Mapping[str, Any], file: Path, project: ProjectFile, code: Mapping[str, Path]) -> Described:
    name = str(model.get("name"))
    columns = [mapping(column) for column in items(model.get("columns"))]
    text = _text(code[name]) if name in code else ""
    tests = tuple(_tests(model, columns))
    constraints = constraints_of(model, columns)
    return Described((name,), _shown(file, project), tests, constraints, reads=keys_in(text), code=text)


def _tests(table: Mapping[str, Any], columns: list[Mapping[str, Any]]) -> Iterator[DataTest]:
    for holder, column in [(table, ""), *((column, str(column.get("name"))) for column in columns)]:
        for entry in [*items(holder.get("tests")), *items(holder.get("data_tests"))]:
            if (test := _test(entry, column)) is not None:
                yield test


def _test(entry: object, column: str) -> DataTest | None:
    """One entry of `data_tests:`; None for one that is disabled, or none."""
    if isinstance(entry, str):
        return DataTest(entry.rpartition(".")[2], column, {})
    outer = mapping(entry)
    name = str(outer.get("test_name") or next((key for key in outer if key not in _NOT_A_TEST), ""))
    inner = outer if "test_name" in outer else mapping(outer.get(name))
    config = {**mapping(outer.get("config")), **mapping(inner.get("config"))}
    if not name or config.get("enabled", inner.get("enabled")) is False:
        return None
    given, some = {**inner, **mapping(inner.get("arguments"))}, bool(config.get("where", inner.get("where")))
    return DataTest(name.rpartition(".")[2], str(given.get("column_name") or column), given, some)


def _enabled(
    source: Mapping[str, Any], table: Mapping[str, Any], fqn: tuple[str, ...], project: ProjectFile, render: Rendering, what: str
) -> bool:
    """As dbt has it: what is nearest to the table counts, and `dbt_project.yml` is farthest."""
    level: object = project.said.get("sources")
    said: list[object] = [mapping(level).get(word) for word in ("enabled", "+enabled")]
    for step in fqn:
        level = mapping(level).get(step)
        said += [mapping(level).get(word) for word in ("enabled", "+enabled")]
    said += [mapping(place.get("config")).get("enabled") for place in (source, table)]
    given = [value for value in said if value is not None]
    return not given or render.truth(given[-1], f"{what}: enabled")


def _fqn(file: Path, project: ProjectFile, source: str, table: str) -> tuple[str, ...]:
    """The path under which `dbt_project.yml` configures a source table."""
    root = next(folder for kind in _WHERE_SOURCES_STAND for folder in project.paths(kind) if file.is_relative_to(folder))
    return (project.name, *file.parent.relative_to(root).parts, source, table)


def _shown(file: Path, project: ProjectFile) -> str:
    return file.relative_to(project.root).as_posix()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not text in UTF-8; wanted a file that dbt reads") from None
