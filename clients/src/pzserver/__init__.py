"""Find, read, query and upload the data products of a Photo-z Server."""

from importlib.metadata import version

from pzserver.errors import (
    AuthenticationError,
    BrokenDownloadError,
    InvalidValueError,
    NotFoundError,
    PermissionDeniedError,
    PzServerError,
    RequestError,
    RequiredColumnsError,
)
from pzserver.products import PzProduct
from pzserver.server import PzServer
from pzserver.uploads import PzUpload

__all__ = [
    "AuthenticationError",
    "BrokenDownloadError",
    "InvalidValueError",
    "NotFoundError",
    "PermissionDeniedError",
    "PzProduct",
    "PzServer",
    "PzServerError",
    "PzUpload",
    "RequestError",
    "RequiredColumnsError",
    "__version__",
]

__version__ = version("pzserver")
