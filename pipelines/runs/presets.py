"""Presets: parameters of a pipeline that a user saved under a name.

A preset has no inputs. Whoever knows its key, which is random, may use it; its owner alone may change or delete it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.auth.models import Identity, Scope
from core.database import Database, utc_now
from core.errors import ConflictError, InvalidValueError, NotFoundError
from pipelines.models import AnyPipeline, RunRequest
from pipelines.runs.requests import checked_request
from pipelines.schema import PipelinePresetRow

__all__ = ["Preset", "PresetService"]

_LONGEST_NAME = 100
_MOST_PRESETS = 200
_LONGEST_RULES = 200_000


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset of a pipeline.

    Parameters
    ----------
    request
        A request with the parameters, the format and the rules alone.
    """

    key: str
    pipeline: str
    name: str
    owner: str
    owner_id: int
    request: RunRequest


class PresetService:
    """Save, list, find and delete presets."""

    def __init__(self, database: Database, definitions: Mapping[str, AnyPipeline]) -> None:
        self._database = database
        self._definitions = definitions

    def save(self, identity: Identity, pipeline: AnyPipeline, name: str, request: RunRequest) -> Preset:
        """Save the parameters of a request; a preset of the same name is replaced.

        Raises
        ------
        InvalidValueError
            The name or a parameter is not valid.
        ConflictError
            The caller has too many presets.
        """
        owner, name = identity.require(Scope.WRITE), " ".join(name.split())
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            message = f"'{name:.60}' is not a name of a preset; it has 1 to {_LONGEST_NAME} characters."
            raise InvalidValueError(message, field="preset_name")
        kept = checked_request(
            pipeline,
            RunRequest(param=request.param, output_format=request.output_format, rules=request.rules),
        )
        if len(kept.rules or "") > _LONGEST_RULES:
            message = f"The rules of a preset may have at most {_LONGEST_RULES} characters."
            raise InvalidValueError(message, field="RULES")
        with self._database.write() as session:
            row = session.scalar(_own(owner, pipeline.name).where(PipelinePresetRow.name == name))
            if row is None:
                _check_count(session, owner)
                row = PipelinePresetRow(
                    key=secrets.token_hex(16), pipeline=pipeline.name, owner_id=owner, name=name, created=utc_now()
                )
                session.add(row)
            row.settings = kept.model_dump(mode="json", exclude_defaults=True, exclude={"ignored"})
            session.flush()
            session.refresh(row)
            return _preset(row)

    def list(self, identity: Identity, pipeline: AnyPipeline) -> tuple[Preset, ...]:
        """Return the caller's presets of a pipeline, by name."""
        if identity.user_id is None:
            return ()
        with self._database.read() as session:
            rows = session.scalars(_own(identity.user_id, pipeline.name).order_by(PipelinePresetRow.name))
            return tuple(_preset(row) for row in rows)

    def find(self, pipeline: AnyPipeline, key: str) -> Preset:
        """Return the preset with a key, or raise NotFoundError."""
        with self._database.read() as session:
            return _preset(_found(session, pipeline, key))

    def delete(self, identity: Identity, pipeline: AnyPipeline, key: str) -> None:
        """Delete a preset of the caller; raise NotFoundError when it is none."""
        owner = identity.require(Scope.WRITE)
        with self._database.write() as session:
            row = _found(session, pipeline, key)
            if row.owner_id != owner:
                raise NotFoundError(_missing(pipeline, key))
            session.delete(row)


def _own(owner: int, pipeline: str) -> Select[PipelinePresetRow]:
    return select(PipelinePresetRow).where(PipelinePresetRow.owner_id == owner, PipelinePresetRow.pipeline == pipeline)


def _found(session: Session, pipeline: AnyPipeline, key: str) -> PipelinePresetRow:
    row = session.scalar(
        select(PipelinePresetRow).where(PipelinePresetRow.key == key, PipelinePresetRow.pipeline == pipeline.name)
    )
    if row is None:
        raise NotFoundError(_missing(pipeline, key))
    return row


def _missing(pipeline: AnyPipeline, key: str) -> str:
    return f"There is no preset '{key:.40}' of {pipeline.display_name}."


def _check_count(session: Session, owner: int) -> None:
    count = session.scalar(
        select(func.count()).select_from(PipelinePresetRow).where(PipelinePresetRow.owner_id == owner)
    )
    if (count or 0) >= _MOST_PRESETS:
        message = f"You have {count} presets; delete one first."
        raise ConflictError(message)


def _preset(row: PipelinePresetRow) -> Preset:
    request = RunRequest.model_validate(row.settings)
    return Preset(row.key, row.pipeline, row.name, row.owner.name, row.owner_id, request)
