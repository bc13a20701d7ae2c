"""What the manifest says of the dbt project that is to say of the twin what it says of the source."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from warehouse_twin.manifest.shapes import Name, Strict

Reason = Annotated[str, Field(min_length=10)]


class DbtParity(Strict):
    """A dbt project that is built on the source and on every candidate; what differs fails the verdict."""

    project: Name = Field(description="Folder of the dbt project: absolute, or from the folder that holds twins/.")
    vars: dict[Name, Any] = Field(default_factory=dict, description="Variables for dbt, as after --vars.")
    accept: dict[Name, Reason] = Field(
        default_factory=dict, description="Tests, models and marts that may differ, each with the reason, which stands beside the verdict."
    )
