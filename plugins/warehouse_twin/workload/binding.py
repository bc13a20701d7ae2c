"""A statement's tables: those of the twin, models of the dbt project as queries inside, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.workload.statements import Statement

SCHEMA = "main"
"""Where a side's tables are, and how a table of the twin is told from a query's own names."""
_A_NAME = re.compile(r"\w{1,80}", re.ASCII)


class NotBound(Exception):
    """Why a statement cannot be asked of the twin, in words of ours."""


def bound(statement: Statement, twin: ResolvedTwin, models: Mapping[str, Statement]) -> exp.Query:
    """The statement in DuckDB's SQL, every column named with its table. Raises NotBound."""
    try:
        tree = _with_tables(statement.tree, twin, models, within=())
        columns: dict[str, object] = {SCHEMA: {item.name: {one.name: one.sql_type for one in item.table.columns} for item in twin.tables}}
        again = sqlglot.parse_one(tree.sql("duckdb"), read="duckdb")
        qualified = qualify(again, dialect="duckdb", schema=columns)
    except (SqlglotError, RecursionError):
        raise NotBound("its columns are not those of the twin's tables") from None
    if not isinstance(qualified, exp.Query):
        raise NotBound("it is no query")
    return qualified


def _with_tables(tree: exp.Query, twin: ResolvedTwin, models: Mapping[str, Statement], *, within: tuple[str, ...]) -> exp.Query:
    tables = {item.name.casefold(): item.name for item in twin.tables}
    tree = tree.copy()
    for scope in traverse_scope(tree):
        for node in scope.tables:
            if not isinstance(scope.sources.get(node.alias_or_name), exp.Table) or isinstance(node.this, exp.Func):
                continue  # a name of the query's own, or rows from nothing
            alias, name, here = node.alias_or_name, node.name, node.db.casefold() in ("", twin.source_schema.casefold())
            model = models.get(name) if name not in within else None
            if name.casefold() in tables and (model is None or (node.db and here)):
                table = exp.Table(this=exp.to_identifier(tables[name.casefold()], quoted=True), db=exp.to_identifier(SCHEMA))
                node.replace(exp.alias_(table, alias, table=True))
            elif model is not None:
                inside = _with_tables(model.tree, twin, models, within=(*within, name))
                node.replace(exp.Subquery(this=inside, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True))))
            else:
                named = f"{name}, which" if _A_NAME.fullmatch(name) else "what"
                raise NotBound(f"it reads {named} is no table of the twin")
    if not any(node.db == SCHEMA for node in tree.find_all(exp.Table)):
        raise NotBound("it reads no table of the twin")
    return tree
