"""The command ``photoz challenge``: list, show, make, change, open, close, publish and delete challenges."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import InvalidValueError
from server.cli.context import OPERATOR, DataOption, open_services

if TYPE_CHECKING:
    from pipelines.challenges.models import Challenge

__all__ = ["app"]

app = typer.Typer(help="Challenges: list, show, create, set, state, submissions, board, delete.", no_args_is_help=True)

_Name = Annotated[str, typer.Argument(help="Name of the challenge.")]
_File = Annotated[
    Path,
    typer.Argument(
        help="YAML or JSON file with title, tasks, metrics and so on, organisers and groups.", dir_okay=False
    ),
]


@app.command("list")
def list_command(data: DataOption = None) -> None:
    """List challenges, newest first."""
    with open_services(data, prepare=False) as services:
        for each in services.pipelines.challenges.service.list(OPERATOR):
            typer.echo(f"{each.state:<10} {each.name:<24} {each.definition.title}")


@app.command("show")
def show_command(name: _Name, data: DataOption = None) -> None:
    """Show a challenge in JSON, as `create` and `set` read it."""
    with open_services(data, prepare=False) as services:
        _echo(services.pipelines.challenges.service.get(OPERATOR, name))


@app.command("create")
def create_command(name: _Name, file: _File, data: DataOption = None) -> None:
    """Make a challenge, as a draft; its truths are hidden from then on."""
    from pipelines.challenges.definition import parse_definition

    fields = _read(file)
    organisers, groups = _names(fields, "organisers") or [], _names(fields, "groups") or []
    with open_services(data) as services:
        made = services.pipelines.challenges.service.create(
            OPERATOR, name, parse_definition(fields), organisers=organisers, groups=groups
        )
    typer.echo(f"Made the challenge '{made.name}'; it is a draft.")


@app.command("set")
def set_command(name: _Name, file: _File, data: DataOption = None) -> None:
    """Change what a file has of a challenge."""
    from pipelines.challenges.definition import parse_definition

    fields = _read(file)
    organisers, groups = _names(fields, "organisers"), _names(fields, "groups")
    with open_services(data) as services:
        service = services.pipelines.challenges.service
        whole = service.get(OPERATOR, name).definition.model_dump(mode="json") | fields
        changed = service.change(
            OPERATOR, name, definition=parse_definition(whole), organisers=organisers, groups=groups
        )
    typer.echo(f"Changed the challenge '{changed.name}'.")


@app.command("state")
def state_command(
    name: _Name,
    state: Annotated[str, typer.Argument(help="draft, open, closed or published.")],
    data: DataOption = None,
) -> None:
    """Open, close, re-open or publish a challenge; publication shows its truths to their readers."""
    from pipelines.challenges.models import ChallengeState

    if state not in set(ChallengeState):
        raise InvalidValueError(f"There is no state '{state:.40}'; choose among {', '.join(ChallengeState)}.")
    with open_services(data) as services:
        found = services.pipelines.challenges.service.set_state(OPERATOR, name, ChallengeState(state))
    typer.echo(f"The challenge '{found.name}' is {found.state}.")


@app.command("submissions")
def submissions_command(name: _Name, data: DataOption = None) -> None:
    """List the submissions to a challenge, newest first."""
    with open_services(data, prepare=False) as services:
        for each in services.pipelines.challenges.submissions.list(OPERATOR, name):
            typer.echo(
                f"{each.id:>6}  {each.submitted_at:%Y-%m-%d %H:%M}  {each.state:<10} {each.task_set:<16} "
                f"{each.user:<16} {each.method.method}"
            )
            for problem in each.problems if each.state == "rejected" else [each.error] if each.error else []:
                typer.echo(f"        {problem}")


@app.command("board")
def board_command(
    name: _Name,
    task_set: Annotated[str, typer.Option("--task-set", help="By default the first one.")] = "",
    subset: Annotated[str, typer.Option("--subset", help="public, private, all, or a bin.")] = "",
    metric: Annotated[str, typer.Option("--metric", help="By default the primary metric.")] = "",
    data: DataOption = None,
) -> None:
    """Print the board of a task set as CSV, ranked by a metric."""
    from pipelines.challenges.exports.tables import board_csv

    with open_services(data, prepare=False) as services:
        boards = services.pipelines.challenges.boards
        typer.echo(board_csv(boards.board(OPERATOR, name, task_set=task_set, subset=subset, metric=metric)), nl=False)


@app.command("delete")
def delete_command(name: _Name, data: DataOption = None) -> None:
    """Delete a draft without submissions."""
    with open_services(data) as services:
        services.pipelines.challenges.service.delete(OPERATOR, name)
    typer.echo(f"Deleted the challenge '{name}'.")


def _read(file: Path) -> dict[str, Any]:
    from pipelines.inputs.yaml_documents import read_yaml

    try:
        content = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidValueError(f"The file {file} cannot be read: {error}.") from error
    fields = read_yaml(content, str(file))
    if not isinstance(fields, dict):
        raise InvalidValueError(f"The file {file} has no fields such as 'title: My challenge'.")
    return fields


def _names(fields: dict[str, Any], key: str) -> list[str] | None:
    """Take a list of names out of the fields of a file; None if it is not there."""
    if key not in fields:
        return None
    value = fields.pop(key)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidValueError(f"'{key}' is a list of names, not {value!r:.80}.", field=key)
    return value


def _echo(challenge: "Challenge") -> None:
    people = {"organisers": list(challenge.organisers), "groups": list(challenge.groups)}
    typer.echo(json.dumps(people | challenge.definition.model_dump(mode="json"), indent=2, ensure_ascii=False))
