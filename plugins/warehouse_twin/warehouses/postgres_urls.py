"""One spelling for each PostgreSQL connection, whichever of Airflow, dbt or the environment spelled it.

Built are URLs as libpq reads them, `postgresql://user:password@host:port/database?sslmode=require`, every part percent-encoded.
They hold passwords: no message quotes one, and `shown` says all that may be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from warehouse_twin.errors import ConfigurationError

SCHEMES = ("postgresql", "postgres")
WANTED = "wanted postgresql://user:password@host:port/database"
_PORT = "5432"
_OPTIONS = ("sslmode", "sslcert", "sslkey", "sslrootcert", "connect_timeout", "options", "target_session_attrs", "gssencmode", "passfile")
"""What may stand after `?`; whatever else Airflow or dbt keep beside a connection is not libpq's."""


def url_from_text(text: str, origin: str) -> str:
    """A URL's one spelling."""
    parts = urlsplit(text.strip())
    try:
        port = str(parts.port or _PORT)
    except ValueError:
        raise ConfigurationError(f"{origin}: the port is not a number; {WANTED}") from None
    options = dict(parse_qsl(parts.query))
    return _url(
        origin,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=unquote(parts.hostname or options.get("host", "")),
        port=port,
        database=unquote(parts.path.lstrip("/")),
        options=options,
    )


def url_from_fields(fields: Mapping[str, Any], options: Mapping[str, Any], origin: str) -> str:
    """The URL of `user`, `password`, `host`, `port` and `database`, as a form or a profile has them."""
    said = {name: "" if fields.get(name) is None else str(fields[name]) for name in ("user", "password", "host", "port", "database")}
    if said["port"] and not said["port"].isdecimal():
        raise ConfigurationError(f"{origin}: the port is not a number; {WANTED}")
    return _url(origin, **{**said, "port": said["port"] or _PORT}, options={name: str(value) for name, value in options.items()})


def _url(origin: str, *, user: str, password: str, host: str, port: str, database: str, options: Mapping[str, str]) -> str:
    missing = [name for name, value in (("host", host), ("database", database)) if not value]
    if missing or "\0" in f"{user}{password}{host}{database}":
        raise ConfigurationError(f"{origin}: no {' and no '.join(missing) or 'text without NUL'}; {WANTED}")
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    where = f"[{host}]" if ":" in host else quote(host, safe="")
    kept = sorted((name, value) for name, value in options.items() if name in _OPTIONS)
    options_said = f"?{urlencode(kept, quote_via=quote)}" if kept else ""
    return f"postgresql://{who}{'@' if who else ''}{where}:{port}/{quote(database, safe='')}{options_said}"


def shown(url: str) -> str:
    """Where a URL leads, without who goes there: host, port and database."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}/{unquote(parts.path.lstrip('/'))}"
