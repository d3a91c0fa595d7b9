"""Decoding of the forms of qp that are stored as densities on a grid: packed and sparse representations.

The arithmetic is qp's own. A basis of sparse representations is made once for a file.
"""

from collections.abc import Callable, Mapping

import numpy as np

from products.readers.base import EnsembleTables

__all__ = ["Decoder", "decoder_of"]

#: From the parameters of some objects, by name, to their densities on the grid.
Decoder = Callable[[Mapping[str, np.ndarray]], np.ndarray]

_SPARSE_ROWS = 1000
_LARGEST_BASIS = 50_000_000


def decoder_of(form: str, tables: EnsembleTables) -> Decoder:
    """Return the decoder of a form of `products.readers.qp.forms.DECODED_FORMS`.

    Raises
    ------
    KeyError, ValueError
        The shared values of the ensemble are missing or impossible.
    """
    return _sparse(tables) if form == "sparse" else _packed(tables)


def _packed(tables: EnsembleTables) -> Decoder:
    from qp.parameterizations.packed_interp.packing_utils import PackingType, unpack_array

    kind = PackingType(int(np.ravel(tables.meta["packing_type"])[0]))
    floor = float(np.ravel(tables.meta["log_floor"])[0])

    def decoded(parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        packed = parameters["ypacked"].astype(np.uint8)
        return np.asarray(unpack_array(kind, packed, row_max=parameters["ymax"], log_floor=floor))

    return decoded


def _sparse(tables: EnsembleTables) -> Decoder:
    from qp.parameterizations.sparse_interp import sparse_rep

    shared = {key: np.ravel(tables.meta[key]) for key in ("xvals", "mu", "sig", "dims")}
    if len(shared["xvals"]) * float(np.prod(shared["dims"][:3], dtype=np.float64)) > _LARGEST_BASIS:
        message = "the basis of the sparse representation is too large"
        raise ValueError(message)
    basis = sparse_rep.create_basis(shared)

    def decoded(parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        indices = parameters["sparse_indices"].astype(np.int64)
        densities = np.empty((len(indices), len(basis)))
        for first in range(0, len(indices), _SPARSE_ROWS):
            rows = slice(first, first + _SPARSE_ROWS)
            members, weights = sparse_rep.decode_sparse_indices(indices[rows])
            densities[rows] = np.einsum("gnk,nk->ng", basis[:, members], weights)
        return densities

    return decoded
