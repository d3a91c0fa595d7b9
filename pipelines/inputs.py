"""What a run reads: products that are found, and looked at, before anything is queued."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from core.auth.models import Identity
from core.errors import InvalidValueError, NotFoundError
from products.inspection.meanings import MEANINGS
from products.models import FileRole, Product, ProductColumn, ProductFile, ProductStatus, Visibility
from products.service import ProductDetails, ProductService

__all__ = ["InputProduct", "Inputs"]

_LONGEST_NUMBER = 18
_KEYS = {meaning.alias: meaning.key for meaning in MEANINGS}


@dataclass(frozen=True, slots=True)
class InputProduct:
    """A product that a run may read.

    Parameters
    ----------
    columns
        Meaning (``ra``, ``z`` …) to the column that has it.
    stored_table
        Name of the Parquet file of its derived rows.
    """

    product: Product
    main_file: ProductFile
    columns: Mapping[str, str]
    stored_table: str | None

    @property
    def name(self) -> str:
        """The internal name."""
        return self.product.internal_name

    @property
    def is_open(self) -> bool:
        """Whether every registered user may read it."""
        return self.product.visibility in {Visibility.REGISTERED, Visibility.PUBLIC}


class Inputs:
    """Finds products for pipelines.

    Parameters
    ----------
    authority
        Of the ``vos:`` addresses of this server.
    """

    def __init__(self, products: ProductService, authority: str) -> None:
        self._products = products
        self._authority = authority

    def find(
        self,
        identity: Identity,
        references: Sequence[str],
        kinds: Iterable[str],
        field: str,
        columns: Mapping[str, Mapping[str, str | None]] | None = None,
    ) -> tuple[InputProduct, ...]:
        """Find the products that references name, each once.

        Parameters
        ----------
        references
            Numbers, internal names, or addresses like ``vos://authority/products/12_vvds``.
        kinds
            Names of the types of products that will do.
        field
            Name of the parameter, for sentences.
        columns
            By internal name, columns that have another meaning than their owner gave them.

        Raises
        ------
        InvalidValueError
            A product is not there, may not be read, or cannot be used; all of them are named.
        """
        found: dict[int, InputProduct] = {}
        wrong: list[str] = []
        for reference in references:
            try:
                one = self._one(identity, reference, frozenset(kinds), columns or {})
            except (InvalidValueError, NotFoundError) as error:
                wrong.append(error.message)
            else:
                found.setdefault(one.product.id, one)
        if wrong:
            raise InvalidValueError(" ".join(dict.fromkeys(wrong)), field=field)
        return tuple(found.values())

    def _one(
        self,
        identity: Identity,
        reference: str,
        kinds: frozenset[str],
        columns: Mapping[str, Mapping[str, str | None]],
    ) -> InputProduct:
        key = self._key(reference.strip())
        try:
            details = self._products.details(identity, key)
        except NotFoundError:
            raise NotFoundError(
                f"There is no product '{reference[:100]}' that you may read; name it by its number, its internal name, "
                "or its vos: address."
            ) from None
        product = details.product
        if product.product_type.name not in kinds:
            wanted = " or ".join(kind.display_name for kind in self._products.types() if kind.name in kinds)
            raise InvalidValueError(
                f"The product {product.internal_name} is of type {product.product_type.display_name}; this takes a "
                f"product of type {wanted}."
            )
        main_file = next((file for file in details.files if file.role is FileRole.MAIN), None)
        if product.status is not ProductStatus.PUBLISHED or main_file is None:
            raise InvalidValueError(
                f"The product {product.internal_name} is not published (it is {product.status.label.lower()})."
            )
        meanings = _meanings(details, columns.get(product.internal_name, {}))
        stored = None if details.table is None else details.table.stored_id
        return InputProduct(product, main_file, meanings, stored)

    def _key(self, reference: str) -> int | str:
        name = reference
        if reference.lower().startswith("vos:"):
            authority, _, path = reference[4:].lstrip("/").partition("/")
            # Authorities may be written with ! or ~ for the slashes of an IVOID (VOSpace 2.1 section 2.2).
            if authority.replace("!", "~").split("~")[0].lower() != self._authority.lower():
                raise InvalidValueError(
                    f"The address '{reference[:100]}' is not of this server, whose addresses begin with "
                    f"vos://{self._authority}."
                )
            parts = [unquote(part) for part in path.split("/") if part]
            if len(parts) not in {2, 3} or parts[0] != "products":
                raise InvalidValueError(
                    f"The address '{reference[:100]}' is not that of a product, such as "
                    f"vos://{self._authority}/products/12_vvds. Make a product of the file first."
                )
            name = parts[1]
        if "\0" in name:
            raise InvalidValueError("The name of a product has no NUL in it.")
        is_number = name.isascii() and name.isdecimal() and len(name) <= _LONGEST_NUMBER
        return int(name) if is_number else name


def _meanings(details: ProductDetails, chosen: Mapping[str, str | None]) -> dict[str, str]:
    """Give the columns of a product by their meaning, and check that they can be used as positions and redshifts."""
    name, by_name = details.product.internal_name, {item.column.name: item for item in details.columns}
    meanings = {_KEYS[item.alias]: item.column.name for item in details.columns if item.alias in _KEYS}
    for key, column in chosen.items():
        if column is None:
            meanings.pop(key, None)
        elif column not in by_name:
            some = ", ".join(list(by_name)[:8])
            raise InvalidValueError(f"The product {name} has no column '{column}', said to hold {key}; it has {some}.")
        else:
            meanings[key] = column
    needed = details.product.product_type.mandatory
    if missing := [key for key in needed if key not in meanings]:
        raise InvalidValueError(
            f"No column of the product {name} is said to hold {', '.join(missing)}; associate its columns first."
        )
    for key in needed:
        _check_numbers(name, key, by_name[meanings[key]])
    return meanings


def _check_numbers(product: str, key: str, item: ProductColumn) -> None:
    column = item.column
    if not column.is_numeric:
        raise InvalidValueError(
            f"The column '{column.name}' of the product {product}, said to hold {key}, does not hold numbers."
        )
    unit = (column.unit or "deg").strip().lower()
    if key in {"ra", "dec"} and unit not in {"deg", "degree", "degrees"}:
        raise InvalidValueError(
            f"The column '{column.name}' of the product {product}, said to hold {key}, is in {column.unit}; positions "
            "must be in degrees."
        )
