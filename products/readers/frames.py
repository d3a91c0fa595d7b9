"""Frames of the sky as files declare them, in the names of the IVOA vocabulary refframe."""

import re
from collections.abc import Mapping

__all__ = ["frame_of_header", "frame_of_system"]

_NAMES: Mapping[str, str] = {
    "fk4": "FK4",
    "eqfk4": "FK4",
    "fk5": "FK5",
    "eqfk5": "FK5",
    "icrs": "ICRS",
    "galactic": "GALACTIC",
    "supergalactic": "SUPER_GALACTIC",
    "eclfk4": "ECLIPTIC",
    "eclfk5": "ECLIPTIC",
    "ecliptic": "ECLIPTIC",
}
#: Equinoxes of frames whose files declare none (VOTable 1.4 §3.2, FITS 4.0 §8.3).
_EQUINOXES: Mapping[str, str] = {"FK4": "B1950", "FK5": "J2000", "ECLIPTIC": "J2000"}
_BESSELIAN_UNTIL = 1984


def frame_of_system(system: str, equinox: str | None) -> str | None:
    """Return the frame of a COOSYS of VOTable, or of another declaration: ``FK4(B1950)``; None without a system.

    Parameters
    ----------
    system
        Such as ``eq_FK4``, ``ICRS`` or ``galactic``; a name that is not known is returned in upper case.
    equinox
        Such as ``B1950``, ``J2000`` or ``2000.0``.
    """
    plain = re.sub(r"[\s_-]+", "", system).lower()
    if not plain:
        return None
    name = _NAMES.get(plain, re.sub(r"[^\w.+-]", "_", system.strip()).upper()[:40])
    year = _equinox(equinox, name) or ("B1950" if plain == "eclfk4" else _EQUINOXES.get(name))
    return f"{name}({year})" if name in _EQUINOXES else name


def frame_of_header(header: Mapping[str, object]) -> str | None:
    """Return the frame of equatorial coordinates that the header of a FITS table declares (FITS 4.0 §8.3, table 24).

    Parameters
    ----------
    header
        The keywords RADESYS (or RADECSYS of older files) and EQUINOX (or EPOCH), which may be missing.
    """
    declared = header.get("RADESYS") or header.get("RADECSYS")
    year = next((header[key] for key in ("EQUINOX", "EPOCH") if header.get(key) not in {None, ""}), None)
    if isinstance(declared, str) and declared.strip():
        system = declared.strip().upper().removesuffix("-NO-E")
        return frame_of_system(system, None if year is None else str(year))
    if isinstance(year, int | float) and not isinstance(year, bool):
        return frame_of_system("FK4" if year < _BESSELIAN_UNTIL else "FK5", str(year))
    return None


def _equinox(text: str | None, frame: str) -> str | None:
    """Return an equinox with its letter; without one, years are Besselian in FK4 and Julian in FK5."""
    found = re.fullmatch(r"([BJ]?)(\d{4})(\.\d+)?", (text or "").strip().upper())
    if found is None:
        return None
    before = frame == "FK4" or (frame != "FK5" and int(found[2]) < _BESSELIAN_UNTIL)
    letter = found[1] or ("B" if before else "J")
    fraction = (found[3] or "").rstrip("0").rstrip(".")
    return f"{letter}{found[2]}{fraction}"
