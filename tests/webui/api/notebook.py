"""What the tutorial notebook of pzserver 0.3.7 does, run by that library alone: see test_todays_client.

Arguments: the address of the API, a token. The last line of output says in JSON what came back.
"""

import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import tables_io
from astropy.table import Table
from pzserver import PzServer, SpeczCatalog

ROWS = 60
MEANINGS = {"objid": "ID", "RAdeg": "RA", "DEdeg": "Dec", "zsp": "z"}


def table() -> Table:
    """The table that is uploaded in every format."""
    numbers = np.arange(ROWS)
    return Table({"objid": numbers, "RAdeg": 10 + numbers / 8, "DEdeg": -5 + numbers / 16, "zsp": numbers / 64})


def write_files() -> dict[str, str]:
    """Write it as users of this library do."""
    table().write("cat.csv", format="csv")
    # A table of numbers without a header, as spreadsheets write it.
    table().to_pandas().to_csv("bare.csv", header=False, index=False, sep=";")
    table().write("cat.vot", format="votable")
    paths = {key: str(tables_io.write(table(), "cat", key)) for key in ("fits", "hdf5", "pq")}
    Path("note.txt").write_text("how it was made")
    Path("about.html").write_text("<p>about</p>")
    # The library resumes what broke off after its first megabyte.
    Path("model.bin").write_bytes(np.arange(1_000_000, dtype=np.int32).tobytes())
    return {"csv": "cat.csv", "bare": "bare.csv", "vot": "cat.vot", **paths}


def upload(server: PzServer, name: str, path: str) -> int:
    """Upload and publish a redshift catalogue."""
    made = server.upload(name, "redshift_catalog", path, auxiliary_files=["note.txt"], description=f"**{name}**")
    columns = list(made.columns)
    # A file without a header gets names from the server, in the order of its columns.
    meanings = MEANINGS if "objid" in columns else dict(zip(columns, MEANINGS.values(), strict=True))
    made.make_columns_association({columns[0]: "free alias"})
    made.reset_columns_association()
    made.make_columns_association(meanings)
    assert made.check_required_columns()["success"]
    made.save()
    return int(made.product_id)


def vocabulary(server: PzServer) -> dict[str, object]:
    """Lists of what products refer to."""
    server.display_product_types()
    server.display_users()
    server.display_releases()
    return {
        "types": [item["name"] for item in server.get_product_types()],
        "users": [item["username"] for item in server.get_users()],
        "releases": server.get_releases(),
    }


def listing(server: PzServer) -> dict[str, object]:
    """Lists of products, all and filtered."""
    server.display_products_list()
    filters = {
        "by type": {"product_type": "redshift"},
        "by two types": {"product_type__or": ["training", "redshift"]},
        "by owner": {"uploaded_by": "alice"},
        "by another owner": {"uploaded_by": "nobody"},
        "by name": {"product_name": "Tutorial"},
        "by search": {"search": "tutorial csv"},
        "by release": {"release": "dp1"},
        "official": {"official_product": True},
    }
    found: dict[str, object] = {
        key: sorted(item["display_name"] for item in server.get_products_list(value)) for key, value in filters.items()
    }
    try:
        server.get_products_list({"colour": "red"})
    except ValueError as e:
        found["wrong filter"] = str(e)
    return found


def reading(server: PzServer, products: dict[str, int]) -> dict[str, object]:
    """Read products into memory, with their metadata."""
    found: dict[str, object] = {}
    for key, number in products.items():
        if key != "vot":  # tables_io reads no VOTables
            got = server.get_product(number)
            found[key] = {name: [float(value) for value in got[name]] for name in got.colnames}
    name = server.get_product_metadata(products["csv"])["internal_name"]
    metadata = server.get_product_metadata(name)
    found["metadata"] = metadata
    frame: pd.DataFrame = server.display_product_metadata(name, show=False)
    found["shown"] = {str(key): str(value) for key, value in zip(frame["key"], frame["value"], strict=True)}
    catalog = server.transform_df(server.get_product(name), metadata)
    assert isinstance(catalog, SpeczCatalog)
    catalog.display_metadata()
    found["plot"] = catalog.plot(savefig=True)
    return found


def downloading(server: PzServer, products: dict[str, int]) -> dict[str, object]:
    """Save products; every first attempt breaks off."""
    model = server.upload("Tutorial model", "training_results", "model.bin", description="no table")
    model.save()
    said = io.StringIO()
    with redirect_stdout(said):
        server.download_product(model.product_id, save_in="zips")
    server.api.download_main_file(model.product_id, "files")
    server.api.download_main_file(products["vot"], "files")
    return {"model": model.product_id, "said": said.getvalue(), "zip": next(Path("zips").iterdir()).name}


def changing(server: PzServer, number: int) -> dict[str, object]:
    """Change files and description of a published product."""
    product = server.get_product_object(number)
    product.attach_description_file("about.html")
    product.attach_auxiliary_file("cat.vot")
    before = [item["name"] for item in product.get_auxiliary_files()]
    product.remove_file(product.get_auxiliary_files()[0]["id"])
    product.update_description("changed")
    again = server.get_product_object(number)
    return {
        "before": before,
        "after": [item["name"] for item in again.get_auxiliary_files()],
        "about": [item["name"] for item in again.get_description_files()],
        "main": again.main_file["name"],
        "main file info": again.get_main_file_info()["columns"],
        "description": again.attributes["description"],
    }


def deleting(server: PzServer, number: int) -> str:
    """Delete a product."""
    server.delete_product(number)
    try:
        server.get_product_metadata(number)
    except ValueError as e:
        return str(e)
    return ""


def main(host: str, token: str) -> None:
    """Do it all."""
    server = PzServer(token=token, host=host)
    paths = write_files()
    products = {key: upload(server, f"Tutorial {key}", path) for key, path in paths.items()}
    found = {
        "products": products,
        "vocabulary": vocabulary(server),
        "listing": listing(server),
        "reading": reading(server, products),
        "downloading": downloading(server, products),
        "changing": changing(server, products["csv"]),
        "deleting": deleting(server, products["hdf5"]),
        "pipelines": server.api.get_by_name("pipelines", "training_set_maker"),
    }
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
