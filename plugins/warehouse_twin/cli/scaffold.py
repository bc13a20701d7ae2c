"""`twin manifest scaffold` and `twin manifest add`: manifests written for the user, who reads and mends them."""

from __future__ import annotations

import argparse
from pathlib import Path

from warehouse_twin.cli.output import Ended, answer, say
from warehouse_twin.dbt_projects.facts import OwnProject
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.settings import Settings
from warehouse_twin.warehouses import Warehouse

DEFAULT_SOURCE, DEFAULT_TARGET = "prod", "dev"


def add_scaffold(inner: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """The words of both commands."""
    word = inner.add_parser("scaffold", parents=[common], help="write the manifest of a schema, every guess with its reason")
    word.add_argument("warehouse", nargs="?", help=f"the name of a connection, such as prod (with --from-dbt, default: {DEFAULT_SOURCE})")
    word.add_argument("schema", nargs="?", help="the schema to copy (with --from-dbt, default: that of the project's sources)")
    about = "the folder of a dbt project: its sources become the tables, its tests and meta.twin the keys and settings"
    word.add_argument("--from-dbt", metavar="PROJECT", help=about)
    word.add_argument("--twin", metavar="NAME", help="the twin's name (default: made of the schema's)")
    default = f"{DEFAULT_TARGET}, the same schema"
    word.add_argument("--target", nargs=2, metavar=("WAREHOUSE", "SCHEMA"), help=f"what readers of the twin see (default: {default})")
    word.add_argument("--output", metavar="FILE", help="the file to write (default: twins/<twin>.yml); - prints it instead")
    word.set_defaults(call=scaffold)
    add = inner.add_parser("add", parents=[common], help="add a table of its source to a manifest, in place")
    add.add_argument("warehouse", help="the source's warehouse, as the manifest names it")
    add.add_argument("table")
    add.add_argument("--twin", metavar="NAME", help="the manifest (default: the one whose source is in that warehouse)")
    add.set_defaults(call=add_table)


def scaffold(options: argparse.Namespace, settings: Settings) -> Ended:
    """Write the manifest of a schema; one that is there is never touched."""
    from warehouse_twin.scaffolding.schema_scaffold import scaffold as scaffold_schema
    from warehouse_twin.scaffolding.schema_scaffold import twin_name

    printed = options.output == "-"
    project, name, schema = _source_of(options)
    twin = options.twin or (Path(options.output).stem if options.output and not printed else twin_name(schema))
    file = settings.twins / f"{twin}.yml" if printed or not options.output else Path(options.output)
    if not printed:
        _refuse_to_overwrite(file, twin, settings)
    source = _opened(name, settings)
    target = tuple(options.target) if options.target else _default_target(name, schema, settings)
    made = scaffold_schema(source, schema=schema, twin=twin, target=target, file=file, project=project, on_progress=say(options))
    if printed and not options.json:
        print(made.text, end="", flush=True)
        return "done"
    if not printed:
        _write(file, made.text)
    tables = f"{len(made.tables)} table{'' if len(made.tables) == 1 else 's'}"
    lines = [f"{file}: {tables}, entity {made.entity or 'none'}", *(f"left out: {name}: {why}" for name, why in made.left_out.items())]
    lines += [f"note: {note}" for note in (project.notes if project is not None else ())]
    lines.append(f"next: read it, then twin manifest check {twin} and twin run {twin}")
    facts = {"twin": twin, "file": None if printed else str(file), "tables": made.tables, "left_out": made.left_out, "entity": made.entity}
    answer(options, {**facts, "manifest": made.text}, lines)
    return "done"


def _source_of(options: argparse.Namespace) -> tuple[OwnProject | None, str, str]:
    """The dbt project, if one is named, and the warehouse and schema to copy."""
    if options.from_dbt is None:
        if options.schema is None:
            raise ConfigurationError("wanted WAREHOUSE and SCHEMA, such as prod shop, or --from-dbt PROJECT")
        return None, options.warehouse, options.schema
    from warehouse_twin.dbt_projects.reading import read_project

    project, warehouse = read_project(Path(options.from_dbt)), options.warehouse or DEFAULT_SOURCE
    if options.schema is not None and options.schema not in project.schemas:
        listed = ", ".join(project.schemas)
        raise ConfigurationError(f"dbt project {project.name} has no source in schema {options.schema}; its sources are in {listed}")
    if options.schema is None and len(project.schemas) > 1:
        listed = ", ".join(f"{schema} ({count})" for schema, count in project.schemas.items())
        again = f"next: twin manifest scaffold {warehouse} SCHEMA --from-dbt {options.from_dbt}, once for each"
        raise ConfigurationError(f"dbt project {project.name} has sources in several schemas, {listed}; a twin copies one; {again}")
    return project, warehouse, options.schema or next(iter(project.schemas))


def add_table(options: argparse.Namespace, settings: Settings) -> Ended:
    """Put one more table into a manifest; every other byte of it stays."""
    from warehouse_twin.scaffolding.table_adding import with_table

    file = _manifest_of(options, settings)
    added = with_table(file.read_bytes(), file, options.table, _opened(options.warehouse, settings))
    _write(file, added.text)
    lines = [f"{file}: added {options.table}", *added.lines]
    if added.referring:
        lines.append(f"note: {', '.join(added.referring)} declare a key to it, but list their foreign_keys: add it there if it shall hold")
    answer(options, {"file": str(file), "table": options.table, "lines": added.lines, "referring": added.referring}, lines)
    return "done"


def _refuse_to_overwrite(file: Path, twin: str, settings: Settings) -> None:
    if file.suffix not in (".yml", ".yaml") or file.stem != twin:
        raise ConfigurationError(f"{file}: a manifest's file is named after its twin; wanted {twin}.yml")
    taken = [path for path in (file, file.with_suffix(".yml"), file.with_suffix(".yaml")) if path.exists()]
    if taken:
        raise ConfigurationError(
            f"{taken[0]} exists and is not overwritten; next: --twin NAME for another twin, "
            "or twin manifest add WAREHOUSE TABLE for one more table"
        )
    if not file.parent.is_dir() and file.parent != settings.twins:
        raise ConfigurationError(f"{file.parent}: no such folder; make it first")


def _write(file: Path, text: str) -> None:
    from warehouse_twin.workspace import write_text

    write_text(file.resolve(), text)


def _opened(name: str, settings: Settings) -> Warehouse:
    from warehouse_twin.warehouses import open_warehouse
    from warehouse_twin.warehouses.connections import url_of

    return open_warehouse(name, url_of(name, settings), lock_seconds=settings.lock_seconds)


def _default_target(warehouse: str, schema: str, settings: Settings) -> tuple[str, str]:
    """The same schema in `dev`; beside the source where that is in `dev` itself."""
    from warehouse_twin.warehouses.connections import url_of

    if warehouse == DEFAULT_TARGET:
        return warehouse, f"{schema}_twin"
    try:
        url_of(DEFAULT_TARGET, settings)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}; it is where a twin goes by default: next: --target WAREHOUSE SCHEMA") from None
    return DEFAULT_TARGET, schema


def _manifest_of(options: argparse.Namespace, settings: Settings) -> Path:
    """The manifest that is meant: named, or the only one whose source is in the warehouse."""
    from warehouse_twin.manifest.loading import find_manifest, list_manifests, load

    if options.twin:
        file = find_manifest(options.twin, settings.twins)
        found = load(file).manifest.source.warehouse
        if found != options.warehouse:
            raise ConfigurationError(f"{file}: its source is in warehouse {found}, not {options.warehouse}; wanted the one it names")
        return file
    sources = {path: load(path).manifest.source.warehouse for path in list_manifests(settings.twins)}
    files = [path for path, source in sources.items() if source == options.warehouse]
    if len(files) != 1:
        which = f"{len(files)} manifests" if files else "no manifest"
        names = ", ".join(path.stem for path in (files or sources))
        raise ConfigurationError(f"{which} with a source in warehouse {options.warehouse}; next: --twin NAME, one of {names or 'none yet'}")
    return files[0]
