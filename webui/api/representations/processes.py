"""JSON representations of pipelines and their runs."""

from collections.abc import Sequence

from core.auth.models import Identity
from pipelines.models import AnyPipeline, Run
from products.models import Product
from products.product_types import product_type_by_name
from webui.api.representations.products import STATUSES, Json, iso, product_json
from webui.runs import inputs_of_runs
from webui.services import WebServices

__all__ = ["pipeline_json", "process_json", "processes_json"]


def pipeline_json(pipeline: AnyPipeline) -> Json:
    """Return a pipeline, with the defaults and the JSON schema of its parameters."""
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "display_name": pipeline.display_name,
        "version": pipeline.version,
        "description": pipeline.description,
        "created_at": None,
        "system_config": {"output_format": None, "param": pipeline.parameters().model_dump(mode="json")},
        "parameters": pipeline.parameters.model_json_schema(),
        "output_product_type": product_type_by_name(pipeline.product_type).id,
        "product_types_accepted": [product_type_by_name(name).id for name in pipeline.inputs.product_types],
    }


def process_json(services: WebServices, identity: Identity, run: Run) -> Json:
    """Return a run, with those of its inputs that the identity may read."""
    (found,) = processes_json(services, identity, [run])
    return found


def processes_json(services: WebServices, identity: Identity, runs: Sequence[Run]) -> list[Json]:
    """Return runs, with those of their inputs that the identity may read."""
    inputs = inputs_of_runs(services, identity, runs)
    releases = {each.id: each.display_name for each in services.products.service.releases(identity)}
    base = services.settings.public_url
    return [_process_json(run, identity, inputs[run.id], releases.get(run.release_id or 0), base) for run in runs]


def _process_json(run: Run, identity: Identity, inputs: Sequence[Product], release: str | None, base: str) -> Json:
    param = run.pipeline.parameters.model_validate(dict(run.settings.param)).model_dump(mode="json")
    return {
        "id": run.id,
        "release": run.release_id,
        "release_name": release,
        "pipeline_name": run.pipeline.name,
        "pipeline_version": run.version,
        "owned_by": run.owner,
        "is_owner": identity.user_id == run.owner_id,
        "provenance_inputs": [product_json(product, identity) for product in inputs],
        "used_config": {"param": param, "output_format": run.settings.output_format},
        "display_name": run.display_name,
        "created_at": iso(run.created),
        "started_at": iso(run.started),
        "ended_at": iso(run.ended),
        "orchestration_process_id": run.id,
        "status": STATUSES[run.phase],
        "path": f"{run.pipeline.name}/{run.id:08d}",
        "comment": run.error,
        "pipeline": run.pipeline.id,
        "upload": run.product_id,
        "inputs": [product.id for product in inputs],
        "progress": run.progress,
        "message": run.message,
        "job": f"{base}/pipelines/{run.pipeline.name}/{run.job_id}",
    }
