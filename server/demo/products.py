"""Simulated products that fill an empty server: objects, four redshift surveys, a training set, and estimates.

The model and the columns are described in ``docs/demo-data.md``. The same seed gives the same values.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from products.attribution.models import AttributionChanges, Author, Keyword
from products.models import Visibility
from server.demo.estimates import estimates_table
from server.demo.files import write_table
from server.demo.objects import object_table, observe_objects
from server.demo.surveys import bright_survey, deep_survey, fibre_survey, grism_survey
from server.demo.training import training_table

__all__ = [
    "DEMO_ESTIMATES",
    "DEMO_REFERENCE",
    "DEMO_RELEASE",
    "DEMO_VALIDATION",
    "DemoProduct",
    "demo_products",
    "write_demo_file",
]

#: Name of the release that the object catalogue and the training set belong to.
DEMO_RELEASE = "mock_dp1"

#: Names of the estimates that are validated, of their reference, and of the result.
DEMO_ESTIMATES, DEMO_REFERENCE = "Mock Photo-z Estimates", "Mock Training Set"
DEMO_VALIDATION = "Mock Validation"

#: The fields and depths of Data Preview 1.
_DP1 = "arXiv:2603.23786"
#: The survey that the Mock Deep Slit Survey takes after.
_VVDS = "2013A&A...559A..14L"
_PHOTOMETRY = Keyword(text="Galaxy photometry", uat=611)
_REDSHIFTS = Keyword(text="Redshift surveys", uat=1378)
_SURVEYS = Keyword(text="Sky surveys", uat=1464)

_SIMULATED = "**These data are simulated**: no row is a real object. "


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """A simulated product, ready to be published.

    Parameters
    ----------
    product_type
        Name of a product type, for example ``redshift_catalog``.
    release
        Name of a release; none for redshift catalogues.
    description
        Markdown.
    file_name
        Its extension says in which format the file is written.
    meanings
        Name of a column to what it means: ``id``, ``ra``, ``dec``, ``z``, ``z_err``, ``z_flag`` or ``survey``.
    keywords
        Keywords of the Unified Astronomy Thesaurus.
    references
        DOIs, bibcodes, arXiv identifiers or addresses.
    official
        Whether it is an official product of the project.
    visibility
        Who may read it.
    """

    display_name: str
    product_type: str
    release: str | None
    description: str
    file_name: str
    table: pa.Table
    meanings: Mapping[str, str]
    pz_code: str | None = None
    keywords: tuple[Keyword, ...] = ()
    references: tuple[str, ...] = ()
    official: bool = False
    visibility: Visibility = Visibility.PUBLIC

    @property
    def attribution(self) -> AttributionChanges:
        """Authors, licence, keywords and references."""
        return AttributionChanges(
            authors=(Author(name="Photo-z Server Developers"),),
            license="CC0-1.0",
            keywords=self.keywords,
            references=self.references,
        )


@dataclass(frozen=True, slots=True)
class _Definition:
    """A demo product before its table is simulated."""

    display_name: str
    product_type: str
    release: str | None
    description: str
    file_name: str
    make_table: Callable[[pa.Table, int], pa.Table]
    meanings: Mapping[str, str]
    pz_code: str | None = None
    keywords: tuple[Keyword, ...] = ()
    references: tuple[str, ...] = ()
    official: bool = False


_DEFINITIONS = (
    _Definition(
        display_name="Mock LSST Object Catalogue",
        product_type="object_catalog",
        release=DEMO_RELEASE,
        description=(
            "Galaxies and stars in three of the fields of Data Preview 1, with *ugrizy* magnitudes and LSST's "
            "error model at the published depths of these fields. Galaxies are clustered, and their colours "
            "follow from their redshifts. `z_true` is the redshift of the simulation."
        ),
        file_name="mock_lsst_objects.parquet",
        make_table=lambda objects, _seed: object_table(objects),
        meanings={"objectId": "id", "coord_ra": "ra", "coord_dec": "dec", "z_true": "z"},
        keywords=(_PHOTOMETRY, _SURVEYS),
        references=(_DP1,),
        official=True,
    ),
    _Definition(
        display_name="Mock Deep Slit Survey",
        product_type="redshift_catalog",
        release=None,
        description=(
            "A deep survey of one field (ECDFS) to *i* = 24. Flags are like those of VVDS: 4 and 3 are secure, 2 "
            "is likely, 1 is doubtful, 0 has no redshift, 9 rests on one line; +10 marks broad lines, +20 second "
            "objects."
        ),
        file_name="mock_deep_slit_survey.csv",
        make_table=deep_survey,
        meanings={
            "NUM": "id",
            "RAJ2000": "ra",
            "DEJ2000": "dec",
            "zsp": "z",
            "zflags": "z_flag",
            "survey_name": "survey",
        },
        keywords=(_REDSHIFTS,),
        references=(_VVDS,),
        official=True,
    ),
    _Definition(
        display_name="Mock Fibre Survey",
        product_type="redshift_catalog",
        release=None,
        description=(
            "A wide survey of two fields (ECDFS and Rubin SV 95 -25) to *i* = 22.3 with precise redshifts. "
            "`ZWARN` is 0 for good redshifts, like DESI's."
        ),
        file_name="mock_fibre_survey.fits",
        make_table=fibre_survey,
        meanings={
            "TARGETID": "id",
            "TARGET_RA": "ra",
            "TARGET_DEC": "dec",
            "Z": "z",
            "ZERR": "z_err",
            "ZWARN": "z_flag",
            "survey_name": "survey",
        },
        keywords=(_REDSHIFTS,),
    ),
    _Definition(
        display_name="Mock Bright Survey",
        product_type="redshift_catalog",
        release=None,
        description=(
            "All bright galaxies (*i* < 19.6) of three fields. `QUALITY` is like that of 6dFGS: 4 and 3 are good,"
            " 2 and 1 are not, 6 is a star."
        ),
        file_name="mock_bright_survey.vot",
        make_table=bright_survey,
        meanings={
            "TARGETNAME": "id",
            "ALPHA_J2000": "ra",
            "DELTA_J2000": "dec",
            "Z": "z",
            "QUALITY": "z_flag",
            "survey_name": "survey",
        },
        keywords=(_REDSHIFTS,),
    ),
    _Definition(
        display_name="Mock Grism Survey",
        product_type="redshift_catalog",
        release=None,
        description=(
            "Coarse redshifts, 0.003 (1 + *z*), of many galaxies to *i* = 24.3 in the middle of two fields (ECDFS"
            " and EDFS). `quality` is 4, 3 or 2, and -1 for stars, like that of PRIMUS."
        ),
        file_name="mock_grism_survey.parquet",
        make_table=grism_survey,
        meanings={
            "id": "id",
            "ra": "ra",
            "dec": "dec",
            "redshift": "z",
            "redshift_err": "z_err",
            "quality": "z_flag",
            "survey_name": "survey",
        },
        keywords=(_REDSHIFTS,),
    ),
    _Definition(
        display_name=DEMO_REFERENCE,
        product_type="training_set",
        release=DEMO_RELEASE,
        description=(
            "Secure redshifts of the Mock Deep Slit Survey with the photometry of the Mock LSST Object Catalogue,"
            " in the HDF5 layout and with the column names that RAIL reads."
        ),
        file_name="mock_training_set.hdf5",
        make_table=training_table,
        meanings={"objectId": "id", "ra": "ra", "dec": "dec", "redshift": "z", "z_flag": "z_flag"},
    ),
    _Definition(
        display_name=DEMO_ESTIMATES,
        product_type="photoz_estimates",
        release=DEMO_RELEASE,
        description=(
            "Probability densities of the redshift, p(z), of galaxies to *i* = 22 in one field (ECDFS) and of the Mock "
            "Training Set: the redshifts of the nearest training objects in colour, as an ensemble of qp in HDF5. "
            "An object is never its own neighbour."
        ),
        file_name="mock_photoz_estimates.hdf5",
        make_table=estimates_table,
        meanings={"objectId": "id", "ra": "ra", "dec": "dec", "zmode": "z"},
        pz_code="Nearest neighbours",
    ),
)


def demo_products(seed: int = 20260701) -> Iterator[DemoProduct]:
    """Simulate the demo products, one after the other; the object catalogue comes first."""
    objects = observe_objects(seed)
    for definition in _DEFINITIONS:
        yield DemoProduct(
            display_name=definition.display_name,
            product_type=definition.product_type,
            release=definition.release,
            description=_SIMULATED + definition.description,
            file_name=definition.file_name,
            table=definition.make_table(objects, seed),
            meanings=definition.meanings,
            pz_code=definition.pz_code,
            keywords=definition.keywords,
            references=definition.references,
            official=definition.official,
        )


def write_demo_file(product: DemoProduct, folder: Path) -> Path:
    """Write a product's table into a folder, in the format that its file name says, and give the file's path."""
    path = folder / product.file_name
    write_table(product.table, path)
    return path
