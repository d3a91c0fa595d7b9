"""Maps of Galactic reddening E(B-V) in files: that of 1998 (ApJ 500, 525), and HEALPix maps such as Planck's."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core.errors import InvalidValueError, UnreadableFileError
from core.sky.frames import rotated

__all__ = ["DustMap", "HealpixDust", "SfdDust", "open_dust"]

_Floats = npt.NDArray[np.float64]

#: Files of the map of 1998 by hemisphere, as its authors publish them.
_SFD = {1: "SFD_dust_4096_ngp.fits", -1: "SFD_dust_4096_sgp.fits"}


class DustMap(Protocol):
    """Protocol of a map of reddening."""

    def ebv(self, ra: _Floats, dec: _Floats) -> _Floats:
        """Return E(B-V) in magnitudes at positions in degrees (ICRS); NaN where the map has no value."""


class SfdDust:
    """The map of 1998: two polar projections in galactic coordinates (ApJ 500, 525, appendix C), interpolated.

    Raises
    ------
    InvalidValueError
        A file is missing.
    UnreadableFileError
        A file is not such a map.
    """

    def __init__(self, folder: Path) -> None:
        self._maps = {pole: _image(folder / name) for pole, name in _SFD.items()}

    def ebv(self, ra: _Floats, dec: _Floats) -> _Floats:
        """Return E(B-V) at positions, bilinearly between the four pixels around each."""
        from scipy.ndimage import map_coordinates

        lon, lat = np.radians(rotated("ICRS", "GALACTIC", np.column_stack([ra, dec]))).T
        found = np.full(len(ra), np.nan)
        for pole, (values, header) in self._maps.items():
            here = lat >= 0 if pole == 1 else lat < 0
            # Equal-area projection around the pole; CRPIX counts pixels from 1.
            radius = header["LAM_SCAL"] * np.sqrt(1 - pole * np.sin(lat[here]))
            x = header["CRPIX1"] - 1 + radius * np.cos(lon[here])
            y = header["CRPIX2"] - 1 - pole * radius * np.sin(lon[here])
            found[here] = map_coordinates(values, [y, x], order=1, mode="nearest")
        return found


class HealpixDust:
    """A HEALPix map in galactic coordinates, as the Planck collaboration publishes them; the nearest pixel decides.

    Parameters
    ----------
    column
        Column with the values.
    scale
        Magnitudes of E(B-V) for one unit of the values, 1.49e4 for the optical depth at 353 GHz (A&A 571, A11).

    Raises
    ------
    InvalidValueError
        The file is missing, or has no such column.
    UnreadableFileError
        The file is no HEALPix map in galactic coordinates.
    """

    def __init__(self, path: Path, column: str = "EBV", scale: float = 1.0) -> None:
        from astropy.io import fits

        if not path.is_file():
            raise _missing(path)
        try:
            with fits.open(path, memmap=True) as file:
                table = file[1]
                header, names = table.header, list(table.columns.names)
                if column not in names:
                    raise InvalidValueError(
                        f"The dust map {path.name} has no column '{column}'; it has {', '.join(names)}.",
                        field="dust.column",
                    )
                # Still mapped into memory: pages are read where positions are.
                self._values = table.data[column]
                self._nside, self._is_nested = int(header["NSIDE"]), header["ORDERING"].strip().upper() == "NESTED"
                frame = str(header.get("COORDSYS", "G")).strip().upper()
        except (OSError, KeyError, ValueError, IndexError) as error:
            raise UnreadableFileError(f"The file {path.name} is no HEALPix map: {error}") from error
        if not frame.startswith("G"):
            raise UnreadableFileError(
                f"The dust map {path.name} is in the frame '{frame}', not in galactic coordinates."
            )
        self._scale = scale

    def ebv(self, ra: _Floats, dec: _Floats) -> _Floats:
        """Return E(B-V) of the pixel of each position."""
        from astropy import units as u
        from astropy.coordinates import Latitude, Longitude
        from cdshealpix import nested, ring

        lon, lat = rotated("ICRS", "GALACTIC", np.column_stack([ra, dec])).T
        angles = Longitude(lon, u.deg), Latitude(np.clip(lat, -90, 90), u.deg)
        if self._is_nested:
            pixels = nested.lonlat_to_healpix(*angles, self._nside.bit_length() - 1)
        else:
            pixels = ring.lonlat_to_healpix(*angles, self._nside)
        # A table may have many pixels in a line.
        values = np.asarray(self._values).reshape(-1)[np.asarray(pixels, dtype=np.int64)]
        return np.asarray(values, dtype=np.float64) * self._scale


@lru_cache(maxsize=2)
def open_dust(kind: str, path: Path, column: str, scale: float) -> DustMap:
    """Open a map once in each process.

    Parameters
    ----------
    kind
        ``sfd``, whose path is the folder of its two files, or ``planck``, whose path is a file.
    """
    return SfdDust(path) if kind == "sfd" else HealpixDust(path, column, scale)


def _image(path: Path) -> tuple[npt.NDArray[np.float32], Mapping[str, Any]]:
    from astropy.io import fits

    if not path.is_file():
        raise _missing(path)
    try:
        with fits.open(path) as file:
            values, header = np.asarray(file[0].data, dtype=np.float32), dict(file[0].header)
        return values, {key: float(header[key]) for key in ("LAM_SCAL", "CRPIX1", "CRPIX2")}
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise UnreadableFileError(f"The file {path.name} is no map of dust of 1998: {error}") from error


def _missing(path: Path) -> InvalidValueError:
    return InvalidValueError(f"There is no dust map {path}. Download it, or set 'dust.path'.", field="dust.path")
