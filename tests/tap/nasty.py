"""A catalogue of edge cases: names that need quotes, every type, and values at the ends of their ranges."""

from pathlib import Path

import numpy as np
from astropy.io.votable import writeto
from astropy.io.votable.tree import Field, Resource, TableElement, VOTableFile

__all__ = ["COLUMNS", "ROWS", "write_nasty_votable"]

#: Name, attributes of FIELD, and three values; None is a null.
COLUMNS: tuple[tuple[str, dict[str, str], tuple[object, object, object]], ...] = (
    ("ra", {"datatype": "double", "unit": "deg", "ucd": "pos.eq.ra;meta.main"}, (359.9999, 0.0, 12.5)),
    ("dec", {"datatype": "double", "unit": "deg", "ucd": "pos.eq.dec;meta.main"}, (89.9, -90.0, 0.5)),
    ("z", {"datatype": "double", "ucd": "src.redshift"}, (0.5, 1.5, 1e-3)),
    ("select", {"datatype": "int", "ucd": "meta.id;meta.main"}, (1, 2, 3)),
    ("Order", {"datatype": "long", "ucd": "meta.id"}, (2**63 - 1, -(2**53) - 1, None)),
    ("size", {"datatype": "short", "unit": "arcsec", "ucd": "phys.angSize"}, (-32767, None, 7)),
    ("from where", {"datatype": "unsignedByte"}, (0, 255, None)),
    ('quo"te', {"datatype": "float", "unit": "mag", "ucd": "phot.mag;em.opt.I"}, (24.5, None, 21.25)),
    ("dotted.name", {"datatype": "double"}, (1e308, -5e-324, None)),
    ("1st", {"datatype": "unicodeChar", "arraysize": "*"}, ("κόσμος 🌌", "", "a,b\"c'd\t<&>")),
    ("ünïcode", {"datatype": "char", "arraysize": "*"}, ("plain", "two words", None)),
    ("MixedCase", {"datatype": "boolean"}, (True, False, None)),
    ("TIMESTAMP", {"datatype": "char", "arraysize": "*", "xtype": "timestamp"}, ("2026-11-24T19:20:21", None, None)),
    (
        "point",
        {"datatype": "double", "arraysize": "2", "xtype": "point", "unit": "deg"},
        ([1.0, 2.0], [3.0, -4.0], None),
    ),
    ("flux[3]", {"datatype": "float", "arraysize": "3", "unit": "nJy"}, ([1.0, 2.0, 3.0], [4.0, 5.0, 6.5], None)),
    ("counts", {"datatype": "int", "arraysize": "*"}, ([1, 2, 3, 4], [], [7])),
    ("nothing", {"datatype": "double"}, (None, None, None)),
    ("_x", {"datatype": "int"}, (10, 20, 30)),
)

ROWS = 3


def write_nasty_votable(path: Path) -> None:
    """Write the catalogue as a VOTable in TABLEDATA, by astropy."""
    document = VOTableFile()
    resource = Resource()
    document.resources.append(resource)
    table = TableElement(document)
    resource.tables.append(table)
    for number, (name, attributes, _) in enumerate(COLUMNS):
        described = Field(document, name=name, ID=f"c{number}", **attributes)
        described.description = f"What {name} holds"
        table.fields.append(described)
    table.create_arrays(ROWS)
    for number, (_, attributes, values) in enumerate(COLUMNS):
        for row, value in enumerate(values):
            if value is None:
                table.array.mask[row][number] = True
            elif attributes.get("arraysize") == "*" and attributes["datatype"] == "int":
                table.array[row][number] = np.array(value, np.int32)
            else:
                table.array[row][number] = value
    writeto(document, str(path))
