"""Connections are names: this module says which URL a warehouse's name stands for.

Four places may answer, and all of them are asked:

    1. the driver                  `Settings.connections`: an Airflow operator puts its connections there
    2. TWIN_WAREHOUSE_<NAME>       duckdb:///absolute/path or postgresql://user:password@host:port/database
    3. AIRFLOW_CONN_<NAME>         as Airflow reads it: duckdb-twin://%2Fabsolute%2Fpath, postgres://…, or JSON
    4. dbt_project/profiles.yml    the output of that name in the profile `warehouse_twin`, of type duckdb or postgres

Nobody wins: two different answers are an error, since a refresh that reads one production and is believed to have read
another is worse than none. A connection may hold credentials, so nothing here logs, and no message quotes a value
beyond the path of a database file, or a server's host, port and database.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.settings import Settings
from warehouse_twin.warehouses.postgres_urls import SCHEMES, shown, url_from_fields, url_from_text

__all__ = ["url_of"]

PROFILE = "warehouse_twin"
VARIABLE_PREFIX = "TWIN_WAREHOUSE_"
AIRFLOW_PREFIX = "AIRFLOW_CONN_"
_TYPES = ("duckdb", "duckdb-twin")
_WANTED = "wanted duckdb:///absolute/path or postgresql://user:password@host:port/database"
_FIELDS = {"user": ("user",), "password": ("password", "pass"), "host": ("host",), "port": ("port",), "database": ("dbname", "database")}
"""dbt's names for the parts of a connection to PostgreSQL."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """The URL that one place gives: `duckdb:///path`, links resolved and nothing encoded, or PostgreSQL's one spelling."""

    origin: str
    url: str = field(repr=False)

    @property
    def shown(self) -> str:
        return self.url.removeprefix("duckdb://") if self.url.startswith("duckdb:") else shown(self.url)


def url_of(name: str, settings: Settings, *, environment: Mapping[str, str] | None = None) -> str:
    """The URL of the warehouse called `name`: `duckdb:///absolute/path`, or `postgresql://…`.

    Raises ConfigurationError when no place knows the name, when two disagree, or when an answer cannot be used.
    """
    env = os.environ if environment is None else environment
    profiles = _profiles_file(settings)
    outputs = _outputs(profiles)
    found = (
        _from_driver(name, settings.connections),
        _from_variable(name, env),
        _from_airflow(name, env),
        _from_profile(name, outputs, profiles, {**env, "TWIN_WORKSPACE": str(settings.workspace.root)}),
    )
    answers = [answer for answer in found if answer is not None]
    if not answers:
        raise _unknown(name, profiles, {*settings.connections, *_names_in(env), *outputs})
    if len({answer.url for answer in answers}) > 1:
        said = ", ".join(f"{answer.origin} says {answer.shown}" for answer in answers)
        said += "" if len({answer.shown for answer in answers}) > 1 else " (they differ in user, password or options)"
        raise ConfigurationError(f"warehouse {name}: {said}; wanted one answer: remove one or make them agree")
    return answers[0].url


def _unknown(name: str, profiles: Path | None, known: set[str]) -> ConfigurationError:
    profile = f"profile {PROFILE} in {profiles}" if profiles else "no dbt profile (no dbt_project/ found)"
    looked = f"the driver's connections, {_variable(name)}, {AIRFLOW_PREFIX}{name.upper()}, {profile}"
    near = get_close_matches(name, sorted(known), n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; next: set {_variable(name)}=duckdb:///absolute/path"
    listed = ", ".join(sorted(known)) or "none"
    return ConfigurationError(f"warehouse {name}: no connection of that name; looked in {looked}; known names: {listed}{hint}")


# ── the four places ──────────────────────────────────────────────────────────────────────────────────────────────────


def _from_driver(name: str, connections: Mapping[str, str]) -> _Answer | None:
    if name not in connections:
        return None
    origin = f"the driver's connection {name}"
    return _Answer(origin, _url(connections[name], origin))


def _from_variable(name: str, env: Mapping[str, str]) -> _Answer | None:
    origin = _variable(name)
    text = env.get(origin, "")
    return _Answer(origin, _url(text, origin)) if text else None


def _from_airflow(name: str, env: Mapping[str, str]) -> _Answer | None:
    origin = AIRFLOW_PREFIX + name.upper()  # Airflow's own rule: upper case and nothing else
    text = env.get(origin, "").strip()
    if not text:
        return None
    return _Answer(origin, _url_in_json(text, origin) if text.startswith("{") else _url(text, origin, encoded=True))


def _from_profile(name: str, outputs: Mapping[str, Any], profiles: Path | None, env: Mapping[str, str]) -> _Answer | None:
    if name not in outputs:
        return None
    origin = f"output {name} of profile {PROFILE} in {profiles}"
    output = outputs[name]
    if not isinstance(output, dict):
        raise ConfigurationError(f"{origin}: wanted keys such as type and path, got {type(output).__name__}")
    # Only what is needed is rendered: another key may ask for a password that this process has no need of.
    kind = _rendered(output.get("type"), env, f"{origin}: type")
    if kind == "postgres":
        named = {name: next((key for key in keys if key in output), keys[0]) for name, keys in _FIELDS.items()}
        fields = {name: _rendered(output.get(key), env, f"{origin}: {key}") for name, key in named.items()}
        options = {
            key: _rendered(output[key], env, f"{origin}: {key}") for key in ("sslmode", "sslcert", "sslkey", "sslrootcert") if key in output
        }
        return _Answer(origin, url_from_fields(fields, options, origin))
    if kind != "duckdb":
        raise ConfigurationError(f"{origin}: no engine for this type; wanted type: duckdb or postgres")
    return _Answer(origin, f"duckdb://{_absolute(_rendered(output.get('path'), env, f'{origin}: path'), origin)}")


def _variable(name: str) -> str:
    return VARIABLE_PREFIX + re.sub(r"[^A-Z0-9]", "_", name.upper())


def _names_in(env: Mapping[str, str]) -> set[str]:
    """Warehouses the environment names; an Airflow connection of another kind is none."""
    names = {key.removeprefix(VARIABLE_PREFIX).lower() for key, text in env.items() if key.startswith(VARIABLE_PREFIX) and text}
    for key in env:
        name = key.removeprefix(AIRFLOW_PREFIX).lower()
        try:
            if key.startswith(AIRFLOW_PREFIX) and _from_airflow(name, env):
                names.add(name)
        except ConfigurationError:
            continue
    return names


# ── reading an answer ────────────────────────────────────────────────────────────────────────────────────────────────


def _url(text: str, origin: str, *, encoded: bool = False) -> str:
    if text.strip().partition("://")[0].lower() in SCHEMES:
        return url_from_text(text, origin)
    return f"duckdb://{_path_in_url(text, origin, encoded=encoded)}"


def _path_in_url(text: str, origin: str, *, encoded: bool) -> Path:
    """`duckdb:///path` is read as it stands; Airflow's URLs are percent-encoded and may carry options after `?`."""
    scheme, separator, rest = text.strip().partition("://")
    if not separator or scheme.lower().replace("_", "-") not in _TYPES:
        # Without `://` the text may be a bare password; only what must be a scheme is repeated.
        got = f"{scheme!r}" if separator and re.fullmatch(r"[A-Za-z][A-Za-z0-9+._-]*", scheme) else "no URL"
        raise ConfigurationError(f"{origin}: no engine for it (got {got}); {_WANTED}")
    if encoded or not rest.startswith("/"):
        return _absolute(unquote(rest.partition("?")[0]), origin)
    if "?" in rest:
        raise ConfigurationError(f"{origin}: got options after '?'; {_WANTED} and nothing after it")
    return _absolute(rest, origin)


