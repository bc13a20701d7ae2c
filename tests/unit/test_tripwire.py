"""The tripwire finds what was planted, in every form and in every container that anything here writes."""

from __future__ import annotations

import base64
import bz2
import datetime as dt
import gzip
import lzma
import pickle
import sqlite3
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from tripwire import Hit, Tripwire, Value

WORD = "zqx7-mirabilis"
PLANTED: dict[str, Value] = {
    "word": WORD,
    "whole": 735_194_620_817,
    "amount": Decimal("61803398874.98"),
    "ratio": 2_718_281_828.4590451,
    "day": dt.date(1903, 7, 19),
    "moment": dt.datetime(1911, 11, 23, 13, 37, 11, 250_000),
}
TRIPWIRE = Tripwire(PLANTED)
TEXT = "\n".join(str(value) for value in PLANTED.values())
ROWS = {name: [value, None] for name, value in PLANTED.items()}


def as_table() -> pa.Table:
    return pa.table(ROWS)


def parquet(path: Path) -> None:
    pq.write_table(as_table(), path, compression="zstd")


def parquet_of_blobs(path: Path) -> None:
    pq.write_table(pa.table({"packed": [gzip.compress(TEXT.encode())], "list": [[{"value": WORD}]]}), path)


def arrow(path: Path) -> None:
    feather.write_feather(as_table(), str(path), compression="zstd")


def in_duckdb(path: Path) -> None:
    with duckdb.connect(str(path)) as database:
        rows = as_table()  # noqa: F841 - DuckDB finds it by its name
        database.execute("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT * FROM rows")


def in_sqlite(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE t (value)")
    values = [
        (float(value) if isinstance(value, Decimal) else value if isinstance(value, int | float) else str(value),)
        for value in PLANTED.values()
    ]
    database.executemany("INSERT INTO t VALUES (?)", [*values, (zlib.compress(WORD.encode()),)])
    database.commit()
    database.close()


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.gz", gzip.compress(TEXT.encode()))


def tarred(path: Path) -> None:
    inner = path.with_suffix(".txt")
    inner.write_text(TEXT)
    with tarfile.open(path, "w:gz") as archive:
        archive.add(inner, "inner.txt")
    inner.unlink()


def committed(path: Path) -> None:
    """In a git repository, once as an object and once in a pack."""
    path.mkdir()
    for place, steps in enumerate((["gc", "--quiet"], [])):
        repository = path / str(place)
        repository.mkdir()
        (repository / "file").write_text(TEXT)
        who = ["-c", "user.name=t", "-c", "user.email=t@example.net"]
        for command in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "-m", "m"], steps):
            subprocess.run(["git", *(command or ["status"])], cwd=repository, check=True, capture_output=True)
        (repository / "file").unlink()


def compressed(pack: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(pack(TEXT.encode()))

    return write


def zstd(raw: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(raw)
    return sink.getvalue().to_pybytes()


CONTAINERS: dict[str, Callable[[Path], None]] = {
    "text": compressed(lambda raw: raw),
    "utf-16": compressed(lambda raw: raw.decode().encode("utf-16")),
    "base64": compressed(lambda raw: b"x" + base64.b64encode(b"12" + raw)),
    "pickle": lambda path: path.write_bytes(pickle.dumps(TEXT)),
    "gzip": compressed(gzip.compress),
    "zlib": compressed(zlib.compress),
    "bzip2": compressed(bz2.compress),
    "xz": compressed(lzma.compress),
    "zstd": compressed(zstd),
    "zip": zipped,
    "tar": tarred,
    "git": committed,
    "parquet": parquet,
    "parquet of blobs": parquet_of_blobs,
    "arrow": arrow,
    "duckdb": in_duckdb,
    "sqlite": in_sqlite,
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_planted_value_is_found_in_every_container(container: str, tmp_path: Path) -> None:
    CONTAINERS[container](tmp_path / "file")
    wanted = {"word", "moment"} if container == "base64" else set(PLANTED)  # a short text in base64 could be anything
    assert wanted <= {hit.name for hit in TRIPWIRE.search(tmp_path)} <= set(PLANTED)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("whole", struct.pack("<q", 735_194_620_817)),
        ("whole", struct.pack("<d", 735_194_620_817.0)),
        ("ratio", struct.pack("<d", 2_718_281_828.4590451)),
        ("moment", struct.pack("<q", -1_833_704_568_750_000)),
        ("whole", b"735,194,620,817"),
        ("whole", b"7.35195e+11"),
        ("ratio", b"2,718,281,828.46"),
        ("amount", b'{"high": 61803398874.9799995}'),
        ("day", b"[-24273.0, -24273.0, 1]"),
        ("moment", b"49031250000"),
    ],
)
def test_a_number_is_found_however_it_is_written(name: str, written: bytes) -> None:
    assert TRIPWIRE.names_in(b"\x01" + written + b"\x02") == [name]


def test_names_of_files_are_searched_and_what_may_hold_anything_is_not(tmp_path: Path) -> None:
    (tmp_path / "secure").mkdir()
    (tmp_path / "secure" / "rows.csv").write_text(WORD)
    (tmp_path / f"{WORD}.txt").write_text("nothing")
    found = TRIPWIRE.search(tmp_path, but=[tmp_path / "secure"])
    assert found == [Hit("word", tmp_path / f"{WORD}.txt", "name")]
    assert str(found[0]).startswith("word in ")


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "begins-like-one").write_bytes(b"\x78\x9cno zlib at all")
    pq.write_table(pa.table({"word": ["zqx", "mirabilis"], "number": [735_194_620_000, 618_033]}), tmp_path / "rows.parquet")
    assert TRIPWIRE.search(tmp_path) == []
