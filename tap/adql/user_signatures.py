"""User-defined functions: those of the IVOA's catalogue of UDFs 1.2 that make sense here, and ours for photo-z work."""

from tap.adql.signatures import Function, function_of

__all__ = ["USER_DEFINED"]

_EPOCH = (
    "ra DOUBLE, dec DOUBLE, parallax DOUBLE, pmra DOUBLE, pmdec DOUBLE, radial_velocity DOUBLE, ref_epoch DOUBLE, "
    "out_epoch DOUBLE"
)
_EPOCH_UNITS = (
    "Positions are in degrees, parallaxes in mas, proper motions in mas/yr (that of ra with the cosine of dec), "
    "velocities in km/s, epochs in Julian years. Missing parallaxes, motions and velocities count as 0"
)


def _udf(
    name: str,
    arguments: str,
    result: str,
    description: str,
    *,
    required: int | None = None,
    most: int | None = None,
    aggregate: bool = False,
) -> Function:
    return function_of(
        name, "udf", arguments, result, required=required, most=most, description=description, aggregate=aggregate
    )


_IVOA = (
    _udf(
        "ivo_hasword",
        "haystack VARCHAR, needle VARCHAR",
        "INTEGER",
        "1 when every word of the needle is a word of the haystack, in any case, else 0.",
    ),
    _udf(
        "ivo_hashlist_has",
        "hashlist VARCHAR, item VARCHAR",
        "INTEGER",
        "1 when the item is among the words of the list that # parts, in any case, else 0.",
    ),
    _udf(
        "ivo_nocasematch",
        "value VARCHAR, pattern VARCHAR",
        "INTEGER",
        "1 when the value is LIKE the pattern in any case, else 0.",
    ),
    _udf(
        "ivo_string_agg",
        "expression VARCHAR, delimiter VARCHAR",
        "VARCHAR",
        "The values of all rows of a group, with the delimiter between them.",
        aggregate=True,
    ),
    _udf(
        "ivo_healpix_index",
        "hpxOrder INTEGER, ra DOUBLE, dec DOUBLE",
        "BIGINT",
        "Index of the HEALPix cell, NESTED, of an order from 0 to 29 in which a position lies; a POINT may stand for "
        "ra and dec. For the position by which a table is sorted this costs nothing.",
        required=2,
    ),
    _udf(
        "ivo_healpix_center",
        "hpxOrder INTEGER, hpxIndex BIGINT",
        "POINT",
        "The centre of the HEALPix cell, NESTED, with this index at this order.",
    ),
    _udf(
        "ivo_interval_overlaps",
        "l1 DOUBLE, h1 DOUBLE, l2 DOUBLE, h2 DOUBLE",
        "INTEGER",
        "1 when the intervals [l1, h1] and [l2, h2] have a value in common, their ends included, else 0.",
    ),
    _udf(
        "ivo_histogram",
        "val DOUBLE, lower DOUBLE, upper DOUBLE, nbins INTEGER",
        "INTEGER",
        "Counts, as an array of nbins + 2 whole numbers, of the values of a group: those below lower, those in each of "
        "nbins equal bins, and those not below upper. The last three arguments are constants.",
        aggregate=True,
    ),
    _udf("ivo_to_jd", "d TIMESTAMP", "DOUBLE", "The Julian date of a timestamp, in its own time scale."),
    _udf("ivo_to_mjd", "d TIMESTAMP", "DOUBLE", "The modified Julian date of a timestamp, in its own time scale."),
    _udf(
        "ivo_normal_random",
        "mu DOUBLE, sigma DOUBLE",
        "DOUBLE",
        "A random number from the normal distribution with this mean and this standard deviation.",
    ),
    _udf(
        "ivo_epoch_prop",
        _EPOCH,
        "DOUBLE",
        f"An array of the first six arguments as they are at out_epoch, for uniform motion in space. {_EPOCH_UNITS}, "
        "and are missing in the result.",
    ),
    _udf(
        "ivo_epoch_prop_pos",
        _EPOCH,
        "POINT",
        f"The position at out_epoch, for uniform motion in space. {_EPOCH_UNITS}.",
    ),
)

_PHOTOZ = (
    _udf(
        "pz_mag",
        "flux DOUBLE",
        "DOUBLE",
        "AB magnitude of a flux density, taken to be in nJy unless the column says another unit; missing for fluxes "
        "that are not positive.",
    ),
    _udf(
        "pz_mag_err",
        "flux DOUBLE, flux_err DOUBLE",
        "DOUBLE",
        "Error of the AB magnitude of a flux density, 2.5 / ln(10) times the relative error; missing for fluxes that "
        "are not positive.",
    ),
    _udf("pz_flux", "mag DOUBLE", "DOUBLE", "Flux density in nJy of an AB magnitude."),
    _udf(
        "pz_flux_err",
        "mag DOUBLE, mag_err DOUBLE",
        "DOUBLE",
        "Error in nJy of the flux density of an AB magnitude with this error.",
    ),
    _udf(
        "pz_delta_z",
        "z_phot DOUBLE, z_spec DOUBLE",
        "DOUBLE",
        "Normalised error of a photometric redshift: (z_phot - z_spec) / (1 + z_spec).",
    ),
    _udf(
        "pz_outlier",
        "z_phot DOUBLE, z_spec DOUBLE, threshold DOUBLE",
        "INTEGER",
        "1 when the normalised error of a photometric redshift is larger than the threshold (0.15 unless it is given), "
        "else 0.",
        required=2,
    ),
    _udf("pz_median", "x DOUBLE", "DOUBLE", "Median of the values of a group.", aggregate=True),
    _udf(
        "pz_quantile",
        "x DOUBLE, fraction DOUBLE",
        "DOUBLE",
        "Quantile of the values of a group at a constant fraction from 0 to 1, between two values by interpolation.",
        aggregate=True,
    ),
    _udf(
        "pz_nmad",
        "x DOUBLE",
        "DOUBLE",
        "Normalised median absolute deviation of the values of a group: 1.4826 times the median of |x - median(x)|.",
        aggregate=True,
    ),
    _udf(
        "pz_comoving",
        "z DOUBLE, h0 DOUBLE, omega_m DOUBLE",
        "DOUBLE",
        "Comoving distance in Mpc of a redshift in a flat universe; h0 in km/s/Mpc is 70, omega_m 0.3 unless given.",
        required=1,
    ),
    _udf(
        "pz_distmod",
        "z DOUBLE, h0 DOUBLE, omega_m DOUBLE",
        "DOUBLE",
        "Distance modulus in mag of a redshift in a flat universe; h0 in km/s/Mpc is 70, omega_m 0.3 unless given.",
        required=1,
    ),
)

_COVERAGE = (
    _udf(
        "MOC",
        "moc VARCHAR",
        "REGION",
        "The coverage map that a text in ASCII writes (3/1-4 4/30), for use in CONTAINS and INTERSECTS; MOC(order, "
        "shape) makes one of a shape.",
        most=2,
    ),
)

#: Every one of them, in the order of capabilities.
USER_DEFINED: tuple[Function, ...] = (*_IVOA, *_PHOTOZ, *_COVERAGE)
