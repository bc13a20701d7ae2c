"""Airflow's connections as URLs of warehouses. A warehouse without one is looked up elsewhere (`warehouses.connections`)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

_DUCKDB = ("duckdb", "duckdb-twin")


def known(names: Collection[str]) -> dict[str, str]:
    """name → URL, of the names that are Airflow connections; from a secrets backend, the environment or the metadata."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    urls: dict[str, str] = {}
    for name in sorted(names):
        try:
            urls[name] = url_of(Connection.get(name))
        except AirflowNotFoundException:
            continue
    return urls


def url_of(connection: Any) -> str:
    """A connection's URL: `duckdb:///absolute/path` as it stands, and Airflow's own, percent-encoded, for another kind."""
    if str(connection.conn_type).lower().replace("_", "-") not in _DUCKDB:
        return str(connection.get_uri())
    # Airflow reads `duckdb:///a/b` as schema `a/b`, `duckdb://%2Fa%2Fb` as host `/a/b`; its form has fields of its own.
    path = connection.host or connection.extra_dejson.get("path") or (f"/{connection.schema}" if connection.schema else "")
    return f"duckdb://{path}"
