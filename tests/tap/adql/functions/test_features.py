import re
from dataclasses import replace

import pytest

from tap.adql import LANGUAGE_FEATURES, Catalog, QueryError, translate
from tap.adql.parsing.parser import parse
from tap.identifiers import RESERVED_WORDS, identifier
from tests.tap.adql.sky import OBJECTS, SPECTRA

# Keys that STILTS 3.4.7 (taplint, stage CAP) knows.
_KNOWN = {"udf", "adqlgeo", "adql-string", "adql-sets", "adql-common-table", "adql-type", "adql-unit", "adql-offset"}


def test_features_have_keys_and_forms_that_validators_know():
    for feature in LANGUAGE_FEATURES:
        prefix, key = feature.type.split("#features-")
        assert prefix == "ivo://ivoa.net/std/TAPRegExt"
        assert key in _KNOWN
        if key == "udf":
            assert re.fullmatch(r"[A-Za-z]\w*\((\w+ [A-Z]+(, \w+ [A-Z]+)*)?\) -> [A-Z]+", feature.form)
            assert feature.description
    assert {feature.type.split("-", 1)[1] for feature in LANGUAGE_FEATURES} == _KNOWN


def test_names_are_quoted_when_they_are_no_names():
    assert identifier("mag_i") == "mag_i"
    for name in ("size", "Date", "1st", "_x", "a b", 'in"ch', "é", "ra.deg", "offset", *RESERVED_WORDS):
        written = identifier(name)
        assert written.startswith('"')
        item = parse(f"SELECT x AS {written} FROM t").body.items[0]
        assert item.alias.text == name


def test_catalogues_find_quoted_parts_and_tell_ambiguous_names():
    odd = replace(SPECTRA, name='"My Schema"."2.x""y"', engine_table="table_9")
    upper = replace(SPECTRA, name='cat."OBJECTS"', engine_table="table_8")
    catalog = Catalog([OBJECTS, odd, upper])
    assert translate('SELECT id FROM "My Schema"."2.x""y"', catalog).tables == (odd,)
    assert translate('SELECT id FROM cat."OBJECTS"', catalog).tables == (upper,)
    with pytest.raises(QueryError, match="ambiguous"):
        translate("SELECT id FROM cat.Objects", catalog)
