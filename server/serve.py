"""``photoz serve``: prepare the data folder and the database, and run the web application."""

import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from core.auth.models import Scope
from core.settings import Settings
from core.telemetry.allocation import limit_arenas
from core.telemetry.metrics import FOLDER_VARIABLE
from server.app import create_app
from server.data_folder import StartError, prepare_data_folder
from server.demo.note import demo_is_wanted, want_demo
from server.migrations.lock import exclusive
from server.migrations.upgrade import migrate, migrate_rows
from server.operations.database_wait import wait_for_database
from server.services import Services
from server.web_process import WebProcesses, run_application, shared_settings

__all__ = ["serve"]

_FIRST_ACCOUNT, _FIRST_ACCOUNT_FILE = "admin", "first-account.txt"
_FIRST_TOKEN_DAYS = 30


def serve(whole: Settings) -> None:
    """Serve until Ctrl-C or SIGTERM, with as many processes as the settings say.

    Raises
    ------
    StartError
        The port is in use, or the data folder cannot be written.
    """
    limit_arenas()
    settings = shared_settings(whole)
    with _folder_of_metrics(whole.web_processes):
        _serve(whole, settings)


def _serve(whole: Settings, settings: Settings) -> None:
    _prepare_folder(settings)
    listener = _listen(settings)
    services = Services(settings)
    app = create_app(services)
    try:
        wait_for_database(services.database, settings.database_wait_seconds, _print)
        with exclusive(services.database, _print):  # other servers on this database wait until it is ready
            migrate(services.database, is_locked=True)
            migrate_rows(settings, services.database, _print)
            first = _make_first_account(services)
            if first and settings.demo:
                want_demo(settings)
        _print(f"Data folder {settings.data.resolve()}, {services.database.engine.dialect.name} database: ready.")
        services.queue.start()
        if demo_is_wanted(settings):
            from server.demo.fill import fill_demo  # a large import

            fill_demo(services, _print)
    except KeyboardInterrupt:
        services.close()
        raise SystemExit(130) from None
    if first:
        _print(first)
    _print(f"{settings.site_name} is at {settings.public_url}  (Ctrl-C stops it)")
    others = WebProcesses(settings, listener, whole.web_processes - 1)
    others.start()
    try:
        run_application(app, services, listener, others.stop)
    finally:
        others.close()


@contextmanager
def _folder_of_metrics(processes: int) -> Iterator[None]:
    """Make the folder in which several web processes keep their numbers; a single one needs none."""
    os.environ.pop(FOLDER_VARIABLE, None)
    if processes == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="photoz-metrics.") as folder:
        os.environ[FOLDER_VARIABLE] = folder
        yield


def _print(message: str) -> None:
    typer.echo(message)


def _prepare_folder(settings: Settings) -> None:
    try:
        prepare_data_folder(settings)
    except OSError as e:
        message = (
            f"The data folder {settings.data.resolve()} cannot be written ({os.strerror(e.errno or 0)}). "
            "Use another folder (--data, or DATA=… with make serve), or correct its permissions."
        )
        raise StartError(message) from e


def _listen(settings: Settings) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(512)
    except OSError as e:
        listener.close()
        message = (
            f"Cannot listen on {settings.host}:{settings.port} ({os.strerror(e.errno or 0)}). "
            "Stop the program that uses this port, or use another port (--port, or PORT=… with make serve)."
        )
        raise StartError(message) from e
    return listener


def _make_first_account(services: Services) -> str | None:
    """Create the first account of a new server; return the text that shows its password and token once.

    Standard output that is no terminal is a log, which others read: there the text names a file that the operator alone
    can read.
    """
    if services.accounts.service.count_users():
        return None
    password = secrets.token_urlsafe(18)
    services.accounts.service.add_user(_FIRST_ACCOUNT, password, is_admin=True)
    identity = services.accounts.service.identity_of_user(_FIRST_ACCOUNT)
    token = services.accounts.service.issue_token(identity, "first token", Scope.ADMIN, days=_FIRST_TOKEN_DAYS).secret
    shown = (
        f"  name      {_FIRST_ACCOUNT}\n"
        f"  password  {password}\n"
        f"  token     {token}\n"
        f"The token ends in {_FIRST_TOKEN_DAYS} days.\n"
    )
    if sys.stdout.isatty():
        return f"\nThis is a new server. Its first account, shown this once:\n{shown}"
    path = services.settings.data.resolve() / _FIRST_ACCOUNT_FILE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(shown)
    return f"\nThis is a new server. Its first account is in {path}; remove the file when you have read it.\n"
