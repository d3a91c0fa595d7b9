"""The command ``photoz settings``: the settings that hold, and where each comes from."""

import json
from typing import Annotated

import typer

from core.settings import Settings
from core.settings.sources import Origin, shown_value
from server.cli.context import DataOption, read_settings_with_origins

__all__ = ["settings_command"]


def settings_command(
    data: DataOption = None,
    changed: Annotated[bool, typer.Option("--changed", help="Leave out those that have their default.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Print the settings with their values and origins; secrets are hidden."""
    loaded = read_settings_with_origins(data=data)
    rows = [
        {
            "name": f"PHOTOZ_{name.upper()}",
            "value": shown_value(loaded.settings, name),
            "origin": loaded.origins[name].value,
        }
        for name in Settings.model_fields
        if not changed or loaded.origins[name] is not Origin.DEFAULT
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(f"{row['name']:<32} {row['origin']:<12} {row['value']}".rstrip())
