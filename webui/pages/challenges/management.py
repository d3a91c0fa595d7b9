"""Pages that make and change challenges, for administrators and organisers; the definition is edited as YAML."""

from typing import Any

import yaml
from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from core.errors import InvalidValueError
from pipelines.challenges.definition import ChallengeDefinition, parse_definition
from pipelines.challenges.models import Challenge, ChallengeState
from pipelines.inputs.yaml_documents import read_yaml
from webui.pages.challenges.challenges import challenge_page
from webui.pages.forms import FormState, form_fields, save_or_show
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_EXAMPLE = """\
title: My challenge
description: ""
rules: ""
organisers: []
groups: []  # all registered users take part without any
tasks:
  - name: main
    training: []  # numbers of products
    test: []
    truth: 0
    id_column: object_id
    required_columns: [zmode]
    parts: {public_fraction: 0.5, seed: 0}
metrics:
  - {name: bias, direction: target, tiers: [0.01, 0.025, 0.05]}
  - {name: sigma_iqr, direction: lower, tiers: [0.025, 0.05, 0.1]}
limits: {per_day: 3}
scores_shown: private_after_closing  # or at_once, after_closing
"""


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the forms that make and change challenges."""
    authenticate, service = services.authenticate, services.pipelines.challenges.service

    def edited(identity: Identity, challenge: Challenge | None, form: FormState) -> Response:
        return renderer.form("challenges/edit.html", identity, form, challenge=challenge)

    @router.get("/challenges/new")
    def new(identity: Identity = Depends(authenticate)) -> Response:
        service.require_maker(identity)
        return edited(identity, None, FormState({"definition": _EXAMPLE}))

    @router.post("/challenges/new")
    def create(identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)) -> Response:
        service.require_maker(identity)

        def save() -> Challenge:
            definition, people = _parsed(fields)
            return service.create(identity, fields.get("name", ""), definition, **people)

        return save_or_show(
            save, lambda form: edited(identity, None, form), fields, ("name", "definition"), then=_address
        )

    @router.get("/challenges/{name}/edit")
    def edit(name: str, identity: Identity = Depends(authenticate)) -> Response:
        challenge = service.require_manager(identity, name)
        return edited(identity, challenge, FormState({"definition": _document(challenge)}))

    @router.post("/challenges/{name}/edit")
    def change(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        challenge = service.require_manager(identity, name)

        def save() -> Challenge:
            definition, people = _parsed(fields)
            return service.change(identity, name, definition=definition, **people)

        return save_or_show(
            save, lambda form: edited(identity, challenge, form), fields, ("definition",), then=_address
        )

    @router.post("/challenges/{name}/state")
    def set_state(
        name: str, identity: Identity = Depends(authenticate), fields: dict[str, str] = Depends(form_fields)
    ) -> Response:
        service.require_manager(identity, name)

        def save() -> Challenge:
            state = fields.get("state", "")
            if state not in set(ChallengeState):
                raise InvalidValueError(f"There is no state '{state:.40}'.", field="state")
            return service.set_state(identity, name, ChallengeState(state))

        return save_or_show(
            save, lambda form: challenge_page(services, renderer, identity, name, form), {}, ("state",), then=_address
        )


def _address(challenge: Challenge) -> str:
    return f"/challenges/{challenge.name}"


def _parsed(fields: dict[str, str]) -> tuple[ChallengeDefinition, dict[str, list[str]]]:
    """Return the definition in a form, and the names of the organisers and the groups that stand in it."""
    given = read_yaml(fields.get("definition", ""), "The definition")
    if not isinstance(given, dict):
        raise InvalidValueError("The definition has no fields such as 'title: My challenge'.", field="definition")
    people = {key: _names(given, key) for key in ("organisers", "groups")}
    return parse_definition(given), people


def _names(given: dict[str, Any], key: str) -> list[str]:
    value = given.pop(key, None) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidValueError(f"'{key}' is a list of names, not {value!r:.80}.", field="definition")
    return value


def _document(challenge: Challenge) -> str:
    people = {"organisers": list(challenge.organisers), "groups": list(challenge.groups)}
    content = people | challenge.definition.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
