"""The command ``photoz``: run and administer a server."""

import json
import logging
import sys
from functools import partial
from typing import Annotated

import typer
from sqlalchemy.exc import OperationalError, ProgrammingError

from core.auth.models import Scope
from core.database import Database, storage_error
from core.errors import PhotozError, is_out_of_memory
from server.cli import accounts as cli_accounts
from server.cli import backup as cli_backup
from server.cli import catalogues as cli_catalogues
from server.cli import challenges as cli_challenges
from server.cli import dois as cli_dois
from server.cli import estimators as cli_estimators
from server.cli import jobs as cli_jobs
from server.cli import pipelines as cli_pipelines
from server.cli import product_types as cli_types
from server.cli import products as cli_products
from server.cli import registry as cli_registry
from server.cli import releases as cli_releases
from server.cli import settings as cli_settings
from server.cli import validation as cli_validation
from server.cli.context import OPERATOR, DataOption, open_accounts, read_settings
from server.data_folder import StartError, prepare_data_folder, require_data_folder
from server.migrations.upgrade import migrate, migrate_rows
from server.operations.database_wait import wait_for_database
from server.operations.logs import log_and_trace

__all__ = ["app", "main"]

app = typer.Typer(
    help="Photo-z Server: photometric-redshift data products behind VOSpace, TAP and UWS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
user_app = typer.Typer(help="Accounts.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens, by which scripts and VO tools sign in.", no_args_is_help=True)
app.add_typer(user_app, name="user")
app.add_typer(token_app, name="token")
app.add_typer(cli_accounts.group_app, name="group")
app.add_typer(cli_releases.release_app, name="release")
app.add_typer(cli_catalogues.catalogue_app, name="catalogue")
app.add_typer(cli_types.type_app, name="product-type")
app.add_typer(cli_products.app, name="product")
app.add_typer(cli_challenges.app, name="challenge")
app.add_typer(cli_dois.app, name="doi")
app.add_typer(cli_estimators.app, name="estimators")
app.add_typer(cli_jobs.app, name="jobs")
app.add_typer(cli_pipelines.app, name="pipeline")
app.add_typer(cli_registry.registry_app, name="registry")

cli_accounts.add_user_commands(user_app)
app.command("log")(cli_releases.log_command)
app.command("validate")(cli_validation.validate_command)
app.command("backup")(cli_backup.backup_command)
app.command("restore")(cli_backup.restore_command)
app.command("settings")(cli_settings.settings_command)


@app.command("serve")
def serve_command(
    data: DataOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    demo: Annotated[bool | None, typer.Option(help="Fill an empty server with demo data.")] = None,
    workers: Annotated[int | None, typer.Option(help="Web processes, which share the port.")] = None,
) -> None:
    """Run the server until Ctrl-C; a new one gets a first account and demo data."""
    # Large imports stand inside the commands, so that those that do not serve start in half the time.
    from server.serve import serve

    settings = read_settings(data=data, host=host, port=port, demo=demo, web_processes=workers)
    log_and_trace(settings)
    serve(settings)


@app.command("worker")
def worker_command(data: DataOption = None) -> None:
    """Run jobs of a server that uses the same data folder and database, until Ctrl-C."""
    from server.worker import run_worker

    settings = read_settings(data=data)
    log_and_trace(settings)
    run_worker(settings)


@app.command("init")
def init_command(data: DataOption = None) -> None:
    """Make the data folder and the tables of the database of a new server; it gets no account."""
    settings = read_settings(data=data)
    prepare_data_folder(settings)
    database = Database(settings.sqlalchemy_url)
    try:
        wait_for_database(database, settings.database_wait_seconds, partial(typer.echo, err=True))
        migrate(database)
    finally:
        database.close()
    typer.echo(f"{settings.data.resolve()} and its {database.engine.dialect.name} database are ready.")


@app.command("migrate")
def migrate_command(data: DataOption = None) -> None:
    """Migrate the database to the schema of this version, and stored rows to its layout."""
    settings = read_settings(data=data)
    require_data_folder(settings)
    database = Database(settings.sqlalchemy_url)
    try:
        wait_for_database(database, settings.database_wait_seconds, partial(typer.echo, err=True))
        migrate(database)
        migrate_rows(settings, database, typer.echo)
    finally:
        database.close()
    typer.echo("The database has the schema of this version.")


@app.command("doctor")
def doctor_command(
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Also compare all that is kept with its checksums.")] = False,
    rederive: Annotated[bool, typer.Option("--rederive", help="Also derive all rows again, and compare.")] = False,
) -> None:
    """Check database, storage, disk, query engine and job queue, and print what to do about problems."""
    from server.operations.doctor import examine

    checks = examine(read_settings(data=data), all_files=verify, rederive=rederive)
    if as_json:
        typer.echo(json.dumps([check.as_dict() for check in checks], indent=2))
    else:
        for check in checks:
            typer.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<10} {check.message}")
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


