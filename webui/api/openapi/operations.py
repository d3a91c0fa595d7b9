"""Descriptions of all operations of the REST API, by method and path."""

from collections.abc import Mapping

from webui.api.openapi.account_operations import ACCOUNT_OPERATIONS
from webui.api.openapi.catalogue_operations import CATALOGUE_OPERATIONS
from webui.api.openapi.challenge_operations import CHALLENGE_OPERATIONS
from webui.api.openapi.descriptions import OperationDoc
from webui.api.openapi.file_operations import FILE_OPERATIONS
from webui.api.openapi.process_operations import PROCESS_OPERATIONS
from webui.api.openapi.product_operations import PRODUCT_OPERATIONS

__all__ = ["OPERATIONS"]

#: Operations by method and path.
OPERATIONS: Mapping[tuple[str, str], OperationDoc] = {
    **ACCOUNT_OPERATIONS,
    **PRODUCT_OPERATIONS,
    **FILE_OPERATIONS,
    **PROCESS_OPERATIONS,
    **CHALLENGE_OPERATIONS,
    **CATALOGUE_OPERATIONS,
}