def _url_in_json(text: str, origin: str) -> str:
    """Airflow's JSON form. DuckDB's file is the host, or `path` in the extras; PostgreSQL's database is the schema."""
    try:
        value = json.loads(text)
        kind = str(value["conn_type"]).lower().replace("_", "-")
        extra = value.get("extra") or {}
        if isinstance(extra, str):
            extra = json.loads(extra)
        path = value.get("host") or extra.get("path")
        fields = {"user": value.get("login"), "database": value.get("schema")}
        fields |= {name: value.get(name) for name in ("password", "host", "port")}
        options = {name: text for name, text in extra.items() if isinstance(text, str | int)}
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ConfigurationError(f'{origin}: wanted JSON such as {{"conn_type": "duckdb-twin", "host": "/absolute/path"}}') from None
    if kind in SCHEMES:
        return url_from_fields(fields, options, origin)
    if kind not in _TYPES:
        raise ConfigurationError(f"{origin}: no engine for this conn_type; wanted {', '.join(_TYPES)} or postgres")
    return f"duckdb://{_absolute(path, origin)}"


def _absolute(path: object, origin: str) -> Path:
    """One spelling per file: links resolved, so that the same file under two names is one answer."""
    if not isinstance(path, str) or not path.startswith("/") or Path(path).name in ("", ":memory:") or "\0" in path:
        raise ConfigurationError(f"{origin}: wanted the absolute path of a database file")
    return Path("/" + path.lstrip("/")).resolve()


# ── the dbt profile ──────────────────────────────────────────────────────────────────────────────────────────────────


def _profiles_file(settings: Settings) -> Path | None:
    try:
        return settings.dbt_project / "profiles.yml"
    except ConfigurationError:  # a project without dbt_project/ may name its warehouses elsewhere
        return None


def _outputs(profiles: Path | None) -> Mapping[str, Any]:
    """The profile's outputs by name, not rendered; empty when there is no such profile."""
    if profiles is None or not profiles.is_file():
        return {}
    import yaml

    try:
        content = yaml.safe_load(profiles.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{profiles}:{mark.line + 1}" if mark else str(profiles)
        raise ConfigurationError(f"{where}: not YAML; wanted a dbt profile") from None  # the error quotes the file
    profile = content.get(PROFILE) if isinstance(content, dict) else None
    outputs = profile.get("outputs") if isinstance(profile, dict) else None
    return {str(name): output for name, output in outputs.items()} if isinstance(outputs, dict) else {}


def _rendered(value: object, env: Mapping[str, str], where: str) -> object:
    """A value of the profile with `{{ env_var('NAME', 'default') }}` filled in, as dbt would; nothing else is on offer."""
    if not isinstance(value, str) or "{" not in value:
        return value
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def env_var(name: str, default: str | None = None) -> str:
        found = env.get(name, default)
        if found is None:
            raise ConfigurationError(f"{where}: environment variable {name} is not set and has no default")
        return str(found)

    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    sandbox.globals = {"env_var": env_var}
    try:
        return sandbox.from_string(value).render()
    except (TemplateError, TypeError, ValueError, ArithmeticError, AttributeError):
        raise ConfigurationError(f"{where}: cannot be rendered; wanted text and {{{{ env_var('NAME', 'default') }}}}") from None
