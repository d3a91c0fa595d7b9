"""Preparation of a release: a raw object table to the HATS catalogue that the Training Set Maker reads."""

from pipelines.training.releases.configuration import ReleaseConfiguration, load_release
from pipelines.training.releases.preparation import PreparedRelease, prepare_release

__all__ = ["PreparedRelease", "ReleaseConfiguration", "load_release", "prepare_release"]
