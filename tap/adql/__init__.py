"""Translator from ADQL 2.1 to the SQL of the engine, with the metadata of each column of the result.

`parsing` makes a syntax tree of the text, `compiler` makes SQL of the tree and a `Catalog`, `functions` and `geometry`
compile calls. `translation` is the entry point; other packages import only the names below.
"""

from tap.adql.catalog import Catalog, CatalogTable, TableResolver
from tap.adql.errors import QueryError, UnknownTableError
from tap.adql.functions.features import LANGUAGE_FEATURES, REGISTRY_FEATURES, LanguageFeature
from tap.adql.functions.table import FUNCTIONS
from tap.adql.named_tables import check_named_tables
from tap.adql.near_joins import NearJoin
from tap.adql.scans import Scan
from tap.adql.translation import Translation, translate

__all__ = [
    "FUNCTIONS",
    "LANGUAGE_FEATURES",
    "REGISTRY_FEATURES",
    "Catalog",
    "CatalogTable",
    "LanguageFeature",
    "NearJoin",
    "QueryError",
    "Scan",
    "TableResolver",
    "Translation",
    "UnknownTableError",
    "check_named_tables",
    "translate",
]
