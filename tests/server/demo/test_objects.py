import numpy as np
import pyarrow.compute as pc
import pytest

# Median 5-sigma depths of the coadds, from the table of the DP1 paper (arXiv:2603.23786).
DEPTHS = {
    "ECDFS": (24.55, 26.18, 25.96, 25.71, 24.88, 23.10),
    "EDFS": (23.42, 25.77, 25.14, 25.17, 24.47, 23.14),
    "Rubin_SV_95_-25": (24.21, 25.16, 24.98, 24.74, 24.41, 22.68),
}
CENTRES = {"ECDFS": (53.13, -28.10), "EDFS": (59.10, -48.73), "Rubin_SV_95_-25": (95.00, -25.00)}


def test_there_are_about_two_hundred_thousand_objects_in_three_fields(objects):
    assert 190_000 < objects.num_rows < 210_000
    assert set(pc.unique(objects["field"]).to_pylist()) == set(DEPTHS)


@pytest.mark.parametrize("field", DEPTHS)
def test_each_field_is_a_disc_around_its_centre(objects, field):
    rows = objects.filter(pc.equal(objects["field"], field))
    ra, dec = CENTRES[field]
    x = (rows["coord_ra"].to_numpy() - ra) * np.cos(np.radians(dec))
    y = rows["coord_dec"].to_numpy() - dec
    assert np.hypot(x, y).max() < 0.33
    assert abs(np.median(x)) < 0.03
    assert abs(np.median(y)) < 0.03


@pytest.mark.parametrize("field", DEPTHS)
def test_magnitudes_at_the_depth_are_measured_at_five_sigma(objects, field):
    rows = objects.filter(pc.equal(objects["field"], field))
    for band, depth in zip("ugrizy", DEPTHS[field], strict=True):
        magnitudes = rows[f"{band}_cModelMag"].to_numpy()
        errors = rows[f"{band}_cModelMagErr"].to_numpy()
        near = np.abs(magnitudes - depth) < 0.05
        assert near.sum() > 100
        assert np.median(errors[near]) == pytest.approx(0.2, rel=0.03)
        bright = magnitudes < depth - 6
        assert errors[bright].max() < 0.02
        assert errors[bright].min() >= 0.00499


def test_errors_are_the_scatter_of_the_colours_of_faint_stars(objects):
    # Stars of the main sequence scatter by 0.03 mag around their locus, so that faint ones show the errors alone.
    stars = objects.filter(pc.and_(pc.equal(objects["z_true"], 0), pc.equal(objects["field"], "EDFS")))
    colour = stars["r_cModelMag"].to_numpy() - stars["i_cModelMag"].to_numpy()
    blue = stars["g_cModelMag"].to_numpy() - stars["r_cModelMag"].to_numpy() < 0.6
    error = np.hypot(stars["r_cModelMagErr"].to_numpy(), stars["i_cModelMagErr"].to_numpy())
    faint = blue & (error > 0.15) & (error < 0.2)
    spread = 1.4826 * np.nanmedian(np.abs(colour[faint] - np.nanmedian(colour[faint])))
    assert spread == pytest.approx(np.median(error[faint]), rel=0.35)


def test_magnitudes_and_errors_are_missing_together_and_i_never(objects):
    for band in "ugrizy":
        assert objects[f"{band}_cModelMag"].is_null().equals(objects[f"{band}_cModelMagErr"].is_null())
    assert objects["i_cModelMag"].null_count == 0
    assert 0 < objects["u_cModelMag"].null_count < objects.num_rows


def test_identifiers_need_all_of_sixty_four_bits(objects):
    identifiers = objects["objectId"].to_numpy()
    assert (identifiers.astype(np.float64).astype(np.int64) != identifiers).mean() > 0.9
    assert len(np.unique(identifiers)) == len(identifiers)


def test_galaxies_have_the_redshifts_of_their_depth(objects):
    # p(z|i) ~ z² exp(-z/z0), z0 = 0.0417 i - 0.744 (LSST Science Book, section 3.7.2), has its median at 2.674 z0.
    i, z = objects["i_cModelMag"].to_numpy(), objects["z_true"].to_numpy()
    for middle in (21.0, 23.0, 24.5):
        there = (np.abs(i - middle) < 0.1) & (z > 0)
        assert np.median(z[there]) == pytest.approx(2.674 * (0.0417 * middle - 0.744), rel=0.12)


def test_counts_of_galaxies_are_those_of_the_science_book(objects):
    # 46 * 10**(0.31 (i - 25)) in a square arcminute; the disc has 1158 of them, less some holes.
    rows = objects.filter(pc.equal(objects["field"], "ECDFS"))
    number = np.sum((rows["i_cModelMag"].to_numpy() < 24) & (rows["z_true"].to_numpy() > 0))
    assert number == pytest.approx(46 * 10**-0.31 * np.pi * (0.32 * 60) ** 2, rel=0.12)


def test_red_galaxies_follow_the_four_thousand_angstrom_break(objects):
    # The break crosses from g to r near z = 0.4: the reddest g-r rises until there.
    rows = objects.filter(pc.less(objects["i_cModelMag"], 22.0))
    z, colour = rows["z_true"].to_numpy(), rows["g_cModelMag"].to_numpy() - rows["r_cModelMag"].to_numpy()
    reddest = [np.nanpercentile(colour[np.abs(z - middle) < 0.03], 95) for middle in (0.1, 0.25, 0.4)]
    assert reddest[0] < reddest[1] < reddest[2]
    assert 0.8 < reddest[0] < 1.3
    assert 1.5 < reddest[2] < 2.1


def test_galaxies_are_clustered_and_stars_are_not(objects):
    rows = objects.filter(pc.equal(objects["field"], "ECDFS"))
    ra, dec, z = (rows[name].to_numpy() for name in ("coord_ra", "coord_dec", "z_true"))

    def variance_over_poisson(chosen):
        counts, _, _ = np.histogram2d(ra[chosen], dec[chosen], bins=10, range=[[52.97, 53.29], [-28.24, -27.96]])
        return counts.var() / counts.mean()

    assert variance_over_poisson((z > 0.6) & (z < 0.7)) > 1.8
    assert variance_over_poisson(z == 0) < 1.8


def test_bright_stars_and_galaxies_are_told_apart_and_faint_ones_are_not(objects):
    i, star = objects["i_cModelMag"].to_numpy(), objects["z_true"].to_numpy() == 0
    right = (objects["refExtendedness"].to_numpy() == 0) == star
    assert right[i < 22].mean() > 0.98
    assert right[star & (i > 24.5)].mean() < 0.9
