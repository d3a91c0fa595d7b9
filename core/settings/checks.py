"""Checks of settings beyond their types: values that cannot work, and values that contradict each other."""

from collections.abc import Iterator
from importlib.util import find_spec
from ipaddress import ip_network
from urllib.parse import SplitResult, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from core.settings.fields import LOCAL_HOSTS, Settings
from core.telemetry.traces import traces_are_installed

__all__ = ["settings_problems"]

_SHORTEST_KEY = 32
_DRIVERS = frozenset({"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg2"})
#: Pairs of settings of which the first may not be larger than the second.
_ORDERED = (
    ("job_seconds", "job_seconds_limit"),
    ("job_days", "job_days_limit"),
    ("maxrec_default", "maxrec_limit"),
)


def settings_problems(settings: Settings) -> tuple[str, ...]:
    """Return a sentence for each setting that cannot be used as it is; it begins with the name of the variable."""
    return (
        *_addresses(settings),
        *_storage(settings),
        *_jobs(settings),
        *_people(settings),
        *_limits(settings),
    )


def _addresses(settings: Settings) -> Iterator[str]:
    if settings.base_url is not None:
        parts = _split(settings.base_url)
        if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
            host = settings.base_url.rpartition("://")[2].lstrip("/") or "photoz.example.org"
            yield (
                f"PHOTOZ_BASE_URL is '{settings.base_url}', which is no http(s) address. "
                f"Write it with its scheme, such as https://{host}."
            )
        elif parts.query or parts.fragment:
            yield f"PHOTOZ_BASE_URL is '{settings.base_url}'. Write it without what follows '?' or '#'."
        elif settings.secure_cookies and parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
            yield (
                "PHOTOZ_SECURE_COOKIES is true, but PHOTOZ_BASE_URL is an http address, over which browsers would "
                "not send such cookies. Use an https address."
            )
    if settings.traces_endpoint is not None:
        parts = _split(settings.traces_endpoint)
        if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
            yield (
                f"PHOTOZ_TRACES_ENDPOINT is '{settings.traces_endpoint}', which is no http(s) address. "
                "Write it as in http://127.0.0.1:4318."
            )
        elif not traces_are_installed():
            yield "PHOTOZ_TRACES_ENDPOINT needs OpenTelemetry. Install it: pip install 'photoz-server[traces]'."
    for network in settings.table_upload_networks:
        try:
            ip_network(network, strict=False)
        except ValueError:
            yield f"PHOTOZ_TABLE_UPLOAD_NETWORKS has '{network}', which is no network. Write it as in 10.1.0.0/16."
    for host in settings.transfer_hosts:
        if "/" in host or not host:
            yield f"PHOTOZ_TRANSFER_HOSTS has '{host}', which is no host. Write it without scheme and path."


def _storage(settings: Settings) -> Iterator[str]:
    try:
        driver = make_url(settings.sqlalchemy_url).drivername
    except ArgumentError:
        yield (
            "PHOTOZ_DATABASE_URL is no address of a database. "
            "Write it as in postgresql+psycopg2://user@host/photoz or sqlite:////srv/photoz.sqlite."
        )
        return
    if driver not in _DRIVERS:
        yield f"PHOTOZ_DATABASE_URL names '{driver}'. Use postgresql+psycopg2 or sqlite."
    yield from _stores(settings)
    if settings.secret_key is not None and len(settings.secret_key.get_secret_value()) < _SHORTEST_KEY:
        yield (
            f"PHOTOZ_SECRET_KEY has fewer than {_SHORTEST_KEY} characters, so that it can be guessed. "
            "Make one: openssl rand -hex 32."
        )


