"""A Spark standalone cluster, a master and two workers on loopback, draws what one process draws."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyspark
import pytest

from shop_project import make_project

from .conftest import SECRET, Undisturbed

HOME = Path(pyspark.__file__).parent
JAVA = Path(os.environ["JAVA_HOME"], "bin", "java") if os.environ.get("JAVA_HOME") else Path("java")


def free_port() -> int:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def start(folder: Path, kind: str, *words: str) -> subprocess.Popen[bytes]:
    """One daemon of the cluster, from the jars that come with pyspark; it dies with the tests, however they end."""
    environment = os.environ | {"SPARK_HOME": str(HOME), "SPARK_SCALA_VERSION": "2.13", "SPARK_LOCAL_IP": "127.0.0.1"}
    java = [JAVA, "-Xmx256m", *_opened(), "-cp", HOME / "jars" / "*", f"org.apache.spark.deploy.{kind.lower()}.{kind}"]
    command = ["setpriv", "--pdeathsig", "KILL", *java]
    with (folder / f"{kind}-{len(list(folder.iterdir()))}.log").open("wb") as log:
        return subprocess.Popen([*command, *words], cwd=folder, env=environment, stdout=log, stderr=log)


def _opened() -> list[str]:
    """What Spark's own scripts open of the JDK for it."""
    packages = ("lang", "lang.invoke", "lang.reflect", "io", "net", "nio", "util", "util.concurrent", "util.concurrent.atomic")
    opened = [f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in packages]
    return ["-XX:+IgnoreUnrecognizedVMOptions", "--add-modules=jdk.incubator.vector", *opened]


def reachable(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def master(tmp_path: Path) -> Iterator[str]:
    """The URL of a cluster of two workers with a core each; every process is stopped by its id."""
    folder, port = tmp_path / "cluster", free_port()
    folder.mkdir()
    url = f"spark://127.0.0.1:{port}"
    running = [start(folder, "Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")]
    try:
        deadline = time.monotonic() + 60
        while not reachable(port):
            assert running[0].poll() is None, (folder / "Master-0.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        for number in (1, 2):
            place = ["--host", "127.0.0.1", "--port", str(free_port()), "--webui-port", "0", "--work-dir", str(folder / f"work{number}")]
            running.append(start(folder, "Worker", *place, "--cores", "1", "--memory", "1g", url))
        yield url
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(timeout=30)


def test_a_cluster_profiles_and_draws_what_one_process_does(
    undisturbed: Undisturbed, source: Path, empty_mlflow: Path, tmp_path: Path, master: str
) -> None:
    project = make_project(tmp_path / "project", source, SECRET, mlflow=empty_mlflow)
    environment = project.environment | {"TWIN_SPARK_MASTER": master}
    command = project.command("synthesize", "shop")
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    for stage, expected in (("profile", undisturbed.profile), ("synthesize", undisturbed.synthesize)):
        assert expected
        assert project.stage_digests(stage) == expected
    assert len(list((tmp_path / "cluster").glob("work*/app-*"))) == 4  # two stages, and each of them on both workers
