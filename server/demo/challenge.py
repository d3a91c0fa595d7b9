"""A mock challenge: estimate the redshifts of objects in a field of its own, whose true redshifts are hidden."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.auth.models import Identity
from core.columns import Column
from core.errors import NotFoundError
from pipelines.challenges.definition import parse_definition
from pipelines.challenges.models import ChallengeState
from products.models import Product, Visibility
from server.demo.fields import BANDS, FIELDS
from server.demo.objects import Objects, observe_field
from server.demo.products import DEMO_RELEASE, DemoProduct
from server.demo.streams import stream
from server.demo.tables import Described, degrees, table_of
from server.demo.training import photometry
from server.demo.universe import simulate_field
from server.services import Services

__all__ = ["DEMO_CHALLENGE", "DEMO_TEST_SET", "DEMO_TRUTH", "challenge_products", "has_challenge", "open_challenge"]

#: Name of the challenge, and of its products.
DEMO_CHALLENGE, DEMO_TEST_SET, DEMO_TRUTH = "mock-2026", "Mock Challenge Test Set", "Mock Challenge Truth"

_SEED = 20260702  # another sky than that of the catalogues, in which the true redshifts could be looked up
_FIELD = 2
_OBJECTS, _FAINTEST = 1500, 23.5
_SIMULATED = "**These data are simulated**: no row is a real object. "
_DESCRIPTION = (
    "Estimate the redshifts of 1500 simulated galaxies to *i* = 23.5 from their *ugrizy* magnitudes. The three first "
    "submissions are baselines of this server: nearest neighbours with two bandwidths, and the redshift distribution "
    "of the training set for each galaxy."
)
_RULES = """
- Train on the training products alone.
- A submission has a density p(z) and a mode `zmode` for each object.
- Half of the test set is scored at once, the other half when the challenge is closed.
"""


def challenge_products() -> Iterator[DemoProduct]:
    """Simulate the test set and the truth of the challenge."""
    objects = observe_field(_SEED, _FIELD, simulate_field(_SEED, FIELDS[_FIELD]))
    bright = objects.magnitudes[:, BANDS.index("i")] < _FAINTEST  # NaN is not bright
    rows = stream(_SEED, "challenge").choice(np.flatnonzero(bright & ~objects.is_star), _OBJECTS, replace=False)
    yield DemoProduct(
        display_name=DEMO_TEST_SET,
        product_type="object_catalog",
        release=DEMO_RELEASE,
        description=f"{_SIMULATED}Galaxies of the challenge `{DEMO_CHALLENGE}`, without redshifts, for RAIL.",
        file_name="mock_challenge_test_set.hdf5",
        table=table_of([*_identified(objects, rows), *photometry(objects, rows)]),
        meanings={"objectId": "id", "ra": "ra", "dec": "dec"},
    )
    yield DemoProduct(
        display_name=DEMO_TRUTH,
        product_type="redshift_catalog",
        release=None,
        description=f"{_SIMULATED}True redshifts of the test set of the challenge `{DEMO_CHALLENGE}`.",
        file_name="mock_challenge_truth.parquet",
        table=_truth(objects, rows),
        meanings={"objectId": "id", "ra": "ra", "dec": "dec", "redshift": "z"},
        visibility=Visibility.PRIVATE,
    )


def has_challenge(services: Services, identity: Identity) -> bool:
    """Return whether the challenge is there."""
    try:
        services.pipelines.challenges.service.get(identity, DEMO_CHALLENGE)
    except NotFoundError:
        return False
    return True


def open_challenge(services: Services, identity: Identity, training: Product, test: Product, truth: Product) -> None:
    """Make the challenge, and open it."""
    definition = parse_definition(
        {
            "title": "Mock challenge",
            "description": _DESCRIPTION,
            "rules": _RULES,
            "tasks": [
                {
                    "name": "main",
                    "training": [training.id],
                    "test": [test.id],
                    "truth": truth.id,
                    "id_column": "objectId",
                    "redshift_column": "redshift",
                    "parts": {"public_fraction": 0.5, "seed": 1},
                }
            ],
            "metrics": [
                {"name": "cde_loss"},
                {"name": "bias", "direction": "target", "tiers": [0.01, 0.025, 0.05]},
                {"name": "sigma_iqr", "tiers": [0.025, 0.05, 0.1]},
                {"name": "outlier_rate", "tiers": [0.025, 0.1, 0.2]},
                {"name": "pit_ks", "tiers": [0.2, 0.4, 0.6]},
            ],
            "parameters": {"bootstrap": 50},
            "limits": {"smallest_subset": 10},
            "is_public": True,
        }
    )
    service = services.pipelines.challenges.service
    service.create(identity, DEMO_CHALLENGE, definition)
    service.set_state(identity, DEMO_CHALLENGE, ChallengeState.OPEN)


def _truth(objects: Objects, rows: npt.NDArray[np.intp]) -> pa.Table:
    redshift = Column("redshift", "double", ucd="src.redshift", description="True redshift of the simulation")
    i_band = next(each for each in photometry(objects, rows) if each[0].name == "mag_i_lsst")
    return table_of([*_identified(objects, rows), (redshift, objects.redshift[rows]), i_band])


def _identified(objects: Objects, rows: npt.NDArray[np.intp]) -> list[Described]:
    identifier = Column("objectId", "long", ucd="meta.id;meta.main", description="Identifier of the object")
    return [
        (identifier, objects.identifier[rows]),
        (degrees("ra", "pos.eq.ra;meta.main", "Right ascension of the object, ICRS"), objects.ra[rows]),
        (degrees("dec", "pos.eq.dec;meta.main", "Declination of the object, ICRS"), objects.dec[rows]),
    ]
