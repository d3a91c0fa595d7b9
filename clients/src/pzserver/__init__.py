"""Client library of the Photo-z Server: find, read, query and upload data products.

Names are imported when they are first used (PEP 562), so that the import of this package takes a few milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pzserver.compat.api import PzRequests as PzRequests
    from pzserver.compat.catalogs import Catalog as Catalog
    from pzserver.compat.catalogs import SpeczCatalog as SpeczCatalog
    from pzserver.compat.catalogs import TrainingSet as TrainingSet
    from pzserver.compat.deprecations import get_version as get_version
    from pzserver.compat.pipeline import Pipeline as Pipeline
    from pzserver.compat.processes import CRCProcess as CRCProcess
    from pzserver.compat.processes import FailedRunError as FailedRunError
    from pzserver.compat.processes import Process as Process
    from pzserver.compat.processes import TSMProcess as TSMProcess
    from pzserver.compat.processes import VEProcess as VEProcess
    from pzserver.compat.products import PzProduct as PzProduct
    from pzserver.compat.uploads import RequiredColumnsException as RequiredColumnsException
    from pzserver.compat.uploads import UploadData as UploadData
    from pzserver.errors import AuthenticationError as AuthenticationError
    from pzserver.errors import BrokenDownloadError as BrokenDownloadError
    from pzserver.errors import InvalidValueError as InvalidValueError
    from pzserver.errors import NotFoundError as NotFoundError
    from pzserver.errors import PermissionDeniedError as PermissionDeniedError
    from pzserver.errors import PzServerError as PzServerError
    from pzserver.errors import RequestError as RequestError
    from pzserver.errors import RequiredColumnsError as RequiredColumnsError
    from pzserver.jobs import FailedJobError as FailedJobError
    from pzserver.products.product import Product as Product
    from pzserver.server import PzServer as PzServer
    from pzserver.tables.queries import OverflowWarning as OverflowWarning
    from pzserver.tables.queries import QueryJob as QueryJob
    from pzserver.tables.results import QueryResult as QueryResult
    from pzserver.uploads import PzUpload as PzUpload

__version__ = "1.0.0.dev0"

#: Modules of version 0.3, such as ``pzserver.upload``, are found there after those of this package.
__path__.append(f"{__path__[0]}/aliases")

#: Modules of this package, and the public names that they define.
_NAMES = {
    "compat.api": ("PzRequests",),
    "compat.catalogs": ("Catalog", "SpeczCatalog", "TrainingSet"),
    "compat.deprecations": ("get_version",),
    "compat.pipeline": ("Pipeline",),
    "compat.processes": ("CRCProcess", "FailedRunError", "Process", "TSMProcess", "VEProcess"),
    "compat.products": ("PzProduct",),
    "compat.uploads": ("RequiredColumnsException", "UploadData"),
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
