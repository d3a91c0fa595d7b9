"""Wavebands, and intervals of energy, of the bands that the UCDs of columns name (UCD1+ list 1.5, branch ``em``)."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

__all__ = ["spectral_intervals", "wavebands"]

#: Wavelengths of the words in micrometres, as their definitions state them.
_MICROMETRES: Mapping[str, tuple[float, float]] = {
    "em.uv.100-200nm": (0.1, 0.2),
    "em.uv.200-300nm": (0.2, 0.3),
    "em.opt.u": (0.3, 0.4),
    "em.opt.b": (0.4, 0.5),
    "em.opt.v": (0.5, 0.6),
    "em.opt.r": (0.6, 0.75),
    "em.opt.i": (0.75, 1.0),
    "em.ir.j": (1.0, 1.5),
    "em.ir.h": (1.5, 2.0),
    "em.ir.k": (2.0, 3.0),
    "em.ir.3-4um": (3.0, 4.0),
    "em.ir.4-8um": (4.0, 8.0),
    "em.ir.8-15um": (8.0, 15.0),
    "em.ir.15-30um": (15.0, 30.0),
}
_WAVEBANDS: Mapping[str, str] = {
    "em.gamma": "Gamma-ray",
    "em.x-ray": "X-ray",
    "em.uv": "UV",
    "em.opt": "Optical",
    "em.ir": "Infrared",
    "em.mm": "Millimeter",
    "em.radio": "Radio",
}
#: Planck's constant times the speed of light, both exact in the SI, in joule micrometres.
_HC = 6.62607015e-34 * 299_792_458 * 1e6


def wavebands(ucds: Iterable[str]) -> tuple[str, ...]:
    """Return the wavebands (IVOA vocabulary *messenger*) that UCDs name, from short to long waves."""
    words = _words(ucds)
    return tuple(
        name for root, name in _WAVEBANDS.items() if any(word == root or word.startswith(f"{root}.") for word in words)
    )


def spectral_intervals(ucds: Iterable[str]) -> tuple[tuple[float, float], ...]:
    """Return the energies of the bands that UCDs name, in joules, in order, without intervals that touch."""
    found = sorted(_MICROMETRES[word] for word in _words(ucds) if word in _MICROMETRES)
    joined: list[tuple[float, float]] = []
    for low, high in found:
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple((_HC / high, _HC / low) for low, high in reversed(joined))


def _words(ucds: Iterable[str]) -> frozenset[str]:
    return frozenset(word for ucd in ucds for word in _words_of(ucd))


@lru_cache(maxsize=4096)
def _words_of(ucd: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[;\s]+", ucd.lower()) if word.startswith("em."))
