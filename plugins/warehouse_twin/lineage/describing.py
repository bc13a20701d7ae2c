"""What a person reads at the top of a run's page in MLflow: the links of the chain, whole and with the next page one click away.

MLflow shows tags shortened to a few characters. So each run has a description, worked out from its own tags and parameters
alone: it can be written again at any time, and an audit holds it against them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from warehouse_twin.lineage import naming

NOTE = "mlflow.note.content"
"""Tag whose text MLflow shows as the description of a run or an experiment."""
KIND = {"mlflow.experimentKind": "custom_model_development"}
"""Tag of an experiment that makes MLflow open its page on runs, models and metrics."""
LISTED = 20
CHARACTERS = 5000
"""MLflow takes tags of 8,000; ours are cut at this length, a description at the end of a line before it."""
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#|!~])")
_DIGESTS = {
    naming.DATA_DIGEST: "the rows readers see, also in the `_release` row",
    naming.RELEASE_DIGEST: "`release.json` at the registry's tag",
    naming.DVC_REVISION: "the commit of that tag",
    naming.MANIFEST_DIGEST: "the manifest",
    naming.CODE: "the project's code, a commit",
    "twin.dbt_invocation": "the dbt run that built the candidate",
}

Tags = Mapping[str, str]


def of_experiment(twin: str) -> str:
    return (
        f"Releases of the twin **{_text(twin)}**: a run each, and in it a run for each synthesized table. "
        "Its description leads from the published rows to the digest of the source."
    )


def of_release(tags: Tags, children: Mapping[str, str], *, experiment: str) -> str:
    """The release's own run. `children` are the tables' runs by table."""
    name = tags.get(naming.RELEASE, "")
    pages = [f"[{_text(table)}]({page(experiment, run)})" for table, run in sorted(children.items())]
    lines = [f"Release **{_text(name)}**: {_verdict(tags)}.", "", f"Synthesized tables: {_some(pages)}.", ""]
    rows = [(words, tags[tag]) for tag, words in _DIGESTS.items() if tag in tags]
    rows += [(f"source of {_text(table)}, a reference table, keyed", digest) for table, digest in _references(tags, children)][:LISTED]
    return _whole_lines([*lines, *_table(rows)])


def of_table(tags: Tags, params: Mapping[str, str], whole: Tags, whole_params: Mapping[str, str], *, experiment: str, run: str) -> str:
    """A table's run; `whole` and `whole_params` are of its release's."""
    table, parent = tags.get(naming.TABLE, ""), tags.get(naming.PARENT, "")
    release = f"[{_text(whole.get(naming.RELEASE, ''))}]({page(experiment, parent)})"
    rows = [(_source(table, params, whole_params), tags.get(naming.SOURCE_DIGEST))]
    profile = f"profile/{table}.json"
    rows.append((f"profile: artefact [{_text(profile)}]({page(experiment, run, profile)}), sha256", tags.get(naming.PROFILE_DIGEST)))
    rows.append((_model(table, tags, params, whole), tags.get(naming.MODEL_DIGEST)))
    report = f"[report]({page(experiment, parent, 'gate/report.html')})"
    rows.append((f"checks: {report} of the release, sha256", whole.get(naming.file_tag("report.html"))))
    rows.append(("rows of the whole release", whole.get(naming.DATA_DIGEST)))
    lines = [f"Table **{_text(table)}** of {release}: {_verdict(tags)}.", ""]
    return _whole_lines([*lines, *_table([(words, digest) for words, digest in rows if digest])])


def page(experiment: str, run: str, artefact: str = "") -> str:
    """The page of a run, or of one of its artefacts, from any page of the same MLflow."""
    return f"#/experiments/{experiment}/runs/{run}" + (f"/artifacts/{quote(artefact)}" if artefact else "")


def _source(table: str, params: Mapping[str, str], whole: Mapping[str, str]) -> str:
    place = f"{whole.get('source', '')}/{table}"
    return f"source: {_text(f'warehouse://{place}')}, {params.get('rows', '?')} rows, {params.get('holdout_rows', '?')} held out; keyed"


def _model(table: str, tags: Tags, params: Mapping[str, str], whole: Tags) -> str:
    name, version = naming.model_name(whole.get("twin.twin", ""), table), tags.get(naming.MODEL_VERSION, "")
    link = f"[{_text(name)} version {version}](#/models/{quote(name, safe='')}/versions/{version})"
    return f"model: {link}, {_text(params.get('synthesizer', ''))}"


def _references(tags: Tags, children: Iterable[str]) -> list[tuple[str, str]]:
    """Tables without a run of their own, by what a tag makes of their names, with their keyed digests."""
    prefix = f"{naming.SOURCE_DIGEST}."
    own = {naming.key(f"{prefix}{table}") for table in children}
    return [(tag.removeprefix(prefix), digest) for tag, digest in sorted(tags.items()) if tag.startswith(prefix) and tag not in own]


def _verdict(tags: Tags) -> str:
    if naming.VERDICT not in tags:
        return "no verdict yet"
    attempt = f", attempt {tags['twin.attempt']}" if "twin.attempt" in tags else ""
    return f"verdict **{_text(tags[naming.VERDICT])}**{attempt}"


def _table(rows: list[tuple[str, str]]) -> list[str]:
    return ["| link | digest |", "|---|---|", *(f"| {words} | `{digest}` |" for words, digest in rows)] if rows else []


def _whole_lines(lines: list[str]) -> str:
    kept = len(lines)
    while kept and len("\n".join(lines[:kept])) > CHARACTERS:
        kept -= 1
    return "\n".join(lines[:kept])


def _some(items: list[str]) -> str:
    more = f" and {len(items) - LISTED} more, under Child runs" if len(items) > LISTED else ""
    return (", ".join(items[:LISTED]) or "none") + more


def _text(text: str) -> str:
    """A name as plain text of Markdown, on one line."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
