"""JSON representations of challenges, submissions, scores and boards."""

from dataclasses import asdict

from core.database import utc_now
from pipelines.challenges.board import Board, BoardEntry
from pipelines.challenges.models import Challenge, ChallengeState, Score, Submission
from pipelines.challenges.storage import shown_parts
from webui.api.representations.products import Json, iso
from webui.services import WebServices

__all__ = ["board_json", "challenge_json", "score_json", "submission_json"]


def challenge_json(services: WebServices, challenge: Challenge) -> Json:
    """Return a challenge; truths, and how they are divided, are shown to those who run it, and after publication."""
    definition = challenge.definition.model_dump(mode="json")
    definition["opens_at"], definition["closes_at"] = (
        iso(challenge.definition.opens_at),
        iso(challenge.definition.closes_at),
    )
    definition["primary_metric"] = challenge.definition.primary.name
    if not challenge.manages and challenge.state is not ChallengeState.PUBLISHED:
        for task in definition["tasks"]:
            for name in ("truth", "redshift_column", "parts"):
                del task[name]
        for name in ("cuts", "random_seed"):
            del definition["parameters"][name]
    base = f"{services.settings.public_url}/api/challenges/{challenge.name}"
    return {
        "id": challenge.id,
        "name": challenge.name,
        "state": challenge.state.value,
        "accepts_submissions": challenge.accepts_at(utc_now()),
        "can_change": challenge.manages,
        "takes_part": challenge.takes_part,
        "organisers": list(challenge.organisers),
        "groups": list(challenge.groups),
        **definition,
        "shown_parts": sorted(shown_parts(challenge)),
        "created_by": challenge.created_by,
        "created_at": iso(challenge.created_at),
        "updated_at": iso(challenge.updated_at),
        "submissions": f"{base}/submissions/",
        "board": f"{base}/board/",
    }


def submission_json(submission: Submission) -> Json:
    """Return a submission with its checks."""
    method = asdict(submission.method)
    return {
        "id": submission.id,
        "challenge": submission.challenge,
        "task_set": submission.task_set,
        "user": submission.user,
        "product": submission.product_id,
        "file_name": submission.file_name,
        "size": submission.size,
        "sha256": submission.sha256,
        "state": submission.state.value,
        **method,
        "authors": list(method["authors"]),
        "checks": [asdict(check) for check in submission.checks],
        "job": submission.job_id,
        "error": submission.error,
        "submitted_at": iso(submission.submitted_at),
        "scored_at": iso(submission.scored_at),
        "withdrawn_at": iso(submission.withdrawn_at),
        "reproduction": dict(submission.reproduction),
    }


def score_json(score: Score) -> Json:
    """Return a score."""
    return asdict(score)


def board_json(board: Board) -> Json:
    """Return a board."""
    metric = board.metric
    return {
        "challenge": board.challenge.name,
        "task_set": board.task.name,
        "subset": board.subset,
        "metric": metric.name,
        "direction": metric.direction,
        "target": metric.target if metric.direction == "target" else None,
        "subsets": list(board.subsets),
        "metrics": list(board.columns),
        "count": len(board.entries),
        "results": [_entry_json(entry) for entry in board.entries],
    }


def _entry_json(entry: BoardEntry) -> Json:
    own = entry.submission
    return {
        "rank": entry.rank,
        "medal": entry.medal,
        "points": entry.points,
        "submission_id": own.id,
        "method": own.method.method,
        "authors": list(own.method.authors),
        "code": own.method.code,
        "user": own.user,
        "submitted_at": iso(own.submitted_at),
        "values": {name: asdict(value) for name, value in entry.values.items()},
    }
