"""``/metrics`` for Prometheus: who may read it, and what is measured of queries, jobs, storage and caches."""

import hmac
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from threading import Lock
from time import monotonic
from urllib.parse import urlsplit

import psutil
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from core.auth.callers import FORWARDED
from core.auth.schema import SignInAttemptRow
from core.database import utc_now
from core.settings import Settings
from core.settings.fields import LOCAL_HOSTS
from core.telemetry.metrics import Metrics, Sample
from products.models import ProductStatus
from products.schema import ProductFileRow, ProductRow
from server.data_folder import PLACES, PlaceKind
from server.operations.access_log import RequestRecord
from server.operations.health import Health
from server.services import Services
from tap.engine import EngineLoad
from uws.schema import JobRow
from vospace.schema import NodeRow

__all__ = ["MetricsAccess", "ServerMetrics", "metrics_routes"]

_FORWARDING = ("forwarded", "x-forwarded-for", "x-real-ip")
_LANES = ("short", "long")
_FRESH_SECONDS = 10.0
_ATTEMPTS = timedelta(minutes=15)


class MetricsAccess:
    """Rule of who may read the numbers: who has the token, and who asks from an address of the settings.

    Behind a proxy every request comes from the address of the proxy, which may be this machine. A request that a proxy
    forwarded counts by the address of its client if the settings name the proxy, and otherwise not at all. A server
    with a public address, whose settings name no proxy, may stand behind one that adds no header, so it asks for the
    token.
    """

    def __init__(self, settings: Settings) -> None:
        self._networks = tuple(ip_network(name, strict=False) for name in settings.monitoring_networks)
        self._token = settings.metrics_token.get_secret_value() if settings.metrics_token else ""
        is_local = settings.base_url is None or urlsplit(settings.base_url).hostname in {*LOCAL_HOSTS, settings.host}
        self._counts_addresses = is_local or bool(settings.proxy_networks)

    def allows(self, request: Request) -> bool:
        """Return whether a request may read the numbers."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme:
            is_token = bool(self._token) and scheme.lower() == "bearer"
            return is_token and hmac.compare_digest(token.strip().encode(), self._token.encode())
        if not self._counts_addresses:
            return False
        address = request.client.host if request.client else ""
        if any(name in request.headers for name in _FORWARDING):
            address = request.scope.get("state", {}).get(FORWARDED) or ""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


class ServerMetrics:
    """Numbers of this process and of its server.

    Parameters
    ----------
    services, health
        What is measured.
    """

    def __init__(self, services: Services, health: Health) -> None:
        self._services = services
        self._health = health
        self._metrics = Metrics()
        self._lock = Lock()
        self._measured: tuple[float, tuple[Sample, ...]] = (float("-inf"), ())

    def count(self, record: RequestRecord) -> None:
        """Count a request that has ended."""
        self._metrics.count_request(
            record.route,
            str(record.scope["method"]),
            record.status,
            record.sent,
            record.seconds,
            complete=record.complete,
        )

    def sample(self) -> None:
        """Store the gauges of this process; called every few seconds, because another process may be asked for them."""
        for sample in _process_samples(self._services.tap.engine.load()):
            self._metrics.set_gauge(sample)

    def exposition(self) -> tuple[bytes, str]:
        """Return all numbers as a document, and its media type."""
        self.sample()
        return self._metrics.exposition(self._measure)

    def _measure(self) -> Iterator[Sample]:
        failed = self._health.failed()
        parts = {part: float(part not in failed) for part in ("database", "storage", "engine", "queue")}
        yield Sample.by("photoz_part_up", "Whether a part of the server works.", "part", parts)
        with self._lock:  # however often it is asked, the database is not asked more often
            if monotonic() - self._measured[0] > _FRESH_SECONDS:
                self._measured = (monotonic(), tuple(_server_samples(self._services)))
        yield from self._measured[1]


def metrics_routes(settings: Settings, metrics: ServerMetrics) -> APIRouter:
    """Return the route of the numbers."""
    router, access = APIRouter(include_in_schema=False), MetricsAccess(settings)

    @router.get("/metrics")
    def answer_metrics(request: Request) -> Response:
        if not access.allows(request):
            message = "Reading these numbers needs PHOTOZ_METRICS_TOKEN, or an address in PHOTOZ_METRICS_NETWORKS.\n"
            return PlainTextResponse(message, 403)
        content, media_type = metrics.exposition()
        return Response(content, media_type=media_type)

    return router


def _process_samples(load: EngineLoad) -> Iterator[Sample]:
    for name, description, queries in (
        ("photoz_queries_running", "Queries that run in a process, by lane.", load.running),
        ("photoz_queries_waiting", "Queries that wait for a process, by lane.", load.waiting),
    ):
        yield Sample.by(name, description, "lane", {lane: queries.get(lane, 0) for lane in _LANES})
    yield Sample.one("photoz_query_processes", "Query processes that live.", load.processes)
    yield Sample.one("photoz_query_answers", "Results of queries that are being sent.", load.answers)
    spool = {"memory": load.spool_memory, "disk": load.spool_disk}
    yield Sample.by("photoz_spool_bytes", "Rows of queries that wait for slow readers.", "place", spool)
    process = psutil.Process()
    yield Sample.one("photoz_resident_bytes", "Resident memory of the web processes.", process.memory_info().rss)
    yield Sample.one("photoz_open_files", "Files and connections that web processes have open.", process.num_fds())
    yield Sample.one("photoz_threads", "Threads of the web processes.", process.num_threads())


def _server_samples(services: Services) -> Iterator[Sample]:
    with suppress(SQLAlchemyError):  # photoz_part_up says so
        yield from _database_samples(services)
    settings = services.settings
    usage = shutil.disk_usage(settings.data)
    disk = {"free": usage.free, "total": usage.total, "reserved": settings.min_free_bytes}
    yield Sample.by("photoz_disk_bytes", "Disk of the data folder; uploads stop at the reserve.", "kind", disk)
    sizes = {place.name: _folder_bytes(settings.data / place.name) for place in PLACES if place.kind is PlaceKind.CACHE}
    yield Sample.by("photoz_cache_bytes", "Files that are kept to be read again.", "cache", sizes)


def _database_samples(services: Services) -> Iterator[Sample]:
    with services.database.read() as session:
        jobs = session.execute(
            select(JobRow.kind, JobRow.phase, func.count()).group_by(JobRow.kind, JobRow.phase)
        ).all()
        oldest = session.scalar(select(func.min(JobRow.created)).where(JobRow.phase == "QUEUED"))
        products = session.execute(select(ProductRow.status, func.count()).group_by(ProductRow.status)).all()
        files = session.scalar(select(func.sum(ProductFileRow.size))) or 0
        homes = session.scalar(select(func.sum(NodeRow.size)).where(NodeRow.stored_id.is_not(None))) or 0
        results = session.scalar(select(func.sum(JobRow.result_bytes))) or 0
        failures = session.scalar(
            select(func.count())
            .select_from(SignInAttemptRow)
            .where(SignInAttemptRow.succeeded.is_(False), SignInAttemptRow.at > utc_now() - _ATTEMPTS)
        )
    counted: dict[tuple[str, ...], float] = {(kind, phase): count for kind, phase, count in jobs}
    yield Sample("photoz_jobs", "Jobs by kind and phase.", counted, ("kind", "phase"))
    waited = (utc_now() - oldest).total_seconds() if oldest is not None else 0.0
    yield Sample.one("photoz_oldest_queued_job_seconds", "Age of the oldest job that is QUEUED.", max(waited, 0.0))
    by_status = {ProductStatus(status).name.lower(): count for status, count in products}
    yield Sample.by("photoz_products", "Products by status.", "status", by_status)
    stored = {"products": files, "homes": homes, "results": results}
    yield Sample.by("photoz_stored_bytes", "Bytes that users keep.", "place", stored)
    yield Sample.one("photoz_failed_sign_ins", "Failed sign-ins in the last 15 minutes.", failures or 0)


def _folder_bytes(folder: Path) -> float:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(path, name)).st_size  # noqa: PTH116, PTH118 - twice as quick as Path
            except FileNotFoundError:  # removed since the folder was listed
                continue
    return float(total)
