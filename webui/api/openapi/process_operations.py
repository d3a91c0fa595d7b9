"""Descriptions of the operations of pipelines and their runs, provenance and citation."""

from collections.abc import Mapping

from webui.api.models.base import Json, Listed
from webui.api.models.processes import Pipeline, Process, ProcessConfig, ProcessLogs, ProcessReport, StartedProcess
from webui.api.models.products import Downloads, RelatedResource
from webui.api.openapi.descriptions import JSON, TEXT, OperationDoc
from webui.api.openapi.examples import PIPELINE, PROCESS, listed
from webui.api.openapi.provenance_examples import CITATION, DATACITE, PROVENANCE, RELATIONS

__all__ = ["PROCESS_OPERATIONS"]

_RUN_WARNED = (
    "warnings lists inputs whose names the readers of the result see although they may not read them, and the "
    "warnings of the report of a run that has ended."
)
_DATACITE = "application/vnd.datacite.datacite"
_P = "/api/products/{product_id}"
_STARTED = {**PROCESS, "warnings": []}
_STOP = "A run that has ended stays as it is."

#: Operations by method and path.
PROCESS_OPERATIONS: Mapping[tuple[str, str], OperationDoc] = {
    ("get", "/api/pipelines"): OperationDoc(
        "Each with the defaults and the JSON schema of its parameters.", listed(PIPELINE), Listed[Pipeline]
    ),
    ("get", "/api/pipelines/{number}"): OperationDoc(
        "With the defaults and the JSON schema of its parameters.", PIPELINE, Pipeline
    ),
    ("get", "/api/processes"): OperationDoc(
        "Runs whose results you may read, newest first.", listed(PROCESS), Listed[Process]
    ),
    ("get", "/api/processes/{number}"): OperationDoc(_RUN_WARNED, _STARTED, StartedProcess),
    ("post", "/api/processes"): OperationDoc(
        f"The result is a new product, whose number is upload. {_RUN_WARNED}",
        _STARTED,
        StartedProcess,
        body={
            "display_name": "Name of the resulting product.",
            "pipeline": "Number or name of the pipeline.",
            "inputs": "Numbers or internal names of products, or vos: URIs.",
            "release": "Number or name of the release, if the pipeline needs one.",
            "used_config": 'Parameters as {"param": {…}}; an object, or its JSON as text.',
        },
        required=("display_name", "pipeline", "inputs"),
        sent={
            "display_name": "My training set",
            "pipeline": 1,
            "inputs": [12],
            "release": 1,
            "used_config": {"param": {}},
        },
    ),
    ("post", "/api/processes/{number}/stop"): OperationDoc(_STOP, PROCESS, Process),
    ("get", "/api/processes/{number}/stop"): OperationDoc(
        f"As POST, for clients of today's server. {_STOP}", PROCESS, Process
    ),
    ("get", "/api/processes/{number}/logs"): OperationDoc(
        "The log of the pipeline; that of the scheduler is empty, because this server has none.",
        {
            "pipeline": {"filename": ["pipeline.log"], "content": "2 products read\n"},
            "slurm": {"filename": ["run.out", "run.err"], "content": ""},
        },
        ProcessLogs,
    ),
    ("get", "/api/processes/{number}/report"): OperationDoc(
        "Counts and statistics that the pipeline has written; further keys depend on the pipeline.",
        {"rows": 1200, "pictures": [{"title": "Redshifts", "url": "https://…/z.svg", "media_type": "image/svg+xml"}]},
        ProcessReport,
    ),
    ("get", f"{_P}/process_config"): OperationDoc(
        "Parameters of the run that made the product; an empty object for an upload.",
        {"config": {"crossmatch": {"radius_arcsec": 1.0}}},
        ProcessConfig,
    ),
    ("get", f"{_P}/provenance"): OperationDoc(
        "PROV-JSON, or a VOTable with RESPONSEFORMAT=votable.",
        PROVENANCE,
        Json,
        media=(JSON, "application/x-votable+xml"),
    ),
    ("get", f"{_P}/citation"): OperationDoc(
        "The format is text, bibtex, ris or cff (CITATION.cff).",
        f"{CITATION}\n",
        media=(TEXT, "application/x-bibtex", "application/x-research-info-systems", "application/yaml"),
    ),
    ("get", f"{_P}/datacite"): OperationDoc(
        "DataCite 4.5; the format is json or xml. Products that are not public have none.",
        DATACITE,
        Json,
        media=(f"{_DATACITE}+json", f"{_DATACITE}+xml"),
        errors={"409": "The product is not public."},
    ),
    ("get", f"{_P}/relations"): OperationDoc(
        "Versions, sources and citations, by the relation types of DataCite.", RELATIONS, list[RelatedResource]
    ),
    ("get", f"{_P}/downloads"): OperationDoc(
        "Downloads that were sent to their last byte.", {"product": 12, "downloads": 4}, Downloads
    ),
}
