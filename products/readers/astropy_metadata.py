"""Column metadata of astropy (units, descriptions, masks): the YAML of ECSV, also found in HDF5 and Parquet.

ECSV 1.0 (https://github.com/astropy/astropy-APEs/blob/main/APE6.rst). The YAML is read without creating objects: all
tags are ignored.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from products.readers.errors import DamagedFileError
from products.readers.frames import frame_of_system

__all__ = ["AstropyColumn", "AstropyMetadata", "astropy_metadata"]

_MAX_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class AstropyColumn:
    """Metadata of one column; ``meanings`` has keys of ``core.columns``."""

    name: str
    datatype: str
    subtype: str | None
    meanings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AstropyMetadata:
    """The header of a table written by astropy.

    Parameters
    ----------
    masks
        For a column whose missing values are marked in another one: the name of that other column.
    """

    columns: Mapping[str, AstropyColumn] = field(default_factory=dict)
    masks: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = " "

    def meanings(self, name: str) -> Mapping[str, str]:
        """Return the metadata of a column, by the keys of ``core.columns``."""
        return self.columns[name].meanings if name in self.columns else {}


class _PlainLoader(yaml.SafeLoader):
    """YAML loader that ignores tags and returns plain mappings, sequences and scalars."""

    def plain(self, _suffix: str, node: yaml.Node) -> object:
        if isinstance(node, yaml.MappingNode):
            return self.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return self.construct_sequence(node, deep=True)
        return node.value


_PlainLoader.add_multi_constructor("", _PlainLoader.plain)


def astropy_metadata(text: str, name: str) -> AstropyMetadata:
    """Parse the YAML that describes a table.

    Raises
    ------
    DamagedFileError
        When it is not YAML, or describes no columns.
    """
    if len(text) > _MAX_BYTES:
        raise DamagedFileError(f"The description of the columns of {name} is longer than {_MAX_BYTES} bytes.")
    try:
        header = _loaded(text)
        columns = [_column(item) for item in header["datatype"]]
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
        raise DamagedFileError(
            f"The description of the columns of {name} is not the YAML that astropy writes. Write the file again."
        ) from e
    frames = _frames(header.get("meta"))
    return AstropyMetadata(
        columns={
            column.name: replace(column, meanings={**column.meanings, "frame": frames[column.name]})
            if column.name in frames
            else column
            for column in columns
        },
        masks=_masks(header.get("meta")),
        delimiter=str(header.get("delimiter", " ")),
    )


def _loaded(text: str) -> Any:  # YAML may hold anything; the caller looks
    loader = _PlainLoader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _column(item: Mapping[str, Any]) -> AstropyColumn:
    meta = _as_mapping(item.get("meta"))
    known = {key: meta.get(key) for key in ("ucd", "utype", "xtype", "density")}
    known |= {"unit": item.get("unit"), "description": item.get("description")}
    meanings = {key: str(value) for key, value in known.items() if isinstance(value, str) and value}
    subtype = item.get("subtype")
    return AstropyColumn(str(item["name"]), str(item["datatype"]), None if subtype is None else str(subtype), meanings)


def _masks(meta: object) -> dict[str, str]:
    serialized = _as_mapping(_as_mapping(meta).get("__serialized_columns__"))
    masks = {}
    for parts in serialized.values():
        data, mask = (_as_mapping(_as_mapping(parts).get(key)).get("name") for key in ("data", "mask"))
        if isinstance(data, str) and isinstance(mask, str):
            masks[data] = mask
    return masks


def _frames(meta: object) -> dict[str, str]:
    """Return the frames of the columns in which coordinates (SkyCoord of astropy) are kept."""
    frames: dict[str, str] = {}
    for parts in _as_mapping(_as_mapping(meta).get("__serialized_columns__")).values():
        described = _as_mapping(parts)
        system = described.get("frame")
        if not isinstance(system, str):
            continue
        frame = frame_of_system(system, _equinox(_as_mapping(described.get("equinox"))))
        if frame is not None:
            frames |= dict.fromkeys(_column_names(described), frame)
    return frames


def _column_names(item: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of columns in a description of any depth."""
    if isinstance(item.get("name"), str):
        yield item["name"]
    for value in item.values():
        yield from _column_names(_as_mapping(value))


def _equinox(item: Mapping[str, Any]) -> str | None:
    """Return the equinox that astropy keeps as a time."""
    day = (item.get("jd1"), item.get("jd2"))
    if not all(isinstance(part, int | float) for part in day):
        return None
    from astropy.time import Time

    time = Time(*day, format="jd", scale="tt")
    return f"B{time.byear:.4f}" if str(item.get("format", "")).startswith("byear") else f"J{time.jyear:.4f}"


def _as_mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping from a mapping, or from a list of pairs or of one-key mappings."""
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, Sequence) or isinstance(value, str):
        return {}
    merged: dict[str, Any] = {}
    for item in value:
        if isinstance(item, Mapping):
            merged |= item
        elif isinstance(item, tuple) and len(item) == 2:
            merged[str(item[0])] = item[1]
    return merged
