"""A tripwire: values that stand in a source, and the search for them in everything that was written.

A file is searched as it lies, and then as what it holds: archives and compressed streams are unpacked, Parquet, Arrow, SQLite and
DuckDB files are read. A value is looked for as text in UTF-8, UTF-16 and base64, a number as its digits and as the eight bytes of
an integer or a float, a day or a moment as text and as its distance from 1970.
"""

from __future__ import annotations

import base64
import bz2
import datetime as dt
import gzip
import io
import lzma
import sqlite3
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

Value = str | int | float | Decimal | dt.date | dt.datetime
DEPTH = 4
"""How often what was unpacked may be packed itself."""
DIGITS = 10
"""Leading digits by which a number is known: it may have been rounded."""
_EPOCH = dt.datetime(1970, 1, 1)


def forms(value: Value) -> frozenset[bytes]:
    """What a value looks like in bytes."""
    if isinstance(value, str):
        return frozenset(_texts(value))
    if isinstance(value, dt.datetime):
        moment = value - _EPOCH
        micros = moment // dt.timedelta(microseconds=1)
        texts = [f"{value:%Y-%m-%dT%H:%M:%S}", f"{value:%Y-%m-%d %H:%M:%S}", f"{value:%Y%m%d%H%M%S}", str(micros // 1_000_000)]
        numbers = [micros, micros * 1_000, micros // 1_000]
        if clock := micros % 86_400_000_000:  # midnight is nobody's
            texts, numbers = [*texts, str(clock)], [*numbers, clock]
        return frozenset(form for text in texts for form in _texts(text)) | {form for number in numbers for form in _binary(number)}
    if isinstance(value, dt.date):
        days = (value - _EPOCH.date()).days
        texts = [value.isoformat(), f"{value:%Y%m%d}", f"{value:%d.%m.%Y}", f"{days}.0"]
        return frozenset(form for text in texts for form in _texts(text)) | _binary(days * 86_400_000_000)
    return frozenset(form for text in _digits(value) for form in _texts(text)) | _binary(value)


def _texts(text: str) -> set[bytes]:
    """A text as such, and inside of base64: there it begins at any of three places, and its ends depend on what is beside it."""
    plain = text.encode()
    coded = {base64.b64encode(b"\0" * shift + plain)[shift + (shift > 0) : -4] for shift in range(3)} if len(plain) > 11 else set()
    return {plain, text.encode("utf-16-le"), text.encode("utf-16-be")} | coded


def _digits(value: int | float | Decimal) -> set[str]:
    """The leading digits of a number as they may be written: in one piece, with a point, in groups of three, as a power of ten."""
    plain = f"{Decimal(value) if isinstance(value, float) else value:f}".lstrip("-")
    whole, _, rest = plain.partition(".")
    digits = (whole + rest).lstrip("0")[:DIGITS]
    found = {digits, f"{float(value):.5e}".lstrip("-"), f"{digits[0]}.{digits[1:]}"}
    found |= {whole[:DIGITS]} if len(whole) >= DIGITS else {f"{whole}.{rest}"[: DIGITS + 1]}
    return found | ({f"{int(whole):,}"} if len(whole) >= DIGITS else set())


def _binary(value: int | float | Decimal) -> set[bytes]:
    """Eight bytes of a number, in either order: SQLite keeps the highest first."""
    kinds: list[tuple[str, int | float]] = [("d", float(value))]
    kinds += [("q", int(value))] if abs(value) < 2**63 and value == int(value) else []
    return {struct.pack(f"{order}{kind}", number) for kind, number in kinds for order in "<>"}


@dataclass(frozen=True, slots=True)
class Hit:
    """A planted value, by what it was planted as, and where it was found: a file, and what in it."""

    name: str
    path: Path
    inside: str

    def __str__(self) -> str:
        return f"{self.name} in {self.path} ({self.inside})"


@dataclass(frozen=True)
class Tripwire:
    """What was planted: name → value."""

    planted: Mapping[str, Value]

    @cached_property
    def _needles(self) -> tuple[bytes, ...]:
        """Forms, without those that hold another one: whoever has the longer has the shorter."""
        known: list[bytes] = []
        for form in sorted({form for value in self.planted.values() for form in forms(value)}, key=lambda form: (len(form), form)):
            if not any(shorter in form for shorter in known):
                known.append(form)
        return tuple(known)

    def names_in(self, content: bytes) -> list[str]:
        """What of it is in some bytes."""
        if not any(needle in content for needle in self._needles):
            return []
        return [name for name, value in self.planted.items() if any(form in content for form in forms(value))] or ["part of one"]

    def search(self, *roots: Path, but: Collection[Path] = ()) -> list[Hit]:
        """Every hit in the files below the roots, in their order; `but` are files and folders that may hold anything."""
        hits = []
        for path in _files(roots, but):
            found = {(name, inside) for inside, content in contents(path) for name in self.names_in(content)}
            hits += [Hit(name, path, inside) for name, inside in sorted(found)]
        return hits


def _files(roots: Collection[Path], but: Collection[Path]) -> Iterator[Path]:
    for root in roots:
        for path in sorted([root] if root.is_file() else root.rglob("*")):
            if path.is_file() and not path.is_symlink() and not any(path.is_relative_to(one) for one in but):
                yield path


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """A file's name, its bytes, and what they turn out to hold, each with how it came out."""
    yield "name", str(path).encode()
    if path.suffix == ".pack" and path.parent.name == "pack":
        command = ["git", f"--git-dir={path.parents[2]}", "cat-file", "--batch-all-objects", "--batch"]
        yield "git objects", subprocess.run(command, capture_output=True, check=True).stdout
    raw = path.read_bytes()
    if raw.startswith(b"SQLite format 3\0"):
        yield from _of_sqlite(path)
    elif raw[8:12] == b"DUCK":
        yield from _of_duckdb(path)
    yield from unpacked(raw, "bytes", DEPTH)


def unpacked(raw: bytes, label: str, depth: int) -> Iterator[tuple[str, bytes]]:
    """Bytes, and what they hold."""
    yield label, raw
    if depth:
        for name, inner in _members(raw):
            yield from unpacked(inner, f"{label} > {name}", depth - 1)


def _members(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """What is in an archive, a compressed stream or a columnar file; nothing of what only begins like one."""
    if raw.startswith(b"PAR1"):
        yield from _of_parquet(raw)
    elif raw.startswith(b"ARROW1"):
        yield from _of_table("arrow", feather.read_table(io.BytesIO(raw)))
    elif raw.startswith(b"PK\3\4"):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            yield from ((f"zip {name}", archive.read(name)) for name in archive.namelist())
    elif raw[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
            files = ((member.name, archive.extractfile(member)) for member in archive.getmembers())
            yield from ((f"tar {name}", stream.read()) for name, stream in files if stream is not None)
    with suppress(OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        if raw.startswith(b"\x1f\x8b"):
            yield "gzip", gzip.decompress(raw)
        elif raw[:1] == b"\x78" and raw[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda"):  # git's objects
            yield "zlib", zlib.decompressobj().decompress(raw)
        elif raw.startswith(b"BZh"):
            yield "bzip2", bz2.decompress(raw)
        elif raw.startswith(b"\xfd7zXZ\0"):
            yield "xz", lzma.decompress(raw)
        elif raw.startswith(b"\x28\xb5\x2f\xfd"):
            yield "zstd", pa.input_stream(io.BytesIO(raw), compression="zstd").read()
        elif raw.startswith(b"\x04\x22\x4d\x18"):
            yield "lz4", pa.input_stream(io.BytesIO(raw), compression="lz4").read()


def _of_parquet(raw: bytes) -> Iterator[tuple[str, bytes]]:
    with pq.ParquetFile(io.BytesIO(raw)) as file:
        yield "parquet metadata", f"{file.metadata.to_dict()}{file.schema_arrow.metadata}".encode()
        yield from _of_table("parquet", file.read())


def _of_table(label: str, table: pa.Table) -> Iterator[tuple[str, bytes]]:
    """Every column as text, value by value, and blobs as they are."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        yield f"{label} {name}", _rendered([{name: value} for value in _values(column)])


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):  # nanoseconds are more than a datetime holds
        column = column.cast(pa.timestamp("us"), safe=False)
    try:
        return column.to_pylist()
    except (ValueError, OverflowError):  # days that Python does not have
        return column.cast(pa.int64(), safe=False).to_pylist()


def _rendered(values: Any) -> bytes:
    """Values of all kinds as one run of bytes."""
    found: list[bytes] = []

    def render(value: Any) -> None:
        if isinstance(value, bytes | bytearray | memoryview):
            found.extend(content for _, content in unpacked(bytes(value), "", DEPTH))
        elif isinstance(value, Mapping):
            for item in value.items():
                render(item)
        elif isinstance(value, list | tuple):
            for item in value:
                render(item)
        elif isinstance(value, float):
            found.append(f"{value!r} {Decimal(value):f}".encode())
        else:
            found.append(str(value).encode("utf-8", "surrogatepass"))

    render(values)
    return b"\n".join(found)


def _of_sqlite(path: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.text_factory = bytes
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            table = name.decode()
            yield f"sqlite {table}", _rendered(database.execute(f'SELECT * FROM "{table}"').fetchall())


def _of_duckdb(path: Path) -> Iterator[tuple[str, bytes]]:
    with duckdb.connect(str(path), read_only=True) as database:
        database.execute("SET TimeZone = 'UTC'")
        yield "duckdb catalog", _rendered(database.execute("SELECT sql, comment FROM duckdb_tables()").fetchall())
        places = "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal ORDER BY ALL"
        for schema, table in database.execute(places).fetchall():
            rows = database.sql(f'SELECT * FROM "{schema}"."{table}"').to_arrow_table()
            yield from _of_table(f"duckdb {schema}.{table}", rows)
