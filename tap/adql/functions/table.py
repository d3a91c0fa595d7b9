"""Table of all functions that a query may call.

Names and numbers of arguments are checked against it, the compiler takes the compilers of calls from it, and the
capabilities list it; functions that are not in it are refused. Each function is declared in the file that compiles it.
"""

from collections.abc import Mapping

from tap.adql.functions.aggregates import AGGREGATES
from tap.adql.functions.arrays import ARRAY_FUNCTIONS
from tap.adql.functions.choices import CHOICE_FUNCTIONS
from tap.adql.functions.densities import DENSITY_FUNCTIONS
from tap.adql.functions.foreign import FOREIGN_FUNCTIONS
from tap.adql.functions.frames import FRAME_FUNCTIONS
from tap.adql.functions.geometric import GEOMETRIC_FUNCTIONS
from tap.adql.functions.group_statistics import STATISTIC_FUNCTIONS
from tap.adql.functions.ivoa import IVOA_FUNCTIONS
from tap.adql.functions.photoz import PHOTOZ_FUNCTIONS
from tap.adql.functions.shapes import COVERAGE_FUNCTIONS, SHAPE_FUNCTIONS
from tap.adql.functions.signatures import Function
from tap.adql.functions.standard import STANDARD_FUNCTIONS

__all__ = ["FUNCTIONS", "USER_DEFINED", "functions_by_name"]


def functions_by_name(*functions: Function) -> Mapping[str, Function]:
    """Return functions by their names in upper case."""
    return {function.name.upper(): function for function in functions}


_GEOMETRY = sorted((*GEOMETRIC_FUNCTIONS, *SHAPE_FUNCTIONS), key=lambda function: function.name)

#: Every user-defined function, in the order of capabilities.
USER_DEFINED: tuple[Function, ...] = (
    *IVOA_FUNCTIONS,
    *FRAME_FUNCTIONS,
    *PHOTOZ_FUNCTIONS,
    *DENSITY_FUNCTIONS,
    *ARRAY_FUNCTIONS,
    *STATISTIC_FUNCTIONS,
    *FOREIGN_FUNCTIONS,
    *COVERAGE_FUNCTIONS,
)

#: Every function, by its name in upper case.
FUNCTIONS: Mapping[str, Function] = functions_by_name(
    *STANDARD_FUNCTIONS, *CHOICE_FUNCTIONS, *AGGREGATES, *_GEOMETRY, *USER_DEFINED
)
