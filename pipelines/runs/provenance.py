"""Provenance of a result: inputs with checksums, configuration, code and times, as PROV-JSON.

The document follows the W3C's PROV-JSON with the classes of the IVOA Provenance Data Model 1.0 (activity, used and
generated entities, agent).
"""

import hashlib
import json
import platform
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

from core.database import utc_now
from pipelines.inputs.lookup import RunInput
from pipelines.models import Run
from products.provenance import Activity, UsedEntity

__all__ = ["GeneratedFile", "activity_of", "provenance_json", "software_versions"]

#: Distributions on which the values in a result may depend.
_SOFTWARE = ("photoz-server", "numpy", "scipy", "pyarrow", "astropy", "cdshealpix", "pydantic", "PyYAML")


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A file that a run wrote."""

    name: str
    size: int
    sha256: str


def software_versions() -> dict[str, str]:
    """Return the versions of this software, of Python and of the libraries that compute results."""
    return {"python": platform.python_version()} | {name: version(name) for name in _SOFTWARE}


def activity_of(
    run: Run,
    inputs: Sequence[RunInput],
    configuration: Mapping[str, Any],
    steps: Sequence[tuple[str, float]],
    started: datetime,
    release: str | None,
    rules: str | None = None,
) -> Activity:
    """Return the activity of the run for the catalogue, which shows each reader only the inputs that they can read.

    Therefore inputs are named only in ``used``, not in the configuration nor in the names of steps.
    """
    timings: Counter[str] = Counter()
    for step, seconds in steps:
        timings[_anonymous(step, inputs)] += seconds  # type: ignore[assignment]  # a counter adds seconds as well
    return Activity(
        name=run.pipeline.display_name,
        code_name=f"{run.pipeline.name} of photoz-server",
        code_version=f"{run.version} ({version('photoz-server')})",
        started_at=started,
        ended_at=utc_now(),
        configuration={key: value for key, value in configuration.items() if key != "inputs"},
        used=tuple(
            UsedEntity(
                each.kind,
                each.address or each.name,
                None if each.product is None else each.product.id,
                version=each.modified.isoformat(timespec="seconds"),
                sha256=each.sha256,
            )
            for each in inputs
        )
        + _used_release(run, release)
        + _used_rules(run, rules),
        timings={step: round(seconds, 3) for step, seconds in timings.items()},
        job_id=run.job_id,
    )


def provenance_json(
    run: Run,
    inputs: Sequence[RunInput],
    files: Sequence[GeneratedFile],
    configuration: Mapping[str, Any],
    steps: Sequence[tuple[str, float]],
    *,
    product: str,
    base_url: str,
    started: datetime,
    ended: datetime,
) -> bytes:
    """Write the provenance of a result.

    Parameters
    ----------
    product
        Internal name of the result.
    steps
        Steps in order, with their durations in seconds.
    """
    activity, agent = f"pz:run/{run.id}", f"pz:user/{run.owner}"
    used = {f"pz:{_place(each)}/{each.name}": _input(each, base_url) for each in inputs}
    made = {
        f"pz:product/{product}/{file.name}": {"prov:label": file.name, "pz:size": file.size, "pz:sha256": file.sha256}
        for file in files
    }
    document = {
        "prefix": {"pz": f"{base_url}/", "voprov": "http://www.ivoa.net/documents/ProvenanceDM/"},
        "agent": {agent: {"prov:label": run.owner, "prov:type": "prov:Person"}},
        "activity": {
            activity: {
                "prov:label": run.display_name,
                "prov:startTime": started.isoformat(),
                "prov:endTime": ended.isoformat(),
                "pz:pipeline": run.pipeline.name,
                "pz:version": run.version,
                "pz:job": run.job_id,
                "pz:software": software_versions(),
                "pz:configuration": configuration,
                "pz:steps": [{"step": step, "seconds": round(seconds, 3)} for step, seconds in steps],
            }
        },
        "entity": used | made,
        "used": {f"_:u{number}": {"prov:activity": activity, "prov:entity": name} for number, name in enumerate(used)},
        "wasGeneratedBy": {
            f"_:g{number}": {"prov:entity": name, "prov:activity": activity} for number, name in enumerate(made)
        },
        "wasAssociatedWith": {"_:a0": {"prov:activity": activity, "prov:agent": agent}},
    }
    return json.dumps(document, indent=2).encode()


def _anonymous(step: str, inputs: Sequence[RunInput]) -> str:
    """Replace the names of inputs in a step by their numbers; only whole names, not parts of longer ones."""
    numbers = {each.name: number for number, each in enumerate(inputs, 1)}
    if not numbers:
        return step
    names = "|".join(re.escape(name) for name in sorted(numbers, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{names})(?!\w)", lambda found: f"input {numbers[found[0]]}", step)


def _used_release(run: Run, release: str | None) -> tuple[UsedEntity, ...]:
    slot = run.pipeline.objects
    return () if release is None or slot is None else (UsedEntity(slot.product_types[0], release),)


def _used_rules(run: Run, rules: str | None) -> tuple[UsedEntity, ...]:
    if rules is None or run.pipeline.rules is None:
        return ()
    digest = hashlib.sha256(rules.encode()).hexdigest()
    return (UsedEntity("flags_translation", run.pipeline.rules.name, sha256=digest),)


def _place(each: RunInput) -> str:
    return "product" if each.address is None else "file"


def _input(each: RunInput, base_url: str) -> dict[str, Any]:
    return {
        "prov:label": each.label,
        "pz:address": each.address or f"{base_url}/product/{each.name}",
        "pz:product_type": each.kind,
        "pz:file": each.file_name,
        "pz:size": each.size,
        "pz:sha256": each.sha256,
        "pz:updated": each.modified.isoformat(),
        "pz:columns": dict(each.columns),
    }
