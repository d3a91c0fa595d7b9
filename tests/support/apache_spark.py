"""A cluster of Apache Spark on this machine: a master, two workers and a server of Spark Connect.

Spark is that of TEST_SPARK_HOME or SPARK_HOME; ``make cluster`` installs one. It needs Java 17 or newer.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from tests.support.ports import free_port
from tests.support.processes import command_as, start, stop, wait_until
from tests.support.waiting import is_listening, wait_for

__all__ = ["SparkCluster", "running_spark", "spark_home", "why_no_spark"]

_HERE = "127.0.0.1"
_WORKERS = 2
_START_SECONDS = 600.0
# Compiling less, and collecting garbage in one thread, spares much of the processor time of a start.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss512k -XX:ActiveProcessorCount=1"
_DAEMON = "org.apache.spark.deploy"
_CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"
_EXECUTOR = "CoarseGrainedExecutorBackend"
_OPTIONS = {
    "spark.driver.memory": "1g",
    "spark.executor.memory": "500m",
    "spark.executor.cores": "1",
    "spark.driver.host": _HERE,
    "spark.driver.bindAddress": _HERE,
    "spark.driver.extraJavaOptions": _JAVA,
    "spark.executor.extraJavaOptions": _JAVA,
    "spark.connect.grpc.binding.address": _HERE,
    "spark.ui.enabled": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.shuffle.partitions": "4",
    "spark.scheduler.mode": "FAIR",
    "spark.log.level": "WARN",
}


def spark_home() -> Path | None:
    """Give the folder of an installed Spark with its jars, if the environment names one."""
    given = os.environ.get("TEST_SPARK_HOME") or os.environ.get("SPARK_HOME")
    return Path(given).resolve() if given else None


def why_no_spark() -> str:
    """Say why there can be no cluster; empty when there can be one."""
    home = spark_home()
    if home is None:
        return "no Apache Spark: make cluster installs it (455 MB) and runs these tests, TEST_SPARK_HOME names another"
    if not any(home.glob("jars/spark-connect_*.jar")):
        return f"{home} has no Spark Connect: it is the folder of Spark from 4.0 with bin and jars"
    return "" if shutil.which("java") else "Java is not installed: apt-get install openjdk-17-jre-headless"


class SparkCluster:
    """The processes of a cluster.

    Parameters
    ----------
    folder
        For logs and for the files of the workers.
    """

    def __init__(self, home: Path, folder: Path) -> None:
        self._home = home
        self._folder = folder
        self._stack = ExitStack()
        self._master = f"spark://{_HERE}:{free_port()}"
        self._port = free_port()
        self._driver: subprocess.Popen[bytes] | None = None
        self._workers: list[subprocess.Popen[bytes]] = []

    @property
    def remote(self) -> str:
        """Address of the server of Spark Connect."""
        return f"sc://{_HERE}:{self._port}"

    def start(self) -> None:
        """Start all processes, and wait until there is an executor on each worker."""
        port = self._master.rpartition(":")[2]
        self._daemon("Master", "--port", port)
        for number in range(_WORKERS):
            folder = self._folder / f"work{number}"
            arguments = ("--port", "0", "--cores", "1", "--memory", "600m", "--work-dir", str(folder), self._master)
            self._workers.append(self._daemon("Worker", *arguments))
        self.start_driver()
        wait_for(lambda: len(self.executors()) == _WORKERS, "there are too few executors", _START_SECONDS)

    def start_driver(self) -> None:
        """Start the server of Spark Connect, which is the driver of all queries."""
        options = {
            **_OPTIONS,
            "spark.connect.grpc.binding.port": self._port,
            "spark.local.dir": self._folder / "local",
            "spark.sql.warehouse.dir": self._folder / "warehouse",
        }
        words = [word for key, value in options.items() for word in ("--conf", f"{key}={value}")]
        command = [self._home / "bin/spark-submit", "--class", _CONNECT, "--master", self._master, *words]
        self._driver = self._started("driver", [*command, "spark-internal"], {})
        wait_until(lambda: is_listening(self._port), self._driver, self._folder / "driver.out", _START_SECONDS)

    def kill_driver(self) -> None:
        """Kill the server of Spark Connect; its executors end by themselves."""
        assert self._driver is not None
        self._driver.kill()
        self._driver.wait()

    def executors(self) -> list[psutil.Process]:
        """Give the processes of the executors that run."""
        found = [child for worker in self._workers for child in psutil.Process(worker.pid).children()]
        return [process for process in found if _is_executor(process)]

    def close(self) -> None:
        """End all processes."""
        executors = self.executors()
        self._stack.close()
        for process in executors:
            if process.is_running():
                process.kill()
        psutil.wait_procs(executors, timeout=30)

    def _daemon(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [self._home / "bin/spark-class", f"{_DAEMON}.{kind.lower()}.{kind}"]
        settings = {
            "SPARK_DAEMON_MEMORY": "128m",
            "SPARK_DAEMON_JAVA_OPTS": f"{_JAVA} -Dspark.master.rest.enabled=false -Dspark.ui.enabled=false",
        }
        name = f"{kind.lower()}{len(self._workers)}"
        return self._started(name, [*command, "--host", _HERE, "--webui-port", "0", *arguments], settings)

    def _started(self, name: str, command: list[str | Path], settings: dict[str, str]) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
        environment |= {
            "SPARK_HOME": str(self._home),
            "SPARK_LOCAL_IP": _HERE,
            "SPARK_LOCAL_HOSTNAME": _HERE,
            **settings,
        }
        process = start(command_as(None, command), log=self._folder / f"{name}.out", env=environment)
        self._stack.callback(stop, process)
        return process


@contextmanager
def running_spark(folder: Path) -> Iterator[SparkCluster]:
    """Run a cluster within the block; `why_no_spark` says first whether there can be one."""
    home = spark_home()
    assert home is not None
    cluster = SparkCluster(home, folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


def _is_executor(process: psutil.Process) -> bool:
    try:
        return any(_EXECUTOR in word for word in process.cmdline())
    except psutil.Error:
        return False
