"""ADQL 2.1: a user's text becomes SQL of the engine, and each column of the result knows what it means.

``grammar.lark`` and `parser` read the text, `queries` and its neighbours compile it against a `Catalog`, `allowed`
looks at the result once more, `translation` is the way in.
"""

from tap.adql.catalog import Catalog, CatalogTable
from tap.adql.errors import QueryError, UnknownTableError
from tap.adql.functions.features import LANGUAGE_FEATURES, LanguageFeature
from tap.adql.parsing.words import RESERVED_WORDS, identifier
from tap.adql.translation import Translation, translate

__all__ = [
    "LANGUAGE_FEATURES",
    "RESERVED_WORDS",
    "Catalog",
    "CatalogTable",
    "LanguageFeature",
    "QueryError",
    "Translation",
    "UnknownTableError",
    "identifier",
    "translate",
]
