"""Every function that a query may call: its arguments, its result, and what the engine calls it.

One table rules all: the parser checks names and numbers of arguments against it, the compiler checks kinds and writes
the engine's name, the capabilities list what it offers, and nothing that is not in it is ever run. Standard functions
are those of ADQL 2.1 §2.3 and §4; the user-defined ones those of the IVOA catalogue of UDFs 1.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["FUNCTIONS", "USER_DEFINED", "Function", "Group", "Parameter"]

Group = Literal["math", "string", "aggregate", "geometry", "conditional", "unit", "udf"]

_MANY = 10_000


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument, with the type that capabilities show."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function of ADQL.

    Parameters
    ----------
    parameters
        The longest list of arguments; those after the first ``required`` may be left out.
    result
        Type of the result as capabilities show it; ``SAME`` for that of the first argument.
    engine
        The engine's function when it takes the same arguments; the rest is written out in `tap.adql.calls`.
    keeps_unit
        Whether the result has the unit of the first argument.
    """

    name: str
    group: Group
    parameters: tuple[Parameter, ...]
    result: str
    required: int
    most: int
    engine: str | None = None
    keeps_unit: bool = False
    description: str | None = None

    @property
    def form(self) -> str:
        """The signature, as TAPRegExt 1.0 §2.3 writes it."""
        arguments = ", ".join(f"{parameter.name} {parameter.type}" for parameter in self.parameters)
        return f"{self.name}({arguments}) -> {self.result}"


def _math(
    name: str, engine: str, arguments: str = "x", *, keeps_unit: bool = False, result: str = "DOUBLE"
) -> Function:
    names = arguments.split()
    required = sum(not argument.startswith("?") for argument in names)
    parameters = tuple(
        Parameter(argument.lstrip("?"), "INTEGER" if argument in {"?digits", "?seed"} else "DOUBLE")
        for argument in names
    )
    return Function(name, "math", parameters, result, required, len(names), engine, keeps_unit)


def _other(
    name: str,
    group: Group,
    arguments: str,
    result: str,
    *,
    required: int | None = None,
    most: int | None = None,
    engine: str | None = None,
    description: str | None = None,
) -> Function:
    pairs = (argument.split() for argument in arguments.split(",") if argument.strip())
    parameters = tuple(Parameter(pair[0], pair[1]) for pair in pairs)
    least = len(parameters) if required is None else required
    return Function(
        name, group, parameters, result, least, most or len(parameters), engine=engine, description=description
    )


_MATH = (
    _math("ABS", "abs", keeps_unit=True, result="SAME"),
    _math("CEILING", "ceil", keeps_unit=True),
    _math("DEGREES", "degrees"),
    _math("EXP", "exp"),
    _math("FLOOR", "floor", keeps_unit=True),
    _math("LOG", "ln"),
    _math("LOG10", "log10"),
    _math("MOD", "mod", "x y", keeps_unit=True, result="SAME"),
    _math("PI", "pi", ""),
    _math("POWER", "pow", "x y"),
    _math("RADIANS", "radians"),
    _math("RAND", "random", "?seed"),
    _math("ROUND", "round", "x ?digits", keeps_unit=True),
    _math("SQRT", "sqrt"),
    _math("TRUNCATE", "trunc", "x ?digits", keeps_unit=True),
    _math("ACOS", "acos"),
    _math("ASIN", "asin"),
    _math("ATAN", "atan"),
    _math("ATAN2", "atan2", "y x"),
    _math("COS", "cos"),
    _math("COT", "cot"),
    _math("SIN", "sin"),
    _math("TAN", "tan"),
)

_AGGREGATES = (
    _other("AVG", "aggregate", "x DOUBLE", "DOUBLE", engine="avg"),
    _other("COUNT", "aggregate", "x ANY", "BIGINT", required=0, engine="count"),
    _other("MAX", "aggregate", "x ANY", "SAME", engine="max"),
    _other("MIN", "aggregate", "x ANY", "SAME", engine="min"),
    _other("SUM", "aggregate", "x DOUBLE", "SAME", engine="sum"),
)

_STRINGS = (
    _other("LOWER", "string", "text VARCHAR", "VARCHAR", engine="lower"),
    _other("UPPER", "string", "text VARCHAR", "VARCHAR", engine="upper"),
)

_GEOMETRY = (
    _other("AREA", "geometry", "region REGION", "DOUBLE"),
    _other("BOX", "geometry", "ra DOUBLE, dec DOUBLE, width DOUBLE, height DOUBLE", "POLYGON", required=3, most=5),
    _other("CENTROID", "geometry", "region REGION", "POINT"),
    _other("CIRCLE", "geometry", "ra DOUBLE, dec DOUBLE, radius DOUBLE", "CIRCLE", required=2, most=4),
    _other("CONTAINS", "geometry", "inner REGION, outer REGION", "INTEGER"),
    _other("COORD1", "geometry", "position POINT", "DOUBLE"),
    _other("COORD2", "geometry", "position POINT", "DOUBLE"),
    _other("COORDSYS", "geometry", "region REGION", "VARCHAR"),
    _other("DISTANCE", "geometry", "ra1 DOUBLE, dec1 DOUBLE, ra2 DOUBLE, dec2 DOUBLE", "DOUBLE", required=2, most=4),
    _other("INTERSECTS", "geometry", "one REGION, other REGION", "INTEGER"),
    _other("POINT", "geometry", "ra DOUBLE, dec DOUBLE", "POINT", required=2, most=3),
    _other("POLYGON", "geometry", "ra1 DOUBLE, dec1 DOUBLE, ra2 DOUBLE", "POLYGON", required=3, most=_MANY),
    _other("REGION", "geometry", "stcs VARCHAR", "REGION"),
)

#: Functions of the IVOA's catalogue of UDFs that this service has.
USER_DEFINED = (
    _other(
        "ivo_hasword",
        "udf",
        "haystack VARCHAR, needle VARCHAR",
        "INTEGER",
        description="1 when the needle, a constant, is a word of the haystack in any case, else 0.",
    ),
    _other(
        "ivo_hashlist_has",
        "udf",
        "hashlist VARCHAR, item VARCHAR",
        "INTEGER",
        description="1 when the item, in lower case, is among the words of the list that # parts, else 0.",
    ),
    _other(
        "ivo_nocasematch",
        "udf",
        "value VARCHAR, pattern VARCHAR",
        "INTEGER",
        description="1 when the value is LIKE the pattern in any case, else 0.",
    ),
    _other(
        "ivo_string_agg",
        "udf",
        "expression VARCHAR, delimiter VARCHAR",
        "VARCHAR",
        engine="string_agg",
        description="The values of all rows of a group, with the delimiter between them.",
    ),
    _other(
        "ivo_healpix_index",
        "udf",
        "hpxOrder INTEGER, ra DOUBLE, dec DOUBLE",
        "BIGINT",
        required=2,
        description="Index of the HEALPix cell, NESTED, of an order from 0 to 29, in which the position of a table's "
        "row lies; a POINT may stand for ra and dec.",
    ),
)

_LIST = (
    *_MATH,
    *_AGGREGATES,
    *_STRINGS,
    *_GEOMETRY,
    _other("COALESCE", "conditional", "x ANY", "SAME", required=1, most=_MANY, engine="coalesce"),
    _other("IN_UNIT", "unit", "x DOUBLE, unit VARCHAR", "DOUBLE"),
    *USER_DEFINED,
)

#: Every function, by its name in upper case.
FUNCTIONS: Mapping[str, Function] = {function.name.upper(): function for function in _LIST}
