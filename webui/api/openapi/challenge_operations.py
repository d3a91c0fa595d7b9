"""Descriptions of the operations of challenges, submissions and boards."""

from collections.abc import Mapping

from webui.api.challenges.bodies import SubmissionBody
from webui.api.models.base import Listed
from webui.api.models.challenges import Board, Challenge, LogLines, Score, Submission
from webui.api.openapi.challenge_examples import (
    BOARD,
    CHALLENGE,
    CHALLENGE_FIELDS,
    DEFINITION,
    SCORE,
    SUBMISSION,
    SUBMITTED,
)
from webui.api.openapi.descriptions import JSON, OperationDoc
from webui.api.openapi.examples import listed

__all__ = ["CHALLENGE_OPERATIONS"]

_C = "/api/challenges/{name}"
_S = f"{_C}/submissions/{{number}}"
_CSV = "text/csv"
_CHANGES = "Fields that are left out keep their values; a new state opens, closes or publishes the challenge."

#: Operations by method and path.
CHALLENGE_OPERATIONS: Mapping[tuple[str, str], OperationDoc] = {
    ("get", "/api/challenges"): OperationDoc(
        "Drafts are listed for those who run them.", listed(CHALLENGE), Listed[Challenge]
    ),
    ("post", "/api/challenges"): OperationDoc(
        "The truths of its task sets are hidden from then on.",
        CHALLENGE,
        Challenge,
        body=CHALLENGE_FIELDS,
        required=("name", "title", "tasks"),
        sent=DEFINITION,
    ),
    ("get", _C): OperationDoc("Truths are shown to organisers, and after the publication.", CHALLENGE, Challenge),
    ("patch", _C): OperationDoc(_CHANGES, CHALLENGE, Challenge, body=CHALLENGE_FIELDS, sent={"state": "open"}),
    ("delete", _C): OperationDoc("A challenge that was opened stays."),
    ("get", f"{_C}/board"): OperationDoc(
        "The format is json, csv, ecsv, latex for papers, svg or pdf for a chart, or zip for all tables and figures. "
        "With a figure such as bias-z_true, svg and pdf are that metric in bins; pit, qq, nz and redshifts-5 are "
        "distributions. Submissions are up to six numbers, by default the best ones.",
        BOARD,
        Board,
        media=(
            JSON,
            _CSV,
            "application/x-ecsv",
            "application/x-latex",
            "image/svg+xml",
            "application/pdf",
            "application/zip",
        ),
    ),
    ("get", f"{_C}/submissions"): OperationDoc("Newest first.", listed(SUBMISSION), Listed[Submission]),
    ("post", f"{_C}/submissions"): OperationDoc(
        "With a file, a multipart form with these fields before the file. The answer comes before the file is read: "
        "the state is checking, then rejected with the sentences of the six checks, or queued, then scored or failed.",
        {**SUBMISSION, "state": "checking", "checks": SUBMISSION["checks"][:1]},
        Submission,
        body=SubmissionBody,
        sent=SUBMITTED,
    ),
    ("get", _S): OperationDoc(
        "With its six checks; the first alone while the state is checking.", SUBMISSION, Submission
    ),
    ("get", f"{_S}/scores"): OperationDoc(
        "The format is json or csv.", listed(SCORE), Listed[Score], media=(JSON, _CSV)
    ),
    ("get", f"{_S}/log"): OperationDoc("The newest scoring alone.", {"lines": ["scored 6012 objects"]}, LogLines),
    ("post", f"{_S}/withdraw"): OperationDoc(
        "It leaves the board, and counts for the limits.", {**SUBMISSION, "state": "withdrawn"}, Submission
    ),
    ("post", f"{_S}/score"): OperationDoc("The same files give the same scores.", SUBMISSION, Submission),
}
