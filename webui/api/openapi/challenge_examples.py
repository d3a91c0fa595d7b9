"""Examples and fields of the resources of challenges."""

from collections.abc import Mapping
from typing import Any

from pipelines.challenges.definition import ChallengeDefinition
from webui.api.challenges.bodies import ChallengeBody

__all__ = ["BOARD", "CHALLENGE", "CHALLENGE_FIELDS", "DEFINITION", "SCORE", "SUBMISSION", "SUBMITTED"]

_TIME = "2026-05-02T09:12:44.120000Z"

DEFINITION: Mapping[str, Any] = {
    "name": "dc-2026",
    "title": "DC 2026",
    "organisers": ["maria"],
    "tasks": [{"name": "main", "training": [11], "test": [12], "truth": 13, "parts": {"public_fraction": 0.3}}],
    "metrics": [{"name": "sigma_iqr", "direction": "lower", "tiers": [0.025, 0.05, 0.1]}],
    "closes_at": "2026-09-01T00:00:00Z",
}

#: Fields of the body, with their descriptions.
CHALLENGE_FIELDS: Mapping[str, str] = {
    name: field.description or ""
    for model in (ChallengeBody, ChallengeDefinition)
    for name, field in model.model_fields.items()
}

CHALLENGE: Mapping[str, Any] = {
    "id": 1,
    **DEFINITION,
    "groups": [],
    "description": "Photo-z estimates for a mock catalogue.",
    "rules": "",
    "primary_metric": "sigma_iqr",
    "parameters": {},
    "opens_at": None,
    "limits": {"per_day": 3, "in_all": None, "shown_decimals": 4},
    "scores_shown": "at_once",
    "is_public": False,
    "created_by": "maria",
    "created_at": _TIME,
    "updated_at": _TIME,
    "state": "open",
    "accepts_submissions": True,
    "can_change": False,
    "takes_part": True,
    "shown_parts": ["public"],
    "submissions": "https://photoz.example.org/api/challenges/dc-2026/submissions/",
    "board": "https://photoz.example.org/api/challenges/dc-2026/board/",
}

SUBMITTED: Mapping[str, Any] = {"task_set": "main", "method": "FlexZBoost", "product": 27, "authors": ["Maria M."]}

SUBMISSION: Mapping[str, Any] = {
    "id": 5,
    "challenge": "dc-2026",
    **SUBMITTED,
    "user": "maria",
    "file_name": None,
    "size": None,
    "sha256": None,
    "description": "",
    "code": "https://github.com/LSSTDESC/rail_flexzboost",
    "training_set": 11,
    "seconds": 310.5,
    "job": "3e2f9a52c1d84c0f8a9b1b7f3c5d2e10",
    "error": None,
    "scored_at": None,
    "withdrawn_at": None,
    "reproduction": {},
    "state": "queued",
    "checks": [{"name": "objects", "passed": True, "sentence": "The 20000 objects are those of the test set."}],
    "submitted_at": _TIME,
}

SCORE: Mapping[str, Any] = {
    "challenge": "dc-2026",
    "task_set": "main",
    "submission_id": 5,
    "metric": "sigma_iqr",
    "subset": "public",
    "value": 0.0213,
    "uncertainty": 0.0004,
    "objects": 6012,
}

BOARD: Mapping[str, Any] = {
    "challenge": "dc-2026",
    "task_set": "main",
    "subset": "public",
    "metric": "sigma_iqr",
    "direction": "lower",
    "target": None,
    "subsets": ["public"],
    "metrics": ["sigma_iqr"],
    "count": 1,
    "results": [
        {
            "rank": 1,
            "medal": "gold",
            "points": 3,
            "submission_id": 5,
            "method": "FlexZBoost",
            "authors": ["Maria M."],
            "code": "https://github.com/LSSTDESC/rail_flexzboost",
            "user": "maria",
            "submitted_at": _TIME,
            "values": {"sigma_iqr": {"value": 0.0213, "uncertainty": 0.0004}},
        }
    ],
}
