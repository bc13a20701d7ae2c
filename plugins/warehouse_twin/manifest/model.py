"""The manifest: what a data engineer writes in `twins/<twin>.yml`, as validating models.

Only shapes and bounds are checked here; whether tables and columns exist is checked against the catalog
(`manifest.checking`), and every fault is reported at once with its place in the file (`manifest.loading`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from warehouse_twin.manifest.dbt_parity import DbtParity
from warehouse_twin.manifest.fairness import Fairness
from warehouse_twin.manifest.gating import Gates
from warehouse_twin.manifest.generators import GeneratorSpec
from warehouse_twin.manifest.privacy import Domain, Privacy
from warehouse_twin.manifest.schedules import check_schedule
from warehouse_twin.manifest.shapes import AnyNames, Name, Names, Share, Strict
from warehouse_twin.manifest.workload import Workload

NAME = r"^[a-z][a-z0-9_]{0,39}$"
WAREHOUSE = r"^[A-Za-z][A-Za-z0-9_.-]*$"
FILE_NAME = r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]{0,99}$"
PiiKind = Literal[
    "name", "first_name", "last_name", "email", "phone", "address", "street", "city", "state", "postcode", "country", "company", "url",
    "user_name", "iban", "card",
]  # fmt: skip
ColumnKind = Literal["numeric", "datetime", "categorical", "code", "text"]


TableName = Annotated[str, Field(pattern=FILE_NAME)]
"""A table's name is also the name of its files."""


class Place(Strict):
    """A schema in a warehouse; the warehouse's connection is resolved by name and never written here."""

    warehouse: str = Field(pattern=WAREHOUSE, description="Name of a connection.")
    schema_: str = Field(alias="schema", pattern=FILE_NAME, description="Schema in that warehouse.")


class Target(Place):
    """Where the twin goes, and which keys its tables declare."""

    keys: Literal["manifest", "source"] = Field(
        default="manifest",
        description="manifest: every key that holds in the twin is declared. source: none that the source does not declare, so that the "
        "DDL is the source's; the others hold in the rows and are tested. Default: manifest.",
    )


class SynthesizerSpec(Strict):
    """A synthesizer and its parameters; a bare name is short for `{name: …}`."""

    name: str = Field(min_length=1)
    parameters: dict[str, Any] = Field(default_factory=dict)


