"""Look-up of the inputs of a run: products and files that its owner can read."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any

from core.auth.models import Identity
from core.errors import InvalidValueError, NotFoundError, UnreadableFileError
from pipelines.inputs.columns import InputTable, input_meanings, table_of_product
from pipelines.inputs.made_files import FactsOf
from pipelines.inputs.vospace_files import InputFile, InputNodes
from products.adjustments.options import AS_GIVEN, TableOptions
from products.models import FileRole, Product, ProductFile, ProductStatus
from products.product_types import product_type_by_name
from products.readers.recognition import HEAD_BYTES, checked_kind
from products.service import ProductDetails, ProductService
from products.sharing.audience import ANY_USER

__all__ = ["Inputs", "InspectInput", "RunInput"]

_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class RunInput:
    """An input of a run: the table of a product, or a file in the VOSpace.

    Parameters
    ----------
    name
        Internal name of the product, or a generated name of a file, whose number begins with 0 (no product has such
        one).
    label
        Name for display.
    kind
        Name of its product type in the run.
    address
        URI of a file in the VOSpace; None for the main file of a product.
    stored_id
        Id of its bytes in the file store; None for a folder in the VOSpace.
    read
        Yields the bytes of a folder, as a zip of its files, from a start to an end (exclusive).
    format
        Name of its format, if known without reading it.
    columns
        Meaning (``ra``, ``z`` …) to the column that has it.
    names
        Names of all columns; empty for a file that was not read yet.
    is_open
        Whether all registered users can read it.
    product
        The product, also for one of its auxiliary files.
    stored_table
        Name of the Parquet file of the derived rows of a product.
    options
        How the table is taken from the file; as for the rows of a product, else by what the file tells.
    facts
        What was recorded of the file when a run of this server made it; None if none did, or it was replaced.
    """

    name: str
    label: str
    kind: str
    address: str | None
    file_name: str
    size: int
    sha256: str
    stored_id: str | None
    modified: datetime
    format: str | None
    columns: Mapping[str, str]
    names: tuple[str, ...]
    is_open: bool
    product: Product | None = None
    stored_table: str | None = None
    options: TableOptions = field(default_factory=TableOptions)
    read: Callable[[int, int], Iterator[bytes]] | None = field(default=None, compare=False)
    facts: Mapping[str, Any] | None = field(default=None, compare=False)


#: Opens a file and returns its columns; not needed before a run is queued.
InspectInput = Callable[[RunInput], InputTable]


class Inputs:
    """Look-up of products and files for pipelines.

    Parameters
    ----------
    nodes
        Finds the nodes of ``vos:`` URIs.
    facts_of
        Returns what was recorded of a file that a run of this server made.
    """

    def __init__(self, products: ProductService, nodes: InputNodes, facts_of: FactsOf | None = None) -> None:
        self._products = products
        self._nodes = nodes
        self._facts_of = facts_of

    def check_address(self, reference: str) -> None:
        """Raise InvalidValueError when a reference is the URI of a node of another server."""
        if _is_address(reference):
            self._nodes.check(reference)

    def find(
        self,
        identity: Identity,
        references: Sequence[str],
        kinds: Sequence[str],
        field: str,
        columns: Mapping[str, Mapping[str, str | None]],
        inspect: InspectInput | None = None,
    ) -> tuple[RunInput, ...]:
        """Return the inputs of references, without duplicates.

        Parameters
        ----------
        references
            Numbers, internal names, or URIs like ``vos://authority~vospace/home/alice/vvds.csv``.
        kinds
            Names of accepted product types; a file in the VOSpace counts as the first of them.
        field
            Name of the parameter, for messages.
        columns
            Columns by meaning that replace the declared ones, by internal name or reference.
        inspect
            Returns the columns of files; without it, files are not read.

        Raises
        ------
        InvalidValueError
            An input does not exist, is not readable or is not usable; the message names all of them.
        """
        search = _Search(self._products, self._nodes, identity, tuple(kinds), columns, inspect, self._facts_of)
        found: dict[str, RunInput] = {}
        wrong: list[str] = []
        for reference in references:
            try:
                one = search.one(reference)
            except (InvalidValueError, NotFoundError, UnreadableFileError) as error:
                wrong.append(error.message)
            else:
                found.setdefault(one.address or one.name, one)
        if wrong:
            raise InvalidValueError(" ".join(dict.fromkeys(wrong)), field=field)
        return _numbered(tuple(found.values()))


@dataclass(frozen=True, slots=True)
class _Search:
    """One search for inputs of some kinds."""

    products: ProductService
    nodes: InputNodes
    identity: Identity
    kinds: tuple[str, ...]
    columns: Mapping[str, Mapping[str, str | None]]
    inspect: InspectInput | None
    facts_of: FactsOf | None

    def one(self, reference: str) -> RunInput:
        if not _is_address(reference):
            return self._product(reference, self._details(reference, reference))
        node = self.nodes.find(self.identity, reference)
        details = None if node.product is None else self._details(node.product, reference)
        if node.file is None:
            assert details is not None  # noqa: S101 - a node belongs to a product, is a file, or both
            return self._product(reference, details)
        main = None if details is None else _main_file(details)
        if details is not None and main is not None and main.name == node.file.name:
            return self._product(reference, details)
        return self._file(reference, node.file, None if details is None else details.product)

    def _details(self, name: str, reference: str) -> ProductDetails:
        if "\0" in name:
            raise InvalidValueError("The name of a product cannot contain a NUL character.")
        is_number = name.isascii() and name.isdecimal() and len(name) <= _LONGEST_NUMBER
        try:
            return self.products.details(self.identity, int(name) if is_number else name)
        except NotFoundError:
            raise NotFoundError(
                f"There is no product '{reference[:100]}' that you may read; use its number, its internal name, "
                "or its vos: address."
            ) from None

    def _product(self, reference: str, details: ProductDetails) -> RunInput:
        product = details.product
        if product.product_type.name not in self.kinds:
            wanted = " or ".join(kind.display_name for kind in self.products.types() if kind.name in self.kinds)
            raise InvalidValueError(
                f"The product {product.internal_name} is of type {product.product_type.display_name}; a product of "
                f"type {wanted} is needed."
            )
        file = _main_file(details)
        if product.status is not ProductStatus.PUBLISHED or file is None:
            raise InvalidValueError(
                f"The product {product.internal_name} is not published (it is {product.status.label.lower()})."
            )
        table, stored_format = table_of_product(details), file.details.get("format")
        return RunInput(
            name=product.internal_name,
            label=product.display_name,
            kind=product.product_type.name,
            address=None,
            file_name=file.name,
            size=file.size,
            sha256=file.sha256,
            stored_id=file.stored_id,
            modified=product.updated_at,
            format=str(stored_format) if stored_format else None,
            columns=input_meanings(
                table, self._chosen(reference, product.internal_name), product.product_type.mandatory
            ),
            names=table.names,
            is_open=self._is_open(product),
            product=product,
            stored_table=None if details.table is None else details.table.stored_id,
            options=_options_of(details),
            facts=None if self.facts_of is None else self.facts_of(product.id, file.sha256),
        )

    def _file(self, reference: str, file: InputFile, product: Product | None) -> RunInput:
        if not file.size:
            raise InvalidValueError(f"The file {file.address} is empty (0 bytes).")
        if file.stored_id is None and not file.is_folder:
            raise InvalidValueError(f"The file {file.address} is not a table.")
        kind = checked_kind(file.name, b"".join(file.read(0, min(file.size, HEAD_BYTES))))
        found = RunInput(
            name=file.name,
            label=file.name,
            kind=self.kinds[0],
            address=file.address,
            file_name=file.name,
            size=file.size,
            sha256=file.sha256,
            stored_id=file.stored_id,
            modified=file.modified,
            format=kind,
            columns={key: column for key, column in self._chosen(reference, file.address).items() if column},
            names=(),
            is_open=file.is_open,
            product=product,
            read=file.read if file.is_folder else None,
        )
        if self.inspect is None:
            return found
        table, needed = self.inspect(found), product_type_by_name(self.kinds[0]).mandatory
        meanings = input_meanings(table, self._chosen(reference, file.address), needed)
        return replace(found, columns=meanings, names=table.names)

    def _is_open(self, product: Product) -> bool:
        try:
            self.products.get(ANY_USER, product.id)
        except NotFoundError:
            return False
        return True

    def _chosen(self, *names: str) -> dict[str, str | None]:
        return {key: column for name in names for key, column in self.columns.get(name, {}).items()}


def _options_of(details: ProductDetails) -> TableOptions:
    """Return the options by which the rows of a product were taken from its file; none is decided anew."""
    options = TableOptions() if details.table is None else TableOptions.from_object(details.table.options)
    return options if options.position else replace(options, position=AS_GIVEN)


def _main_file(details: ProductDetails) -> ProductFile | None:
    return next((file for file in details.files if file.role is FileRole.MAIN), None)


def _numbered(found: tuple[RunInput, ...]) -> tuple[RunInput, ...]:
    """Name files by the sorted order of their URIs, so that the order in the request does not matter."""
    addresses = sorted(each.address for each in found if each.address is not None)
    return tuple(
        each if each.address is None else replace(each, name=f"0{addresses.index(each.address) + 1}_{_stem(each)}")
        for each in found
    )


def _stem(file: RunInput) -> str:
    name = PurePath(file.file_name.partition(".")[0]).name
    return re.sub(r"\W+", "_", name).strip("_")[:60] or "file"


def _is_address(reference: str) -> bool:
    return reference.lower().startswith("vos:")
