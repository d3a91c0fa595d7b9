"""Settings of the server: one class, read from ``PHOTOZ_*`` environment variables and the command line."""

from functools import cached_property
from ipaddress import ip_network
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from core.settings.queries import QuerySettings

__all__ = ["LOCAL_HOSTS", "Settings"]

#: Names by which a machine means itself.
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})

_MEGABYTE = 1_000_000


class Settings(QuerySettings):
    """Everything that an operator may choose; the defaults run on a laptop."""

    model_config = SettingsConfigDict(env_prefix="PHOTOZ_", extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address on which the server listens.")
    port: int = Field(8000, ge=1, le=65535, description="Port on which the server listens.")
    stop_seconds: int = Field(
        30,
        ge=0,
        le=3600,
        description="Seconds that running requests have to end after SIGTERM; new ones are not accepted.",
    )
    web_processes: int = Field(
        1,
        ge=1,
        le=64,
        description="Web processes, which share the port, and the jobs, queries and connections that may be open at "
        "once; as many as processors for a server with many users.",
    )
    base_url: str | None = Field(
        None, description="Address that users see, without a trailing slash; by default http://{host}:{port}."
    )
    site_name: str = Field("Photo-z Server", description="Name of this service in pages and VO documents.")
    banner: str = Field("", description="Notice at the top of every page, such as that this is a test server.")
    contact: str = Field(
        "", description="E-mail address, or http(s) address, at which users get help; pages link to it."
    )
    acknowledgement: str = Field(
        "", description="Text in Markdown that asks users how to acknowledge this service in publications."
    )
    authority: str = Field(
        "photoz.local",
        description="IVOA authority of this service: the first part of its ivo:// and vos:// identifiers.",
    )
    doi_prefix: str = Field(
        "", description="Prefix of the DOIs that are to be registered for products, such as 10.1234; none by default."
    )
    doi_repository: str = Field("", description="Account of this service at DataCite for that, such as ABCD.PHOTOZ.")
    registry_sources: tuple[str, ...] = Field(
        (),
        description="Addresses of other registries (OAI-PMH) that photoz registry harvest may harvest, as a "
        'JSON list: ["https://registry.example.org/oai.xml"].',
    )
    name_resolver_url: str | None = Field(
        None,
        pattern="^https?://",
        description="Address of a Sesame service at which names of objects are looked up when somebody types one as a "
        "position, such as https://cds.unistra.fr/cgi-bin/nph-sesame; none by default: survey fields alone are known.",
    )
    database_url: str | None = Field(
        None,
        description="SQLAlchemy address of the metadata database, for example "
        "postgresql+psycopg2://user@host/photoz; by default SQLite in the data folder.",
    )
    database_wait_seconds: int = Field(
        60,
        ge=0,
        description="Seconds that a server or worker waits at its start for a database that does not answer.",
    )
    files_url: str | None = Field(
        None,
        description="Where the bytes of files are kept when that is no folder, for example s3://bucket/photoz; address "
        "and credentials of S3 come from its own variables (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY).",
    )
    rows_url: str | None = Field(
        None,
        description="Where rows of products and of tables of users, results of queries and tables sent with them are "
        "kept when that is not the data folder, for example s3://bucket/rows, so that servers need no common folder.",
    )
    row_cache_bytes: int = Field(
        50_000_000_000,
        ge=1,
        description="Disk for copies of what is at PHOTOZ_ROWS_URL and was read last, in bytes.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Key that signs cookies and links; by default made once and kept in the data folder.",
    )
    demo: bool = Field(default=True, description="Whether an empty server is filled with demo data.")
    secure_cookies: bool = Field(
        default=False,
        description="Whether cookies are sent over https only; they are anyway when the base address is https.",
    )
    session_hours: int = Field(72, ge=1, description="Hours after which a sign-in by browser ends.")
    oidc_issuer: str | None = Field(
        None, description="Address of the OpenID Connect provider that people can sign in with; none turns it off."
    )
    oidc_client_id: str = Field("", description="Name of this server at the OpenID provider.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="Secret of this server at the OpenID provider; none for a public client."
    )
    oidc_name: str = Field("your institution", description="What the sign-in page calls the OpenID provider.")
    oidc_scopes: str = Field("openid profile email", description="Scopes to ask the OpenID provider for.")
    oidc_name_claim: str = Field(
        "preferred_username", description="Claim from which an account that is made gets its name."
    )
    oidc_groups_claim: str = Field(
        "groups", description="Claim that lists a person's groups; dots lead into objects, as in realm_access.roles."
    )
    oidc_audience: str | None = Field(
        None,
        description="Audience of the access tokens of the OpenID provider that are accepted as Bearer tokens; none "
        "turns it off.",
    )
    token_scopes: dict[str, Literal["read", "write", "admin"]] = Field(
        {},
        description="What the scopes of access tokens, and of a proxy's tokens, allow here, as a JSON object: "
        '{"read:tap": "read", "write:files": "write"}. Without it access tokens allow writing.',
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks, between commas, of a proxy that signs people in, such as Gafaelfawr; its "
        "headers count from there alone. Empty turns it off.",
    )
    trusted_user_header: str = Field(
        "X-Auth-Request-User", description="Header with the name of the user, set by that proxy."
    )
    trusted_groups_header: str = Field(
        "X-Auth-Request-Groups", description="Header with the groups of the user, between commas, set by that proxy."
    )
    trusted_email_header: str = Field(
        "X-Auth-Request-Email", description="Header with the e-mail address of the user, set by that proxy."
    )
    trusted_scopes_header: str = Field(
        "",
        description="Header with the scopes of the user's token, set by that proxy; PHOTOZ_TOKEN_SCOPES says what they "
        "allow. Without it the user may do all.",
    )
    admin_group: str | None = Field(
        None, description="Group of the sign-in service whose members, and no others of its people, are administrators."
    )
    required_group: str | None = Field(
        None, description="Group of the sign-in service to whose members the sign-in is restricted."
    )
    login_attempts: int = Field(
        10, ge=1, description="Failed sign-ins of one account from one address in 15 minutes before that address waits."
    )
    login_attempts_address: int = Field(20, ge=1, description="The same from one address for all accounts together.")
    forwarding_proxies: str = Field(
        "",
        description="Addresses or networks, between commas, of reverse proxies that do not sign people in, such as "
        "nginx: the address of a client is then the last one in X-Forwarded-For that is none of them.",
    )
    connections: int = Field(
        1000, ge=1, description="Connections that may be open at once; the one that is idle longest gives way."
    )
    connections_address: int = Field(
        200, ge=1, description="The same from one address; proxies that the settings name are not limited."
    )
    requests_per_minute: int = Field(
        0,
        ge=0,
        description="Requests in a minute of one user, or of one address of callers without a name, to each process of "
        "the server; 0 is no limit.",
    )
    head_seconds: float = Field(
        10, gt=0, description="Seconds in which the head of a request must arrive, from its first byte."
    )
    body_rate: int = Field(
        1000, ge=0, description="Bytes per second at which the body of a request must arrive at least, over 20 seconds."
    )
    refused_per_minute: int = Field(
        60,
        ge=0,
        description="Requests with wrong credentials in a minute of one address, to each process of the server; "
        "0 is no limit.",
    )
    max_upload_bytes: int = Field(200 * _MEGABYTE, ge=1, description="Largest file that a user may upload, in bytes.")
    max_columns: int = Field(4096, ge=1, description="Most columns that a table may have.")
    hats_partition_rows: int = Field(
        1_000_000, ge=1, description="Most rows of a partition of the HATS catalogues of tables."
    )
    hats_margin_arcsec: float = Field(
        10.0, gt=0, le=300, description="Width of the margins of these partitions, in arcseconds."
    )
    hats_cache_bytes: int = Field(
        10_000 * _MEGABYTE,
        ge=0,
        description="Disk in which partitions are kept that were read last, in bytes; as much again is for those of "
        "remote survey catalogues.",
    )
    min_free_bytes: int = Field(
        500 * _MEGABYTE, ge=0, description="Free disk space, in bytes, below which uploads are refused."
    )
    user_quota_bytes: int = Field(
        50_000 * _MEGABYTE,
        ge=0,
        description="Bytes that the products of a user may take, unless an administrator gives the user another quota; "
        "0 is no limit.",
    )
    max_product_files: int = Field(1000, ge=1, description="Most files that a product may have.")
    deleted_days: int = Field(
        30, ge=0, description="Days in which a deleted product can be restored; then its files are removed."
    )
    home_quota_bytes: int = Field(
        10_000 * _MEGABYTE, ge=0, description="Bytes that a user may keep in the VOSpace folder /home/{name}."
    )
    home_nodes: int = Field(100_000, ge=1, description="Files, folders and links that a user may keep in /home/{name}.")
    transfer_hosts: tuple[str, ...] = Field(
        (),
        description="Hosts (with :port where it is not the usual one) from which VOSpace fetches files and to which it "
        "sends them when users ask for it; none means that it does neither.",
    )
    draft_days: int = Field(30, ge=1, description="Days after which an unfinished upload is discarded.")
    job_queue: Literal["processes", "celery"] = Field(
        "processes",
        description="What runs jobs: processes that the server starts, or Celery workers (photoz worker) behind Redis.",
    )
    redis_url: str = Field("redis://127.0.0.1:6379/0", description="Address of the Redis that carries jobs to Celery.")
    job_workers: int = Field(2, ge=1, description="Jobs that run at once on this machine.")
    job_memory_bytes: int = Field(
        4_000 * _MEGABYTE, ge=500 * _MEGABYTE, description="Address space that one job may use, in bytes."
    )
    job_seconds: int = Field(3600, ge=1, description="Seconds that a job may run unless its kind says otherwise.")
    job_seconds_limit: int = Field(24 * 3600, ge=1, description="Most seconds that a user may ask for a job to run.")
    job_days: int = Field(7, ge=1, description="Days after which the results of a job are removed.")
    job_days_limit: int = Field(60, ge=1, description="Most days that a user may ask for results of a job to be kept.")
    job_archive_days: int = Field(
        30,
        ge=0,
        description="Days that a job stays in its owner's list, ARCHIVED, when its results were removed.",
    )
    job_active_limit: int = Field(
        1000, ge=1, description="Jobs of one user, or of one address of callers without a name, that may be active."
    )
    job_pending_limit: int = Field(1000, ge=1, description="The same for jobs that wait, PENDING, to be run.")
    job_pending_minutes: int = Field(
        15, ge=1, description="Minutes after which a job of a caller without a name is removed when it was not run."
    )
    job_stored_bytes: int = Field(
        20_000 * _MEGABYTE, ge=1, description="Disk that the jobs of one user may take with their results, in bytes."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe level of messages in the log."
    )
    log_format: Literal["json", "text"] | None = Field(
        None, description="Form of the log: json or text; by default text on a terminal, and json elsewhere."
    )
    metrics_networks: str = Field(
        "127.0.0.1,::1",
        description="Addresses or networks, between commas, that may read /metrics without a token. What a proxy "
        "forwards counts by the address of its client, and not at all when the settings do not name the proxy.",
    )
    metrics_token: SecretStr | None = Field(
        None, description="Token with which /metrics can be read from every address, as Authorization: Bearer."
    )
    traces_endpoint: str | None = Field(
        None,
        description="Address of an OpenTelemetry collector (OTLP over HTTP) for traces, such as http://127.0.0.1:4318; "
        "needs the extra 'traces'. By default that of OTEL_EXPORTER_OTLP_ENDPOINT, if it is set.",
    )

    @field_validator("contact")
    @classmethod
    def _is_contact(cls, value: str) -> str:
        if value and "@" not in value and not value.startswith(("https://", "http://")):
            message = f"'{value}' is neither an e-mail address nor an http(s) address."
            raise ValueError(message)
        return value

    @field_validator("registry_sources")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            parts = urlsplit(address)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
                message = f"'{address}' is no http(s) address without a query."
                raise ValueError(message)
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_is_safe(cls, value: str | None) -> str | None:
        """Require https for the OpenID provider, except on this machine."""
        if not value:
            return None
        parts = urlsplit(value)
        local = parts.scheme == "http" and parts.hostname in LOCAL_HOSTS
        if (parts.scheme != "https" and not local) or not parts.hostname or parts.query or parts.fragment:
            message = "must be an https address without a query"
            raise ValueError(message)
        return value

    @field_validator("trusted_proxies", "forwarding_proxies", "metrics_networks")
    @classmethod
    def _proxies_are_networks(cls, value: str) -> str:
        for network in _listed(value):
            ip_network(network, strict=False)
        return value

    @cached_property
    def cookies_are_secure(self) -> bool:
        """Whether cookies are sent over https only: by the setting, or because the public URL is https."""
        return self.secure_cookies or self.public_url.startswith("https://")

    @cached_property
    def oidc_label(self) -> str | None:
        """Name of the OpenID provider on the sign-in page; None without a provider."""
        return self.oidc_name if self.oidc_issuer else None

    @cached_property
    def trusted_networks(self) -> tuple[str, ...]:
        """Addresses and networks of the proxy that signs people in."""
        return _listed(self.trusted_proxies)

    @cached_property
    def proxy_networks(self) -> tuple[str, ...]:
        """Addresses and networks of all proxies, from which addresses of clients are forwarded."""
        return (*self.trusted_networks, *_listed(self.forwarding_proxies))

    @cached_property
    def monitoring_networks(self) -> tuple[str, ...]:
        """Addresses and networks that may read the metrics without a token."""
        return _listed(self.metrics_networks)

    @cached_property
    def public_url(self) -> str:
        """The address that users see, without a trailing slash."""
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")

    @cached_property
    def sqlalchemy_url(self) -> str:
        """The address of the metadata database."""
        return self.database_url or f"sqlite:///{self.data.resolve() / 'photoz.sqlite'}"


def _listed(text: str) -> tuple[str, ...]:
    """Return the entries between the commas of a text."""
    return tuple(filter(None, map(str.strip, text.split(","))))
