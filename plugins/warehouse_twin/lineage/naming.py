"""Names under which lineage stands in MLflow: one place for those who write it, those who read it and those who check it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from warehouse_twin.digests import digest_of
from warehouse_twin.receipts import Receipt

RELEASE = "twin.release"
"""Tag of a release's run: `flights@7`. Attempts that a changed manifest overtook carry `twin.superseded` beside it."""
SUPERSEDED = "twin.superseded"
TABLE = "twin.table"
PARENT = "mlflow.parentRunId"
PUBLISHED = "twin.published"
PUBLISHED_ALIAS = "published"
VERDICT = "twin.verdict"
PASSED = "twin.passed"
RESOLVED = "twin.resolve_key"
SOURCE_DIGEST = "twin.source_digest"
PROFILE_DIGEST = "twin.profile_digest"
MODEL_DIGEST = "twin.model_digest"
MODEL_VERSION = "twin.model_version"
CHOSEN = "twin.chosen"
"""The synthesizer that did best in a trial, where the manifest says `choose`."""
MODEL_FILES = "twin.files_digest"
RELEASES = "twin.releases"
DVC_REVISION = "twin.dvc_revision"
DATA_DIGEST = "twin.data_digest"
RELEASE_DIGEST = "twin.release_digest"
MANIFEST_DIGEST = "twin.manifest_digest"
CODE = "twin.code"
GATE_FILES = ("scores.json", "verdict.json", "report.json", "report.html")
ATTEMPTS = "attempts.jsonl"
"""In the run's folder: every verdict on this release, also those before the last."""

DATASET_DIGEST_CHARACTERS = 32
"""MLflow refuses a dataset digest of more than 36 characters; the full one stands in a tag."""

_NOT_IN_A_KEY = re.compile(r"[^0-9A-Za-z_\-. /:]")
_NOT_IN_A_MODEL_NAME = re.compile(r"[^0-9A-Za-z_\-. ]")


def release_name(twin: str, release: int) -> str:
    return f"{twin}@{release}"


def receipt_tag(stage: str) -> str:
    return f"twin.receipt.{stage}"


def file_tag(name: str) -> str:
    """Tag that holds the sha256 of an artefact."""
    return key(f"twin.digest.{name}")


def key(text: str) -> str:
    """A text as MLflow takes it for a tag, a parameter or a metric."""
    return _NOT_IN_A_KEY.sub("_", text)[:250]


def model_name(twin: str, table: str) -> str:
    """Name of a table's registered model. Characters that MLflow or its filters do not take are written %XX."""
    return _NOT_IN_A_MODEL_NAME.sub(lambda hit: "".join(f"%{byte:02X}" for byte in hit[0].encode()), f"{twin}.{table}")


def release_tags(facts: Mapping[str, Any], *, commit: str, digest: str) -> dict[str, str]:
    """What a release's run says of the release: tags from release.json, its own sha256 and the commit of its git tag."""
    tags = {
        DVC_REVISION: commit,
        RELEASE_DIGEST: digest,
        DATA_DIGEST: facts.get("data_digest"),
        MANIFEST_DIGEST: facts.get("manifest_digest"),
        CODE: facts.get("code"),
        "twin.dbt_invocation": facts.get("dbt_invocation"),
        "twin.privacy": _promise(facts.get("privacy")),
    }
    return {name: str(value) for name, value in tags.items() if value is not None}


def _promise(claim: Mapping[str, Any] | None) -> str | None:
    """What a release promises, in words."""
    if claim is None:
        return None
    return f"epsilon {claim['epsilon']:g}, delta {claim['delta']:g}, for {claim['unit']} ({claim['relation']}); {claim['mechanism']}"


def digest_of_receipt(receipt: Receipt) -> str:
    """sha256 of a receipt as it stands on disk, so that lists and tuples are the same."""
    return digest_of(json.loads(json.dumps(receipt.to_dict())))
