"""What a `marginal` twin measures of its source: paid for before anything is read, stored once, and used again at no cost."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from warehouse_twin.digests import digest_folder, digest_of
from warehouse_twin.errors import IntegrityError
from warehouse_twin.manifest.resolved import ResolvedPrivacy, ResolvedTwin
from warehouse_twin.privacy.accounting import Cost, Promise
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.private_schema import refuse_domains, shared
from warehouse_twin.releases.ledger import Account, Ledger
from warehouse_twin.releases.registry import registry_of
from warehouse_twin.settings import Settings
from warehouse_twin.spark_session import mapped, spark_session
from warehouse_twin.stages.context import StageContext
from warehouse_twin.synthesizers.marginal_counting import Counting
from warehouse_twin.synthesizers.marginal_models import MarginalModel
from warehouse_twin.synthesizers.marginal_schemas import Counted, allowed
from warehouse_twin.workspace import WORK_PREFIX, new_folder

FOLDER = "measurements"
SPARK_FROM = 2.5e8
"""Looks at values (`looks`) from which Spark counts a table: 2,000,000 rows of 15 columns."""


def promise_of(privacy: ResolvedPrivacy) -> Promise:
    return Promise(privacy.epsilon, privacy.delta)


def cost_of(privacy: ResolvedPrivacy) -> Cost:
    """What one measurement costs at the most."""
    return allowed(promise_of(privacy))


def ledger_of(context: StageContext, resolved: ResolvedTwin) -> Ledger:
    account = Account(resolved.source_warehouse, resolved.source_schema, resolved.entity)
    return Ledger(registry_of(context.settings), account)


def measurement_of(context: StageContext, resolved: ResolvedTwin) -> str:
    """The id of what is measured: it changes with all that a measurement hangs on but the source's rows."""
    privacy = resolved.privacy
    assert privacy is not None
    plans = key_plans(resolved)
    tables = {
        table.name: [table.table.to_dict(), list(plans[table.name].modelled), dict(table.kinds), dict(table.domains), dict(table.pii)]
        for table in resolved.protected
    }
    facts = [resolved.twin, resolved.source_warehouse, resolved.source_schema, resolved.entity, resolved.holdout, tables]
    promised = [privacy.epsilon, privacy.delta, dict(privacy.rows_per_entity)]
    kept = [table.name for table in resolved.tables if table.keep_real]
    which = context.release if privacy.measure == "every_release" else privacy.measure_anew or None
    return digest_of([facts, promised, kept, which])


def reserve(context: StageContext, resolved: ResolvedTwin) -> None:
    """Pay for what this release measures, before any row is read. Raises OverdrawnError where the budget does not cover it."""
    privacy = resolved.privacy
    if privacy is None:
        return
    refuse_domains(resolved)
    measurement = measurement_of(context, resolved)
    ledger = ledger_of(context, resolved)
    gone = not _stored(context, measurement).exists()
    ledger.reserve(measurement, cost_of(privacy), privacy.budget, twin=context.twin, release=context.release, again=gone)


def measured(context: StageContext, resolved: ResolvedTwin, measure: Callable[[], MarginalModel]) -> MarginalModel:
    """What was measured before, or what `measure` finds now. Raises IntegrityError for a stored measurement that was altered."""
    measurement = measurement_of(context, resolved)
    ledger, stored = ledger_of(context, resolved), _stored(context, measurement)
    last = ledger.state(measurement)
    if stored.exists() and last is not None and last.state == "kept":
        if digest_of(digest_folder(stored)) != last.digest:
            raise IntegrityError(
                f"{context.twin}@{context.release}: the measurement in {stored} is not the one that the ledger names; it is not used; "
                "next: remove the folder, which makes the next run measure, and pay, again"
            )
        return MarginalModel.load(stored)
    shutil.rmtree(stored, ignore_errors=True)  # of a run that was killed before it could say so
    ledger.begin(measurement, twin=context.twin, release=context.release)
    found = measure()
    with new_folder(stored) as folder:
        found.save(folder)
    ledger.keep(measurement, digest_of(digest_folder(stored)), twin=context.twin, release=context.release)
    return found


@contextmanager
def counting_of(settings: Settings, twin: str, tables: Mapping[str, Counted]) -> Iterator[Counting]:
    """Spark counts tables of so many rows and columns that a session is worth its start, and this process the others."""
    if all(table.looks < SPARK_FROM for table in tables.values()):
        yield Counting()
        return
    settings.workspace.scratch.mkdir(parents=True, exist_ok=True)
    codes = tempfile.TemporaryDirectory(dir=settings.workspace.scratch, prefix=WORK_PREFIX)
    with codes as folder, spark_session(settings, name=f"measure {twin}") as spark:
        yield Counting(partial(mapped, spark), Path(folder), SPARK_FROM)


def claim_of(resolved: ResolvedTwin) -> Mapping[str, Any] | None:
    """What is promised of the release's data: with what, for whom, how much, and what it does not cover."""
    privacy = resolved.privacy
    if privacy is None:
        return None
    return {
        "mechanism": "marginal: noisy counts of columns and of pairs of columns (discrete Gaussian noise, private selection)",
        "unit": f"one row of {resolved.entity} with all rows that lead to it" if resolved.entity else "one row of any table",
        "relation": "add or remove one",
        "epsilon": privacy.epsilon,
        "delta": privacy.delta,
        "accountant": "zCDP, turned into (epsilon, delta) by OpenDP",
        "rows_per_entity": dict(privacy.rows_per_entity),
        "covers": [table.name for table in resolved.protected],
        "passed_through": [table.name for table in resolved.tables if table.keep_real],
        "counted_by_one_key_of_several": list(shared(resolved)),
        "not_covered": "scores, report, counts of the source and the decision to publish, which stay inside",
    }


def _stored(context: StageContext, measurement: str) -> Path:
    return context.workspace.output("secure", context.twin, FOLDER, measurement)
