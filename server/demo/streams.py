"""Independent streams of random numbers, one for each part of the simulation, all from one seed."""

import zlib

import numpy as np

__all__ = ["stream"]


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of a named part: changing how one part draws leaves the others as they were."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
