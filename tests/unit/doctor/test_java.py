"""The check for a Java that Spark can run on, against Javas that say what they are told to."""

import stat
from pathlib import Path

import pytest

from warehouse_twin.doctor.java import check_java
from warehouse_twin.errors import ConfigurationError

NEXT = r"next: sudo apt-get install -y openjdk-17-jre-headless \(Debian, Ubuntu\)"


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def install(home: Path, says: str, *, to: str = "&2") -> Path:
    """A Java below `home` that prints a version, on standard error as Java does."""
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\nprintf '%s\\n' '{says}' >{to}\n")
    java.chmod(0o755)
    return java


@pytest.mark.parametrize(
    ("says", "major"),
    [
        ('openjdk version "17.0.12" 2024-07-16', 17),
        ('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "21" 2023-09-19', 21),
        ('java version "21.0.2" 2024-01-16 LTS', 21),
    ],
)
def test_java_17_and_21_will_do(says: str, major: int, tmp_path: Path) -> None:
    install(tmp_path, says)
    assert check_java() == major


def test_a_java_that_speaks_on_standard_output(tmp_path: Path) -> None:
    install(tmp_path, 'openjdk version "17.0.1"', to="&1")
    assert check_java() == 17


@pytest.mark.parametrize(
    ("says", "called"),
    [
        ('openjdk version "11.0.2"', "11"),
        ('java version "1.8.0_392"', "8"),
        ('openjdk version "25"', "25"),
        ("no idea", "of an unknown version"),
    ],
)
def test_others_will_not(says: str, called: str, tmp_path: Path) -> None:
    java = install(tmp_path, says)
    with pytest.raises(ConfigurationError, match=rf"^{java} is Java {called}; wanted Java 17 or 21 for Spark; {NEXT}$"):
        check_java()


def test_java_home_comes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, 'openjdk version "11"')
    install(tmp_path / "home", 'openjdk version "21"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert check_java() == 21


def test_without_any_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=rf"^no Java found; wanted Java 17 or 21 for Spark; {NEXT}$"):
        check_java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(ConfigurationError, match=rf"^JAVA_HOME is {tmp_path / 'gone'}, which has no bin/java; wanted .*{NEXT}$"):
        check_java()


def test_a_java_that_cannot_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = install(tmp_path, "")
    java.write_bytes(b"\x7fELF nothing of the kind")
    java.chmod(java.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match=rf"^{java} cannot be run \(Exec format error\); wanted Java"):
        check_java()