def _stores(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with the addresses of object stores."""
    named = {"PHOTOZ_FILES_URL": settings.files_url, "PHOTOZ_ROWS_URL": settings.rows_url}
    given = {name: url for name, url in named.items() if url is not None}
    for name, url in given.items():
        scheme = url.partition("://")[0] if "://" in url else ""
        if not scheme:
            yield (
                f"{name} is '{url}', which has no scheme. Write it as in s3://bucket/photoz; for a folder leave it out."
            )
        elif scheme == "s3" and find_spec("s3fs") is None:
            yield f"{name} is an address of S3, which needs s3fs. Install it: pip install 'photoz-server[s3]'."
    if len(given) == len(named):
        files, rows = (f"{url.rstrip('/')}/" for url in given.values())
        if files.startswith(rows) or rows.startswith(files):
            yield (
                f"PHOTOZ_ROWS_URL is '{settings.rows_url}', and PHOTOZ_FILES_URL '{settings.files_url}'. "
                "Neither may be inside the other; write them as in s3://bucket/files and s3://bucket/rows."
            )


def _jobs(settings: Settings) -> Iterator[str]:
    if settings.job_queue == "celery":
        if settings.sqlalchemy_url.startswith("sqlite"):
            yield (
                "PHOTOZ_JOB_QUEUE is 'celery', whose workers need PostgreSQL, but the database is SQLite. "
                "Set PHOTOZ_DATABASE_URL, or use PHOTOZ_JOB_QUEUE=processes."
            )
        if not settings.redis_url.startswith(("redis://", "rediss://", "unix://")):
            yield f"PHOTOZ_REDIS_URL is '{settings.redis_url}'. Write it as in redis://127.0.0.1:6379/0."
    if settings.spark_remote is not None:
        if not settings.spark_remote.startswith("sc://"):
            yield f"PHOTOZ_SPARK_REMOTE is '{settings.spark_remote}'. Write it as in sc://host:15002."
        if settings.spark_results is None:
            yield "PHOTOZ_SPARK_REMOTE needs PHOTOZ_SPARK_RESULTS, a folder of this server and of the cluster."
        if find_spec("pyspark") is None:
            yield "PHOTOZ_SPARK_REMOTE needs the client of Spark. Install it: pip install 'photoz-server[spark]'."
    if settings.dask_scheduler is not None and find_spec("distributed") is None:
        yield "PHOTOZ_DASK_SCHEDULER needs Dask. Install it: pip install 'photoz-server[dask]'."
    if settings.dask_cluster is not None:
        yield from _cluster(settings)


def _cluster(settings: Settings) -> Iterator[str]:
    if settings.dask_scheduler is not None:
        yield "PHOTOZ_DASK_CLUSTER starts a cluster for each run, but PHOTOZ_DASK_SCHEDULER names one. Leave one out."
    if settings.dask_minimum > settings.dask_maximum:
        yield (
            f"PHOTOZ_DASK_MINIMUM is {settings.dask_minimum}, more than PHOTOZ_DASK_MAXIMUM, {settings.dask_maximum}. "
            "Lower it."
        )
    library, extra = ("dask_jobqueue", "slurm") if settings.dask_cluster == "slurm" else ("distributed", "dask")
    if find_spec(library) is None:
        yield (
            f"PHOTOZ_DASK_CLUSTER is '{settings.dask_cluster}', which needs the extra '{extra}'. "
            f"Install it: pip install 'photoz-server[{extra}]'."
        )


def _people(settings: Settings) -> Iterator[str]:
    signs_in = settings.oidc_issuer or settings.trusted_networks
    if settings.oidc_issuer and not settings.oidc_client_id:
        yield "PHOTOZ_OIDC_ISSUER needs PHOTOZ_OIDC_CLIENT_ID, the name of this server at the provider."
    if settings.oidc_audience and not settings.oidc_issuer:
        yield "PHOTOZ_OIDC_AUDIENCE needs PHOTOZ_OIDC_ISSUER, the provider whose access tokens are accepted."
    for name in ("admin_group", "required_group"):
        if getattr(settings, name) and not signs_in:
            yield (
                f"PHOTOZ_{name.upper()} names a group of a sign-in service, and there is none. "
                "Set PHOTOZ_OIDC_ISSUER or PHOTOZ_TRUSTED_PROXIES."
            )
    if settings.trusted_scopes_header and not settings.trusted_networks:
        yield "PHOTOZ_TRUSTED_SCOPES_HEADER needs PHOTOZ_TRUSTED_PROXIES, the proxies that set the header."
    if settings.doi_repository and not settings.doi_prefix:
        yield "PHOTOZ_DOI_REPOSITORY needs PHOTOZ_DOI_PREFIX, the prefix of the DOIs."


def _limits(settings: Settings) -> Iterator[str]:
    for small, large in _ORDERED:
        low, high = getattr(settings, small), getattr(settings, large)
        if low > high:
            yield (
                f"PHOTOZ_{small.upper()} is {low}, which is more than PHOTOZ_{large.upper()}, {high}. "
                "Lower the one or raise the other."
            )


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:
        return None
