"""The manifest: what a data engineer writes in `twins/<twin>.yml`, as validating models.

Only shapes and bounds are checked here; whether tables and columns exist is checked against the catalog
(`manifest.checking`), and every fault is reported at once with its place in the file (`manifest.loading`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

NAME = r"^[a-z][a-z0-9_]{0,39}$"
PiiKind = Literal["name", "first_name", "last_name", "email", "phone", "address", "city", "company", "url", "user_name"]
ColumnKind = Literal["numeric", "datetime", "categorical", "code", "text"]


def _listed(value: Any) -> Any:
    """`column` is short for `[column]`."""
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_listed), Field(min_length=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(Strict):
    """A schema in a warehouse; the warehouse's connection is resolved by name and never written here."""

    warehouse: str = Field(min_length=1, description="Name of a connection.")
    schema_: str = Field(alias="schema", min_length=1, description="Schema in that warehouse.")


class SynthesizerSpec(Strict):
    """A synthesizer and its parameters; a bare name is short for `{name: …}`."""

    name: str = Field(min_length=1)
    parameters: dict[str, Any] = Field(default_factory=dict)


def _synthesizer(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


Synthesizer = Annotated[SynthesizerSpec, BeforeValidator(_synthesizer)]


class ForeignKeySpec(Strict):
    """Columns that refer to another table's key (its primary key unless `references_columns` says otherwise)."""

    columns: Names
    references: str = Field(min_length=1, description="The parent table.")
    references_columns: Names | None = None
    orphans: Literal["clean"] = Field(
        default="clean",
        description="clean: every foreign key of the twin is valid; orphans of the source become null where the column may be null, "
        "a key that exists where it may not. The repair is counted and reported.",
    )


class ColumnSpec(Strict):
    """A column that needs a word."""

    pii: PiiKind | None = Field(default=None, description="Personal data of this kind: drawn by a generator, never learned.")
    locale: str = Field(default="en_US", pattern=r"^[a-z]{2}_[A-Z]{2}$", description="Locale of the generator.")
    kind: ColumnKind | None = Field(default=None, description="How to model the column, where the type does not say.")


class Loosened(Strict):
    """A goal changed by the manifest: only with a reason, which stands wherever the verdict is shown."""

    goal: float
    reason: str = Field(min_length=10)


class Undecided(Strict):
    """Accept scores that cannot be decided (too little data), with the reason."""

    accept: Literal[True]
    reason: str = Field(min_length=10)


class Gates(Strict):
    """Changes to the policy of `expectations/`. `goals` maps the name of a score to its new margin or bound."""

    goals: dict[str, Loosened] = Field(default_factory=dict)
    undecided: Undecided | None = None


class TableSpec(Strict):
    """A table of the twin. A table that needs nothing special is one line: its name and a colon."""

    primary_key: Names | None = Field(default=None, description="Default: what the warehouse declares.")
    foreign_keys: tuple[ForeignKeySpec, ...] | None = Field(default=None, description="Default: what the warehouse declares.")
    columns: dict[str, ColumnSpec] = Field(default_factory=dict)
    keep: Literal["real"] | None = Field(
        default=None, description="real: a reference table without people's data, passed through as it is, not protected."
    )
    synthesizer: Synthesizer | None = None
    challengers: tuple[Synthesizer, ...] = Field(default=(), description="Trained and scored, not published.")
    rows: int | None = Field(default=None, ge=0, le=10**10, description="Rows of a root table. Default: as many as the source.")
    factor: float | None = Field(default=None, gt=0, le=1000, description="Rows of a root table, as a multiple of the source's.")
    gates: Gates = Gates()

    @model_validator(mode="after")
    def _agree(self) -> TableSpec:
        if self.rows is not None and self.factor is not None:
            raise ValueError("rows and factor exclude each other; wanted one of them")
        if self.keep == "real" and (self.rows is not None or self.factor is not None or self.synthesizer or self.challengers):
            raise ValueError("keep: real passes the table through; rows, factor, synthesizer and challengers do not apply")
        return self


def _tables(value: Any) -> Any:
    """`planes:` is short for `planes: {}`."""
    if isinstance(value, dict):
        return {name: {} if spec is None else spec for name, spec in value.items()}
    return value


class Manifest(Strict):
    """One twin: one manifest, one DAG, one MLflow experiment."""

    twin: str = Field(pattern=NAME, description="Name of the twin.")
    description: str = ""
    source: Place
    target: Place
    schedule: str | None = Field(default=None, description="Airflow schedule: a cron expression or a preset such as @daily.")
    seed: int = Field(ge=0, lt=2**53, description="Every draw of every release comes from it and the release number.")
    entity: str | None = Field(default=None, description="The table whose rows privacy protects. Default: every row is its own entity.")
    k: int = Field(default=10, ge=2, le=10_000, description="No value held by fewer training entities leaves the secure zone.")
    holdout: float = Field(default=0.2, ge=0.05, le=0.5, description="Share of entities that no synthesizer ever sees.")
    synthesizer: Synthesizer = Field(default=SynthesizerSpec(name="tree"), validate_default=True, description="Default of all tables.")
    gates: Gates = Gates()
    tables: Annotated[dict[str, TableSpec], BeforeValidator(_tables), Field(min_length=1)]

    def synthesizer_of(self, table: str) -> SynthesizerSpec:
        return self.tables[table].synthesizer or self.synthesizer

    @property
    def protected(self) -> tuple[str, ...]:
        """The tables that are synthesized, in the manifest's order."""
        return tuple(name for name, spec in self.tables.items() if spec.keep is None)
