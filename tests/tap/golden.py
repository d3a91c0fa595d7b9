"""Golden queries: two catalogues, and queries with results computed by numpy, pandas and astropy."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from astropy import units as u
from astropy.coordinates import SkyCoord, search_around_sky
from mocpy import MOC

__all__ = ["GOLDEN", "Catalogues", "make_catalogues"]

Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Catalogues:
    """Objects with photometry, and spectra, half of which are of objects."""

    objects: pd.DataFrame
    spectra: pd.DataFrame

    @property
    def places(self) -> SkyCoord:
        return SkyCoord(self.objects.ra, self.objects.dec, unit="deg")

    def near(self, lon: float, lat: float) -> np.ndarray:
        return self.places.separation(SkyCoord(lon, lat, unit="deg")).deg

    def pairs(self, degrees: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        spectra = SkyCoord(self.spectra.ra, self.spectra.dec, unit="deg")
        one, other, distance, _ = search_around_sky(self.places, spectra, degrees * u.deg)
        return one, other, distance.deg


def make_catalogues(count: int = 3000) -> Catalogues:
    """Draw positions over the sky, about a pole and about the origin, with magnitudes of which some are missing."""
    random = np.random.default_rng(42)
    part = count // 3
    lon = np.concatenate([random.uniform(0, 360, 2 * part), random.normal(0, 1, part) % 360])
    lat = np.concatenate(
        [
            np.degrees(np.arcsin(random.uniform(-1, 1, part))),
            90 - np.abs(random.normal(0, 1, part)),
            random.normal(0, 1, part),
        ]
    )
    z = random.gamma(3, 0.25, count)
    mag_i = np.where(random.random(count) < 0.05, np.nan, random.normal(23, 1, count))
    objects = pd.DataFrame(
        {
            "id": np.arange(count, dtype="i8"),
            "ra": lon,
            "dec": lat,
            "z_phot": z,
            "mag_g": random.normal(24, 1, count),
            "mag_i": mag_i,
            "kind": random.choice(["galaxy", "star", "QSO"], count, p=[0.8, 0.15, 0.05]),
            "tile": random.integers(0, 20, count).astype("i4"),
        }
    )
    chosen = random.choice(count, count // 4, replace=False)
    spectra = pd.DataFrame(
        {
            "sid": np.arange(count // 4, dtype="i8") + 10**6,
            "ra": lon[chosen],
            "dec": np.clip(lat[chosen] + random.normal(0, 0.5 / 3600, count // 4), -90, 90),
            "z_spec": np.abs(z[chosen] + random.normal(0, 0.03, count // 4) * (1 + z[chosen])),
            "survey": random.choice(["VVDS", "DEEP2", "zCOSMOS"], count // 4),
            "object_id": np.where(random.random(count // 4) < 0.9, chosen, -1).astype("i8"),
        }
    )
    return Catalogues(objects, spectra)


def rows(frame: pd.DataFrame) -> Rows:
    """Give a frame's rows, with none for what is missing."""
    return [tuple(None if pd.isna(v) else v for v in row) for row in frame.itertuples(index=False)]


def one(*values: object) -> Rows:
    return [values]


def ids(mask: np.ndarray) -> Rows:
    return [(int(number),) for number in np.flatnonzero(mask)]


def grouped(c: Catalogues) -> Rows:
    means = c.objects.groupby("kind").agg(n=("id", "size"), m=("mag_i", "mean"), low=("z_phot", "min"))
    return rows(means.reset_index().sort_values("kind"))


def joined(c: Catalogues) -> pd.DataFrame:
    return c.objects.merge(c.spectra, left_on="id", right_on="object_id", suffixes=("", "_s"))


def delta(c: Catalogues) -> np.ndarray:
    pairs = joined(c)
    return ((pairs.z_phot - pairs.z_spec) / (1 + pairs.z_spec)).to_numpy()


def nmad(values: np.ndarray) -> float:
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def nearest(c: Catalogues) -> Rows:
    order = np.argsort(c.near(0.1, -0.2))[:5]
    return [(int(i), float(c.near(0.1, -0.2)[i])) for i in order]