@user_app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="Name of the account.")],
    password: Annotated[str | None, typer.Option(help="Password; prompted for when not given.")] = None,
    admin: Annotated[bool, typer.Option("--admin", help="Create an administrator.")] = False,
    data: DataOption = None,
) -> None:
    """Create an account."""
    chosen = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with open_accounts(data) as accounts:
        user = accounts.service.add_user(name, chosen, is_admin=admin)
    typer.echo(f"Made the account '{user.name}'.", err=True)


@user_app.command("link")
def link_user(
    name: Annotated[str, typer.Argument(help="Name of the account.")],
    issuer: Annotated[str, typer.Argument(help="Address of the OpenID provider, or 'proxy' for a trusted proxy.")],
    subject: Annotated[str, typer.Argument(help="Identifier of the user there: the claim 'sub', or the user name.")],
    data: DataOption = None,
) -> None:
    """Link an account to a user of an OpenID provider or a trusted proxy."""
    with open_accounts(data) as accounts:
        accounts.external.link(OPERATOR, name, issuer, subject)
    typer.echo(f"'{subject}' of {issuer} is now linked to the account '{name}'.", err=True)


@token_app.command("add")
def add_token(
    name: Annotated[str, typer.Argument(help="Name of the account that the token is for.")],
    scope: Annotated[Scope, typer.Option(help="Scope of the token.")] = Scope.WRITE,
    days: Annotated[int | None, typer.Option(help="Days until it expires; never by default.")] = None,
    label: Annotated[str, typer.Option(help="Name of the token in its owner's list.")] = "command line",
    data: DataOption = None,
) -> None:
    """Create a token and print it, alone, on standard output."""
    with open_accounts(data) as accounts:
        identity = accounts.identity_of(name)
        typer.echo(accounts.service.issue_token(identity, label, scope, days=days).secret)


def main() -> None:
    """Run the command; errors that a user can correct are printed as a message, without a traceback."""
    try:
        app()
    except (PhotozError, StartError) as e:
        typer.echo(str(e), err=True)
        sys.exit(1)
    except (OperationalError, ProgrammingError) as e:  # the database does not exist, or has no tables yet
        logging.getLogger(__name__).debug("database", exc_info=e)
        reason = str(e.orig).strip().partition("\n")[0]
        typer.echo(
            f"The database cannot be used: {reason}. Is the data folder the right one "
            "(--data, PHOTOZ_DATA), and the database's address (PHOTOZ_DATABASE_URL)? Run photoz doctor to check.",
            err=True,
        )
        sys.exit(1)
    except (MemoryError, RuntimeError, OSError) as e:
        if (told := storage_error(e)) is not None:
            typer.echo(f"{told.message} ({e})", err=True)
            sys.exit(1)
        if not is_out_of_memory(e):
            raise
        logging.getLogger(__name__).debug("memory", exc_info=e)
        typer.echo("There is not enough memory for this command. Allow it more, or try it with fewer data.", err=True)
        sys.exit(1)
