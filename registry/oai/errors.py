"""The errors of OAI-PMH 2.0 §3.6, which are answered with status 200."""

from typing import ClassVar

from core.errors import PhotozError

__all__ = [
    "BadArgumentError",
    "BadResumptionTokenError",
    "BadVerbError",
    "CannotDisseminateFormatError",
    "HarvestError",
    "IdDoesNotExistError",
    "NoMetadataFormatsError",
    "NoRecordsMatchError",
    "NoSetHierarchyError",
]


class HarvestError(PhotozError):
    """Base of the errors of harvests."""

    code: ClassVar[str] = "badArgument"
    status: ClassVar[int] = 200


class BadArgumentError(HarvestError):
    """An argument is illegal, missing, repeated, or has a value of the wrong form."""


class BadVerbError(HarvestError):
    """The verb is missing, repeated or unknown."""

    code = "badVerb"


class BadResumptionTokenError(HarvestError):
    """A resumption token is invalid or has expired."""

    code = "badResumptionToken"


class CannotDisseminateFormatError(HarvestError):
    """The repository, or the record, does not have the metadata format."""

    code = "cannotDisseminateFormat"


class IdDoesNotExistError(HarvestError):
    """There is no record with the identifier."""

    code = "idDoesNotExist"


class NoRecordsMatchError(HarvestError):
    """No record matches from, until, set and metadataPrefix."""

    code = "noRecordsMatch"


class NoMetadataFormatsError(HarvestError):
    """A record has no metadata format."""

    code = "noMetadataFormats"


class NoSetHierarchyError(HarvestError):
    """The repository has no sets."""

    code = "noSetHierarchy"