def by_tile(c: Catalogues) -> Rows:
    counts = c.objects.groupby("tile").size()
    return [(int(tile), int(n)) for tile, n in counts[counts > 160].sort_index().items()]


def n_of_z(c: Catalogues) -> Rows:
    steps = np.floor(c.objects.z_phot * 10).astype(int)
    return [(int(step), int(n)) for step, n in steps.value_counts().sort_index().items()]


def in_map(c: Catalogues) -> Rows:
    return ids(MOC.from_string("2/3 20 5/2000-2100").contains_lonlat(c.places.ra, c.places.dec))


def cells(c: Catalogues) -> Rows:
    from cdshealpix.nested import lonlat_to_healpix

    found = pd.Series(lonlat_to_healpix(c.places.ra, c.places.dec, 1).astype(int))
    return [(int(cell), int(n)) for cell, n in found.value_counts().sort_index().items()]


def outer(c: Catalogues) -> Rows:
    left = c.spectra.merge(c.objects, left_on="object_id", right_on="id", how="left")
    return one(len(left), int(left.id.notna().sum()))


#: What is asked, with ``{o}`` and ``{s}`` for the tables, and what comes out; rows without ORDER BY in any order.
GOLDEN: dict[str, tuple[str, Callable[[Catalogues], Rows]]] = {
    "all rows are counted": ("SELECT COUNT(*) FROM {o}", lambda c: one(len(c.objects))),
    "missing values are not counted": (
        "SELECT COUNT(mag_i) FROM {o}",
        lambda c: one(int(c.objects.mag_i.notna().sum())),
    ),
    "different values": ("SELECT COUNT(DISTINCT tile) FROM {o}", lambda c: one(c.objects.tile.nunique())),
    "a cut": ("SELECT id FROM {o} WHERE mag_i < 22", lambda c: ids((c.objects.mag_i < 22).to_numpy())),
    "a cut and its complement leave out what is missing": (
        "SELECT COUNT(*) FROM {o} WHERE mag_i < 22 OR NOT (mag_i < 22)",
        lambda c: one(int(c.objects.mag_i.notna().sum())),
    ),
    "a range, ends included": (
        "SELECT id FROM {o} WHERE tile BETWEEN 3 AND 5",
        lambda c: ids(c.objects.tile.between(3, 5).to_numpy()),
    ),
    "a list": (
        "SELECT id FROM {o} WHERE kind IN ('star', 'QSO')",
        lambda c: ids(c.objects.kind.isin(["star", "QSO"]).to_numpy()),
    ),
    "a pattern in any case": (
        "SELECT COUNT(*) FROM {s} WHERE survey ILIKE '%cos%'",
        lambda c: one(int((c.spectra.survey == "zCOSMOS").sum())),
    ),
    "a pattern in its case": ("SELECT COUNT(*) FROM {s} WHERE survey LIKE '%cos%'", lambda _: one(0)),
    "missing magnitudes": (
        "SELECT id FROM {o} WHERE mag_i IS NULL",
        lambda c: ids(c.objects.mag_i.isna().to_numpy()),
    ),
    "a colour, the bluest first": (
        "SELECT TOP 9 id, mag_g - mag_i AS colour FROM {o} WHERE mag_i IS NOT NULL ORDER BY colour, id",
        lambda c: rows(
            c.objects.assign(x=c.objects.mag_g - c.objects.mag_i).dropna().sort_values(["x", "id"])[["id", "x"]].head(9)
        ),
    ),
    "a page of rows": (
        "SELECT TOP 4 id FROM {o} ORDER BY z_phot DESC OFFSET 10",
        lambda c: rows(c.objects.sort_values("z_phot", ascending=False)[["id"]].iloc[10:14]),
    ),
    "groups": ("SELECT kind, COUNT(*), AVG(mag_i), MIN(z_phot) FROM {o} GROUP BY kind ORDER BY kind", grouped),
    "groups of a size": (
        "SELECT tile, COUNT(*) AS n FROM {o} GROUP BY tile HAVING COUNT(*) > 160 ORDER BY tile",
        by_tile,
    ),
    "the redshift distribution": (
        "SELECT b, COUNT(*) FROM (SELECT FLOOR(z_phot * 10) AS b FROM {o}) AS q GROUP BY b ORDER BY b",
        n_of_z,
    ),
    "a histogram in one row": (
        "SELECT ivo_histogram(z_phot, 0, 2, 40) FROM {o}",
        lambda c: one(
            [
                0,
                *np.histogram(c.objects.z_phot[c.objects.z_phot < 2], 40, (0, 2))[0].tolist(),
                int((c.objects.z_phot >= 2).sum()),
            ]
        ),
    ),
    "sums and extremes": (
        "SELECT SUM(tile), MAX(mag_g), MIN(mag_g) FROM {o}",
        lambda c: one(int(c.objects.tile.sum()), c.objects.mag_g.max(), c.objects.mag_g.min()),
    ),
    "a median": ("SELECT pz_median(z_phot) FROM {o}", lambda c: one(float(c.objects.z_phot.median()))),
    "a quantile": ("SELECT pz_quantile(mag_i, 0.9) FROM {o}", lambda c: one(float(c.objects.mag_i.quantile(0.9)))),
    "whole division and remainder": (
        "SELECT COUNT(*) FROM {o} WHERE tile / 7 = 1 AND MOD(tile, 7) < 3",
        lambda c: one(int(((c.objects.tile // 7 == 1) & (c.objects.tile % 7 < 3)).sum())),
    ),
    "mathematics": (
        "SELECT id, SQRT(z_phot), LOG10(1 + z_phot), POWER(z_phot, 3) FROM {o} WHERE id < 5 ORDER BY id",
        lambda c: [(i, np.sqrt(z), np.log10(1 + z), z**3) for i, z in enumerate(c.objects.z_phot[:5])],
    ),
    "rounding": (
        "SELECT id, ROUND(mag_g, 1) FROM {o} WHERE id < 9 ORDER BY id",
        lambda c: [(i, round(m, 1)) for i, m in enumerate(c.objects.mag_g[:9])],
    ),
    "texts": (
        "SELECT DISTINCT UPPER(survey) || '-' || LOWER(survey) AS t FROM {s} ORDER BY t",
        lambda c: [(f"{name.upper()}-{name.lower()}",) for name in sorted(c.spectra.survey.unique(), key=str.upper)],
    ),
    "a cone": (
        "SELECT id FROM {o} WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(0, 0, 1))",
        lambda c: ids(c.near(0, 0) <= 1),
    ),
    "a cone in ADQL 2.0": (
        "SELECT id FROM {o} WHERE CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 359.5, -0.5, 0.7)) = 1",
        lambda c: ids(c.near(359.5, -0.5) <= 0.7),
    ),
    "a cone about the pole": (
        "SELECT id FROM {o} WHERE DISTANCE(ra, dec, 77, 90) < 0.5",
        lambda c: ids(c.near(77, 90) < 0.5),
    ),
    "everything but a cone": (
        "SELECT COUNT(*) FROM {o} WHERE 0 = CONTAINS(POINT(ra, dec), CIRCLE(0, 90, 2))",
        lambda c: one(int((c.near(0, 90) > 2).sum())),
    ),
    "more than a hemisphere": (
        "SELECT COUNT(*) FROM {o} WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(10, -80, 150))",
        lambda c: one(int((c.near(10, -80) <= 150).sum())),
    ),
    "the whole sky": (
        "SELECT COUNT(*) FROM {o} WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 180))",
        lambda c: one(len(c.objects)),
    ),
    "the nearest objects": (
        "SELECT TOP 5 id, DISTANCE(POINT(ra, dec), POINT(0.1, -0.2)) AS d FROM {o} ORDER BY d",
        nearest,
    ),
    "a coverage map": ("SELECT id FROM {o} WHERE 1 = CONTAINS(POINT(ra, dec), MOC('2/3 20 5/2000-2100'))", in_map),
    "cells of the sky": (
        "SELECT ivo_healpix_index(1, ra, dec) AS cell, COUNT(*) FROM {o} GROUP BY cell ORDER BY cell",
        cells,
    ),
    "a join by number": (
        "SELECT COUNT(*) FROM {o} AS o JOIN {s} AS s ON o.id = s.object_id",
        lambda c: one(len(joined(c))),
    ),
    "a join that keeps what has no partner": (
        "SELECT COUNT(*), COUNT(o.id) FROM {s} AS s LEFT OUTER JOIN {o} AS o ON o.id = s.object_id",
        outer,
    ),
    "objects without a spectrum": (
        "SELECT COUNT(*) FROM {o} AS o WHERE NOT EXISTS (SELECT 1 FROM {s} AS s WHERE s.object_id = o.id)",
        lambda c: one(int((~c.objects.id.isin(c.spectra.object_id)).sum())),
    ),
    "objects with a spectrum": (
        "SELECT COUNT(*) FROM {o} WHERE id IN (SELECT object_id FROM {s} WHERE survey = 'VVDS')",
        lambda c: one(int(c.objects.id.isin(c.spectra[c.spectra.survey == "VVDS"].object_id).sum())),
    ),
    "set operations": (
        "SELECT id FROM {o} EXCEPT SELECT object_id FROM {s} INTERSECT SELECT id FROM {o}",
        lambda c: ids((~c.objects.id.isin(c.spectra.object_id)).to_numpy()),
    ),
    "a union without duplicates": (
        "SELECT kind FROM {o} UNION SELECT survey FROM {s} ORDER BY 1",
        lambda c: [(name,) for name in sorted({*c.objects.kind, *c.spectra.survey})],
    ),
    "named queries": (
        """WITH bright AS (SELECT * FROM {o} WHERE mag_i < 22), seen AS (SELECT object_id FROM {s})
        SELECT COUNT(*) FROM bright JOIN seen ON id = object_id""",
        lambda c: one(int((joined(c).mag_i < 22).sum())),
    ),
    "a cross-match by distance": (
        """SELECT COUNT(*), MAX(DISTANCE(o.ra, o.dec, s.ra, s.dec)) FROM {o} AS o JOIN {s} AS s
        ON DISTANCE(o.ra, o.dec, s.ra, s.dec) < 0.0005""",
        lambda c: one(len(c.pairs(0.0005)[0]), c.pairs(0.0005)[2].max()),
    ),
    "a cross-match by circles": (
        "SELECT COUNT(*) FROM {s} AS s, {o} AS o WHERE 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(o.ra, o.dec, 0.01))",
        lambda c: one(len(c.pairs(0.01)[0])),
    ),
    "errors of photometric redshifts": (
        """SELECT AVG(pz_delta_z(z_phot, z_spec)), pz_nmad(pz_delta_z(z_phot, z_spec)),
        SUM(pz_outlier(z_phot, z_spec, 0.05))
        FROM {o} JOIN {s} ON id = object_id""",
        lambda c: one(delta(c).mean(), nmad(delta(c)), int((np.abs(delta(c)) > 0.05).sum())),
    ),
    "fluxes": (
        "SELECT id, pz_flux(mag_i) FROM {o} WHERE id < 20 ORDER BY id",
        lambda c: [
            (i, None if np.isnan(m) else float((m * u.ABmag).to(u.nJy).value))
            for i, m in enumerate(c.objects.mag_i[:20])
        ],
    ),
    "the first of what is there": (
        "SELECT SUM(COALESCE(mag_i, mag_g, 0)) FROM {o}",
        lambda c: one(float(c.objects.mag_i.fillna(c.objects.mag_g).sum())),
    ),
    "units": (
        "SELECT id, IN_UNIT(ra, 'arcmin') FROM {o} WHERE id < 3 ORDER BY id",
        lambda c: [(i, ra * 60) for i, ra in enumerate(c.objects.ra[:3])],
    ),
    "numbers as texts and back": (
        "SELECT COUNT(*) FROM {o} WHERE CAST(CAST(id AS VARCHAR) AS BIGINT) = id AND CAST(z_phot AS INTEGER) >= 0",
        lambda c: one(len(c.objects)),
    ),
    "texts of groups": (
        """SELECT COUNT(*) FROM (SELECT tile, ivo_string_agg(kind, ',') AS kinds FROM {o} GROUP BY tile) AS q
        WHERE 1 = ivo_hasword(kinds, 'qso')""",
        lambda c: one(int(c.objects[c.objects.kind == "QSO"].tile.nunique())),
    ),
}
