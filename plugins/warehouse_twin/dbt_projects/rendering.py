"""Names in a project's YAML as dbt would render them, as far as `var` and `env_var` go."""

from __future__ import annotations

import os
from typing import Any

from warehouse_twin.dbt_projects.facts import mapping
from warehouse_twin.dbt_projects.project_file import ProjectFile
from warehouse_twin.errors import ConfigurationError


class _NotGiven(Exception):
    """A var or a variable without a value and without a default."""


class Rendering:
    """Renders texts of one project, with the vars of its `dbt_project.yml`."""

    def __init__(self, project: ProjectFile) -> None:
        said = mapping(project.said.get("vars"))
        self._vars = {**said, **mapping(said.get(project.name))}

    def text(self, value: object, what: str) -> str:
        """Raises ConfigurationError for Jinja that only dbt can render, and for what is no name."""
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            raise ConfigurationError(f"{what}: got {type(value).__name__}, wanted a name")
        found = self._rendered(str(value), what) if "{" in str(value) else str(value)
        if not found:
            raise ConfigurationError(f"{what}: renders to nothing, wanted a name; next: give the var a value")
        return found

    def truth(self, value: object, what: str) -> bool:
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(self._rendered(value, what).strip().lower(), value)
        if not isinstance(value, bool):
            raise ConfigurationError(f"{what}: got {type(value).__name__}, wanted true or false")
        return value

    def _rendered(self, text: str, what: str) -> str:
        from jinja2 import StrictUndefined, TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
        sandbox.globals = {"var": self._var, "env_var": self._env_var}
        try:
            return sandbox.from_string(text).render()
        except (TemplateError, TypeError, ValueError, ArithmeticError, AttributeError, LookupError, _NotGiven):
            raise ConfigurationError(
                f"{what}: it is Jinja that only dbt can render; next: dbt parse in the project, then again (target/manifest.json is read)"
            ) from None

    def _var(self, name: str, default: Any = None) -> Any:
        return _given(self._vars.get(name, default))

    def _env_var(self, name: str, default: str | None = None) -> str:
        return str(_given(os.environ.get(name, default)))


def _given(value: Any) -> Any:
    if value is None:
        raise _NotGiven
    return value
