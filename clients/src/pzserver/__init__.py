"""Client library of the Photo-z Server: find, read, query and upload data products.

Names are imported when they are first used (PEP 562), so that the import of this package takes a few milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pzserver.compat.products import PzProduct as PzProduct
    from pzserver.errors import AuthenticationError as AuthenticationError
    from pzserver.errors import BrokenDownloadError as BrokenDownloadError
    from pzserver.errors import InvalidValueError as InvalidValueError
    from pzserver.errors import NotFoundError as NotFoundError
    from pzserver.errors import PermissionDeniedError as PermissionDeniedError
    from pzserver.errors import PzServerError as PzServerError
    from pzserver.errors import RequestError as RequestError
    from pzserver.errors import RequiredColumnsError as RequiredColumnsError
    from pzserver.jobs import FailedJobError as FailedJobError
    from pzserver.processes import CRCProcess as CRCProcess
    from pzserver.processes import FailedRunError as FailedRunError
    from pzserver.processes import Process as Process
    from pzserver.processes import TSMProcess as TSMProcess
    from pzserver.processes import VEProcess as VEProcess
    from pzserver.products.product import Product as Product
    from pzserver.server import PzServer as PzServer
    from pzserver.tables.queries import OverflowWarning as OverflowWarning
    from pzserver.tables.queries import QueryJob as QueryJob
    from pzserver.tables.results import QueryResult as QueryResult
    from pzserver.uploads import PzUpload as PzUpload

__version__ = "1.0.0.dev0"

#: Modules of this package, and the public names that they define.
_NAMES = {
    "compat.products": ("PzProduct",),
    "errors": (
        "AuthenticationError",
        "BrokenDownloadError",
        "InvalidValueError",
        "NotFoundError",
        "PermissionDeniedError",
        "PzServerError",
        "RequestError",
        "RequiredColumnsError",
    ),
    "jobs": ("FailedJobError",),
    "processes": ("CRCProcess", "FailedRunError", "Process", "TSMProcess", "VEProcess"),
    "products.product": ("Product",),
    "server": ("PzServer",),
    "tables.queries": ("OverflowWarning", "QueryJob"),
    "tables.results": ("QueryResult",),
    "uploads": ("PzUpload",),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = ["__version__", *_MODULES]  # noqa: PLE0604 - the names are texts


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        message = f"module 'pzserver' has no attribute '{name}'"
        raise AttributeError(message)
    return getattr(import_module(f"pzserver.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
