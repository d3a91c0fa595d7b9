"""A day of work with the Photo-z Server: from catalogues of redshifts to validated photo-z estimates.

The server needs the demo data of ``make serve``. Address and token come from the environment or the configuration file
of the library:

    PZSERVER_HOST=http://127.0.0.1:8000 PZSERVER_TOKEN=… python scientists_day.py

It needs ``pip install pzserver[qp] scikit-learn``. Products that it made are deleted at its end.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
import qp
from pzserver import Product, PzServer
from sklearn.neighbors import NearestNeighbors

BANDS = [f"{band}_cModelMag" for band in "ugrizy"]
GRID = np.linspace(0, 3, 151)
UNSEEN = 28.0  # magnitude of what was not detected
NEIGHBOURS = 12
WIDTH = 0.03


def main() -> None:
    """Work through the day."""
    server = PzServer()
    print(f"{server.user} at {server.url}")
    made: list[Product] = []
    group = server.groups.create("deep-fields", "Redshifts of the deep fields")
    try:
        mine = upload_redshifts(server)
        made.append(mine)
        mine.share(groups=[group.name])
        print(f"Shared: {mine.internal_name} with {', '.join(mine.record.groups)}")

        training_set = make_training_set(server, mine, made)
        estimates = estimate(server, training_set)
        made.append(estimates)
        validate(server, estimates, training_set, made)
    finally:
        for product in reversed(made):
            server.delete_product(product.number)
        group.delete()


def upload_redshifts(server: PzServer) -> Product:
    """Choose redshifts of a survey that no other one contradicts, and upload them."""
    surveys = server.products.list(product_type="redshift_catalog", covers=(53.13, -28.1))
    print(f"Listed: {', '.join(product.display_name for product in surveys)}")
    fibre, deep = server["3_mock_fibre_survey"], server["2_mock_deep_slit_survey"]
    frame = fibre.to_pandas(where="SPECTYPE = 'GALAXY' AND ZWARN = 0")
    print(f"Loaded: {len(frame)} of {fibre.row_count} rows")

    flags = server.query(f"SELECT zflags, COUNT(*) AS n FROM {deep.table_name} GROUP BY zflags ORDER BY n DESC")
    print(f"Queried: the deep survey has {flags['n'].sum()} redshifts, most of them with flag {flags['zflags'][0]}")
    positions = ("TARGET_RA", "TARGET_DEC")
    both = deep.crossmatch(frame, "1 arcsec", positions=positions, columns=["zsp"]).to_pandas()
    disagree = both.loc[(both["Z"] - both["zsp"]).abs() > 0.01, "TARGETID"]
    print(f"Matched: {len(both)} are in the deep survey, too, {len(disagree)} with another redshift")

    draft = server.upload(
        frame[~frame["TARGETID"].isin(disagree)],
        name="Fibre redshifts, checked",
        product_type="redshift_catalog",
        description="Galaxies of the fibre survey whose redshift the deep survey does not contradict.",
        descriptions={"Z": "redshift of the fibre survey"},
    )
    print(draft.columns)
    product = draft.publish()
    print(f"Uploaded: {product.internal_name}, {product.row_count} rows")
    return product


def make_training_set(server: PzServer, mine: Product, made: list[Product]) -> Product:
    """Combine the redshifts with those of another survey, and match them with objects."""
    combined = server.pipelines.combine(
        "Deep and fibre", [mine, "2_mock_deep_slit_survey"], combine_type="concatenate_and_mark_duplicates"
    ).result
    made.append(combined)
    print(f"Combined: {combined.row_count} redshifts")
    objects = server["1_mock_lsst_object_catalogue"]
    training_set = server.pipelines.training_set("Deep and fibre, trained", combined, objects).result
    made.append(training_set)
    print(f"Trained: {training_set.row_count} objects with redshifts and magnitudes")
    return training_set


def estimate(server: PzServer, training_set: Product) -> Product:
    """Estimate the densities p(z) of one half of the objects by their neighbours among the other half."""
    rows = training_set.to_pandas().dropna(subset=["z"]).drop_duplicates("objectId")
    is_known = rows["objectId"] % 2 == 0
    known, unknown = rows[is_known], rows[~is_known]
    tree = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(colours(known))
    neighbours = tree.kneighbors(colours(unknown), return_distance=False)
    ensemble = densities(known["z"].to_numpy()[neighbours])
    modes = np.squeeze(ensemble.mode(grid=GRID))
    names = {"object_id": "objectId", "ra": "ra", "dec": "dec"}
    ensemble.set_ancil({"zmode": modes} | {name: unknown[column].to_numpy() for name, column in names.items()})
    print(f"Estimated: {ensemble.npdf} densities, from {len(known)} neighbours")
    draft = server.upload(ensemble, name="Nearest neighbours", product_type="photoz_estimates", pz_code="kNN")
    product = draft.publish()
    print(f"Uploaded: {product.internal_name}, {product.row_count} rows")
    return product


def validate(server: PzServer, estimates: Product, reference: Product, made: list[Product]) -> None:
    """Compare the estimates with the redshifts of the training set."""
    run = server.pipelines.validate(
        "Nearest neighbours, validated", estimates, reference, point="zmode", match="position"
    )
    result = run.result
    made.append(result)
    (row,) = result.query("SELECT TOP 1 * FROM {table} WHERE binned_by = 'all'")
    for name in ("bias", "sigma_iqr", "outlier_rate", "cde_loss"):
        print(f"Validated: {name} {row[name]:.4f}")


def colours(objects: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the colours of objects, and the magnitude in i with a smaller weight."""
    magnitudes = objects[BANDS].fillna(UNSEEN).to_numpy()
    return np.column_stack([-np.diff(magnitudes, axis=1), 0.3 * magnitudes[:, 3]])


def densities(redshifts: npt.NDArray[np.float64]) -> qp.Ensemble:
    """Return for each object the sum of normal densities at the redshifts of its neighbours."""
    means = redshifts[:, :, None]
    widths = WIDTH * (1 + means)
    values = np.exp(-(((GRID - means) / widths) ** 2) / 2) / widths
    return qp.Ensemble(qp.interp, data={"xvals": GRID, "yvals": values.sum(axis=1)})


if __name__ == "__main__":
    main()
