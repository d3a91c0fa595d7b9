"""What users of pzserver 0.3.7 do with pipelines, run by that library alone: see test_todays_pipelines.

Arguments: the address of the API, a token, the name of a release, and numbers of two redshift catalogues, of one with
objects in that release, and of a product of another type. The last line of output says in JSON what came back.
"""

import json
import sys
import time
from pathlib import Path

from pzserver import PzServer
from requests.exceptions import RequestException

RULES = """
translation_rules:
  VVDS:
    z_flag_translation: {1: 4, 2: 4, 3: 4, 4: 4}
    instrument_type_translation: {default: s}
  2DFGRS:
    z_flag_translation: {1: 4, 2: 4, 3: 4, 4: 4}
    instrument_type_translation: {default: s}
"""


def finished(process) -> str:
    """Wait as `run_and_wait` does, but not half a minute at a time."""
    while process.check_status() in {"Running", "Pending"}:
        time.sleep(0.2)
    return process.check_status()


def combining(server: PzServer, first: int, second: str) -> dict[str, object]:
    """Combine two catalogues, one by number and one by name, with rules of one's own."""
    Path("rules.yaml").write_text(RULES)
    process = server.combine_redshift_catalogs("Notebook combined")
    before = dict(process.config)
    process.append_catalog(_id=first)
    process.append_catalog(internal_name=second)
    process.set_config({"combine_type": "concatenate_and_remove_duplicates", "z_flag_homogenized_value_to_cut": 0.0})
    process.set_config({"output_format": "fits"})
    process.set_flags_translation("rules.yaml")
    process.summary()
    process.run()
    status = finished(process)
    table = server.get_product(process.output["id"])
    metadata = server.get_product_metadata(process.output["id"])
    return {
        "before": before,
        "status": status,
        "process": process.process,
        "columns": table.colnames,
        "rows": len(table),
        "flags": sorted({float(value) for value in table["z_flag_homogenized"]}),
        "metadata": metadata,
    }


def training(server: PzServer, release: str, redshifts: int) -> dict[str, object]:
    """Make a training set."""
    process = server.training_set_maker("Notebook training")
    process.set_release(name=release)
    process.set_redshift(_id=redshifts)
    process.set_config({"crossmatch": {"n_neighbors": 1, "radius_arcsec": 1.0}, "random_seed": 42})
    process.run()
    status = finished(process)
    table = server.get_product(process.output["id"])
    return {"status": status, "columns": table.colnames, "training": int(table["is_training_set"].sum())}


def failing(server: PzServer, first: int, other: int) -> dict[str, object]:
    """Ask for what cannot be."""
    process = server.combine_redshift_catalogs("Notebook wrong")
    found: dict[str, object] = {}
    try:
        process.append_catalog(_id=other)
    except ValueError as e:
        found["type"] = str(e)
    process.append_catalog(_id=first)
    process.set_config({"combine_type": "stir"})
    try:
        process.run()
    except RequestException as e:
        found["parameter"] = str(e)
    process = server.combine_redshift_catalogs("Notebook stopped")
    process.append_catalog(_id=first)
    process.run()
    process.stop()
    found["stopped"] = finished(process)
    return found


def main(host: str, token: str, release: str, first: str, second: str, redshifts: str, other: str) -> None:
    """Do it all."""
    server = PzServer(token=token, host=host)
    found = {
        "combining": combining(server, int(first), second),
        "training": training(server, release, int(redshifts)),
        "failing": failing(server, int(first), int(other)),
    }
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
