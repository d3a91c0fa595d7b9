"""Counters, gauges and timings of one process, in the exposition format of Prometheus.

Several web processes share one port, so that a scrape reaches any of them. They then keep their numbers in files of one
folder, which each of them adds up (the multiprocess mode of ``prometheus_client``): a counter goes on when a process is
started anew, and a gauge is that of the living ones. A server of one process keeps them in memory.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily, Metric

__all__ = ["FOLDER_VARIABLE", "Metrics", "Sample"]

#: Environment variable that names the folder of the numbers of several processes; that of ``prometheus_client``.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


@dataclass(frozen=True, slots=True)
class Sample:
    """A gauge of the whole server, which is measured when it is asked for.

    Parameters
    ----------
    name, description
        Name of the metric, and what it is.
    values
        Values by those of the labels.
    labels
        Names of the labels.
    """

    name: str
    description: str
    values: Mapping[tuple[str, ...], float]
    labels: tuple[str, ...] = ()

    @classmethod
    def one(cls, name: str, description: str, value: float) -> "Sample":
        """Return a gauge without labels."""
        return cls(name, description, {(): value})

    @classmethod
    def by(cls, name: str, description: str, label: str, values: Mapping[str, float]) -> "Sample":
        """Return a gauge with one label."""
        return cls(name, description, {(key,): value for key, value in values.items()}, (label,))


class Metrics:
    """Numbers of one process, and their exposition together with those of the other processes of its server."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

        disable_created_metrics()  # type: ignore[no-untyped-call]  # times that nobody asks for, of each series
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "photoz_requests",
            "Requests by route, method and status.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "photoz_request_seconds",
            "Time from the head of a request to the last byte of its response.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._sent = Counter("photoz_sent_bytes", "Bytes of the bodies of responses.", registry=self._registry)
        self._cut = Counter(
            "photoz_cut_responses", "Responses that ended before their last byte.", registry=self._registry
        )
        self._gauges: dict[str, Gauge] = {}

    def count_request(
        self, route: str | None, method: str, status: int, sent: int, seconds: float, *, complete: bool
    ) -> None:
        """Count a request.

        Parameters
        ----------
        route
            Template of its path, never the path, so that the number of series is bounded; None when it has none.
        """
        route = route or "none"
        self._requests.labels(route, method if method in _METHODS else "other", str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        self._sent.inc(sent)
        if not complete:
            self._cut.inc()

    def set_gauge(self, sample: Sample) -> None:
        """Set a gauge of this process; those of all processes are added up."""
        from prometheus_client import Gauge

        gauge = self._gauges.get(sample.name)
        if gauge is None:
            gauge = self._gauges[sample.name] = Gauge(
                sample.name,
                sample.description,
                sample.labels,
                registry=self._registry,
                multiprocess_mode="livesum",
            )
        for labels, value in sample.values.items():
            (gauge.labels(*labels) if labels else gauge).set(value)

    def exposition(self, measure: Callable[[], Iterator[Sample]]) -> tuple[bytes, str]:
        """Return all numbers as a document, and its media type.

        Parameters
        ----------
        measure
            Measures the gauges of the whole server, which are the same whichever process is asked.
        """
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

        registry = self._registry
        if folder := os.environ.get(FOLDER_VARIABLE):
            registry = CollectorRegistry()
            registry.register(_OfAllProcesses(folder))
        whole = CollectorRegistry()
        whole.register(_Measured(measure))
        return generate_latest(registry) + generate_latest(whole), CONTENT_TYPE_LATEST

    @staticmethod
    def forget_process(pid: int) -> None:
        """Leave out the gauges of a process that has ended."""
        folder = os.environ.get(FOLDER_VARIABLE)
        for path in Path(folder).glob(f"gauge_live*_{pid}.db") if folder else ():
            path.unlink(missing_ok=True)


class _OfAllProcesses:
    """Collector of the numbers in the files of all processes.

    A process that begins a file makes it empty first; that of ``prometheus_client`` fails at such a file.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.multiprocess import MultiProcessCollector

        files = [str(path) for path in Path(self._folder).glob("*.db") if _size(path)]
        yield from MultiProcessCollector.merge(files, accumulate=True)  # type: ignore[no-untyped-call]

    def describe(self) -> "Iterator[Metric]":
        return iter(())


def _size(path: Path) -> int:
    """Return the size of a file; 0 when it is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


class _Measured:
    """Collector of samples that are measured when they are asked for."""

    def __init__(self, measure: Callable[[], Iterator[Sample]]) -> None:
        self._measure = measure

    def collect(self) -> "Iterator[GaugeMetricFamily]":
        from prometheus_client.core import GaugeMetricFamily

        for sample in self._measure():
            family = GaugeMetricFamily(sample.name, sample.description, labels=sample.labels)
            for labels, value in sample.values.items():
                family.add_metric(labels, value)
            yield family

    def describe(self) -> "Iterator[GaugeMetricFamily]":
        return iter(())