class ScheduleSpec(Strict):
    """When the DAG runs: at times, or after other twins; a bare text is short for `{cron: …}`."""

    cron: Annotated[Name, AfterValidator(check_schedule)] | None = Field(default=None, description="Five cron fields, or a preset.")
    after: Names | None = Field(default=None, description="Other twins: run when each of them has published a release since.")

    @field_validator("after")
    @classmethod
    def _one_way(cls, after: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        if after is not None and info.data.get("cron") is not None:
            raise ValueError("cron and after exclude each other; wanted one of them")
        return after


def _schedule(value: Any) -> Any:
    return {"cron": value} if isinstance(value, str) else value


Schedule = Annotated[ScheduleSpec, BeforeValidator(_schedule, json_schema_input_type=Name | ScheduleSpec)]


def _synthesizer(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


Synthesizer = Annotated[SynthesizerSpec, BeforeValidator(_synthesizer, json_schema_input_type=Name | SynthesizerSpec)]


class ForeignKeySpec(Strict):
    """Columns that refer to another table's key (its primary key unless `references_columns` says otherwise)."""

    columns: Names
    references: str = Field(min_length=1, description="The parent table.")
    references_columns: Names | None = None
    orphans: Literal["clean", "keep"] = Field(
        default="clean",
        description="clean: every foreign key of the twin is valid; orphans of the source become null where the column may be null, "
        "a key that exists where it may not. The repair is counted and reported. "
        "keep: as many lead nowhere as in the source, and no constraint holds.",
    )


class Validity(Strict):
    """The window in which a version of something holds (a slowly changing dimension of type 2)."""

    from_: Name = Field(alias="from", description="When it begins.")
    to: Name = Field(description="When it ends: null, or a date far away, while it is open.")


class ColumnSpec(Strict):
    """A column that needs a word."""

    pii: PiiKind | None = Field(default=None, description="Personal data of this kind: drawn by a generator, never learned.")
    locale: str = Field(default="en_US", pattern=r"^[a-z]{2}_[A-Z]{2}$", description="Locale of the generator.")
    kind: ColumnKind | None = Field(default=None, description="How to model the column, where the type does not say.")
    generator: GeneratorSpec | None = Field(default=None, description="The rule by which values are made, instead of learned.")
    domain: Domain | None = Field(default=None, description="The values it can have, which are public; of use to marginal alone.")

    @field_validator("kind")
    @classmethod
    def _learned(cls, kind: str | None, info: ValidationInfo) -> str | None:
        if kind is not None and info.data.get("pii") is not None:
            raise ValueError("a pii column is drawn by a generator and never learned; wanted pii or kind, not both")
        return kind

    @field_validator("generator")
    @classmethod
    def _made(cls, generator: GeneratorSpec | None, info: ValidationInfo) -> GeneratorSpec | None:
        other = next((name for name in ("pii", "kind") if info.data.get(name) is not None), None)
        if generator is not None and other is not None:
            raise ValueError(f"a column with a generator is made by it; wanted generator or {other}, not both")
        return generator


def _at_most_all(shares: dict[str, float]) -> dict[str, float]:
    if sum(shares.values()) > 1 + 1e-9:
        raise ValueError(f"the shares add up to {sum(shares.values()):g}; wanted at most 1, what is left is for the other values")
    return shares


Shares = Annotated[dict[Name, Share], Field(min_length=1), AfterValidator(_at_most_all)]
"""Shares of a column's values; what they leave is for the other values, in proportion."""


class RulesSpec(Strict):
    """What is mined of a table: rules that the twin need not keep."""

    ignore: tuple[Name, ...] = Field(default=(), description="Rules as the profile writes them, such as `a <= b` or `a -> b`.")


class TableSpec(Strict):
    """A table of the twin. A table that needs nothing special is one line: its name and a colon."""

    primary_key: Names | None = Field(default=None, description="Default: what the warehouse declares.")
    foreign_keys: tuple[ForeignKeySpec, ...] | None = Field(default=None, description="Default: what the warehouse declares.")
    columns: dict[Name, ColumnSpec] = Field(default_factory=dict)
    order_by: Name | None = Field(
        default=None,
        description="A number, date or timestamp: the rows of each parent are drawn as a sequence in this order. Default: no order.",
    )
    validity: Validity | None = Field(
        default=None, description="Windows that do not overlap, of each parent; the rows are a sequence ordered by their begin."
    )
    keep: Literal["real"] | None = Field(
        default=None, description="real: a reference table without people's data, passed through as it is, not protected."
    )
    synthesizer: Synthesizer | None = None
    challengers: tuple[Synthesizer, ...] = Field(default=(), description="Trained and scored, not published.")
    choose: Literal["pareto"] | None = Field(
        default=None,
        description="pareto: publish from the synthesizer or the challenger that does best in a trial on the training part. "
        "Default: from the synthesizer.",
    )
    rows: int | None = Field(default=None, ge=0, le=10**10, strict=True, description="Rows of a root table. Default: as the source.")
    factor: float | None = Field(
        default=None, gt=0, le=1000, strict=True, description="Rows of a root table, as a multiple of the source's."
    )
    rebalance: dict[Name, Shares] = Field(
        default_factory=dict, description="Of a root table: shares that values of categorical columns shall have in the twin."
    )
    rules: RulesSpec = RulesSpec()
    targets: AnyNames | None = Field(
        default=None,
        description="Columns that people predict from the others: a model trained on the twin should do as well on real rows. "
        "Default: the gate picks some. []: none.",
    )
    fairness: Fairness | None = Field(
        default=None, description="Protected columns, and an outcome that is scored by them, on source and twin. Default: none."
    )
    gates: Gates = Gates()

    @property
    def shares(self) -> dict[str, dict[str, float]]:
        """Shares by column; none are asked of those that `fairness` mends, which lead all others like them."""
        mended = self.fairness.mended if self.fairness is not None else ()
        return {**self.rebalance, **{column: {} for column in mended if column not in self.rebalance}}

    # Checks of one field against earlier ones, not of the whole table: they speak even when other fields are wrong.
    @field_validator("keep")
    @classmethod
    def _public(cls, keep: str | None, info: ValidationInfo) -> str | None:
        personal = [name for name, spec in info.data.get("columns", {}).items() if spec.pii is not None]
        if keep is not None and (info.data.get("order_by") is not None or info.data.get("validity") is not None):
            raise ValueError("a table with keep: real is passed through as it is, nothing is drawn in order; remove one of the two")
        made = [name for name, spec in info.data.get("columns", {}).items() if spec.generator is not None]
        if keep is not None and made:
            raise ValueError(f"a table with keep: real is passed through, and no column is made ({', '.join(made)}); remove one of the two")
        if keep is not None and personal:
            raise ValueError(f"keep: real would publish personal data as it is (pii: {', '.join(personal)}); wanted one or the other")
        return keep

    @field_validator("validity")
    @classmethod
    def _one_order(cls, validity: Validity | None, info: ValidationInfo) -> Validity | None:
        order = info.data.get("order_by")
        if validity is not None and order is not None and order != validity.from_:
            raise ValueError(f"windows are ordered by their begin, {validity.from_}; remove order_by, or name the same column")
        return validity

    @field_validator("synthesizer", "challengers", "rows", "factor", "rebalance", "targets", "fairness")
    @classmethod
    def _drawn(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and value not in ((), {}) and info.data.get("keep") is not None:
            raise ValueError("a table with keep: real is passed through as it is, nothing is drawn; remove one of the two")
        return value

    @field_validator("choose")
    @classmethod
    def _choosable(cls, choose: str | None, info: ValidationInfo) -> str | None:
        if choose is not None and not info.data.get("challengers", True):
            raise ValueError("there is nothing to choose from; wanted challengers beside it")
        if choose is not None and (info.data.get("order_by") is not None or info.data.get("validity") is not None):
            raise ValueError("a trial draws rows one by one and says nothing of sequences; remove choose, or order_by and validity")
        return choose

    @field_validator("factor")
    @classmethod
    def _one_size(cls, factor: float | None, info: ValidationInfo) -> float | None:
        if factor is not None and info.data.get("rows") is not None:
            raise ValueError("rows and factor exclude each other; wanted one of them")
        return factor


def _tables(value: Any) -> Any:
    """`planes:` with nothing after it is short for `planes: {}`."""
    if isinstance(value, dict):
        return {name: {} if spec is None else spec for name, spec in value.items()}
    return value


Tables = Annotated[
    Annotated[dict[TableName, TableSpec], Field(min_length=1)],
    BeforeValidator(_tables, json_schema_input_type=Annotated[dict[TableName, TableSpec | None], Field(min_length=1)]),
]


class Manifest(Strict):
    """One twin: one manifest, one DAG, one MLflow experiment."""

    twin: str = Field(pattern=NAME, description="Name of the twin.")
    description: str = ""
    source: Place = Field(description="The schema that is copied; only ever read.")
    target: Target = Field(description="The schema that readers of the twin see.")
    schedule: Schedule | None = Field(default=None, description="When the DAG runs. Default: when it is asked to.")
    seed: int = Field(ge=0, lt=2**53, strict=True, description="Every draw of every release comes from it and the release number.")
    entity: Name | None = Field(default=None, description="The table whose rows privacy protects. Default: every row is its own entity.")
    k: int = Field(default=10, ge=2, le=10_000, strict=True, description="No value held by fewer training entities leaves the secure zone.")
    holdout: float = Field(default=0.2, ge=0.05, le=0.5, strict=True, description="Share of entities that no synthesizer ever sees.")
    synthesizer: Synthesizer = Field(default=SynthesizerSpec(name="tree"), validate_default=True, description="Default of all tables.")
    privacy: Privacy | None = Field(default=None, description="What marginal promises. Default: nothing is promised.")
    gates: Gates = Gates()
    dbt_parity: DbtParity | None = Field(
        default=None, description="A dbt project that must say of the twin what it says of the source. Default: none."
    )
    workload: Workload | None = Field(default=None, description="Queries whose answers on source and twin are compared. Default: none.")
    tables: Tables = Field(description="The tables, in any order.")

    @field_validator("twin")
    @classmethod
    def _free(cls, name: str) -> str:
        if name == "scratch":
            raise ValueError("scratch is a folder of the workspace's secure zone; wanted another name")
        return name

    @field_validator("target")
    @classmethod
    def _elsewhere(cls, target: Target, info: ValidationInfo) -> Target:
        source = info.data.get("source")
        if source is not None and (target.warehouse, target.schema_) == (source.warehouse, source.schema_):
            raise ValueError("target and source are the same schema of the same warehouse; a twin never replaces its source")
        return target

    def synthesizer_of(self, table: str) -> SynthesizerSpec:
        return self.tables[table].synthesizer or self.synthesizer

    @property
    def protected(self) -> tuple[str, ...]:
        """The tables that are synthesized, in the manifest's order."""
        return tuple(name for name, spec in self.tables.items() if spec.keep is None)
