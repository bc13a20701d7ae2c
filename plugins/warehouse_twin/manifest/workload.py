"""What the manifest says of the queries that people run, of source and twin alike."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from warehouse_twin.manifest.shapes import Name, Names, Strict

SqlDialect = Literal["duckdb", "postgres", "bigquery", "databricks", "mysql", "redshift", "snowflake", "spark", "trino", "tsql"]


class Workload(Strict):
    """Queries that are asked of source and twin; how far the answers are apart is shown."""

    queries: Names | None = Field(
        default=None,
        description="Files, or patterns such as queries/*.sql, from the folder that holds twins/. In .sql files statements end with a "
        "semicolon; any other file is a log, one statement a line.",
    )
    dbt_project: Name | None = Field(
        default=None, description="Folder of a dbt project: its compiled models (dbt compile) are queries too."
    )
    dialect: SqlDialect | None = Field(default=None, description="Whose SQL it is. Default: the source's.")
    seconds: float = Field(default=20.0, gt=0, le=600, description="A query that takes longer, on any side, is given up.")
