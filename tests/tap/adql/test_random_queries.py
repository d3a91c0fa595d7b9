"""Whatever a query is, it is translated or refused with a place; never another error."""

from hypothesis import given
from hypothesis import strategies as st

from tap.adql import Catalog, QueryError, translate
from tests.support.fuzzing import cases, refusal_of
from tests.tap.adql.sky import OBJECTS, SPECTRA

CATALOG = Catalog([OBJECTS, SPECTRA])

_WORDS = (
    *("SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "JOIN", "NATURAL", "LEFT", "ON", "USING", "UNION"),
    *("WITH", "AS", "TOP", "DISTINCT", "ALL", "OFFSET", "BETWEEN", "LIKE", "ILIKE", "IN", "IS", "NOT", "NULL", "AND"),
    *("OR", "EXISTS", "CAST", "CASE", "POINT", "CIRCLE", "POLYGON", "BOX", "REGION", "CONTAINS", "DISTANCE", "COUNT"),
    *("(", ")", ",", ".", "*", "+", "-", "/", "||", "=", "<", ">=", "<>", "'", '"', "''", "--", "/*", ";", "\n"),
    *("1", "0", "-1", "1e400", "0x1F", "3.14", "'text'", '"quoted"', "t", "a", "b", "ra", "dec", "z", "sky.objects"),
)
_LIKELY = st.lists(st.sampled_from(_WORDS) | st.text(max_size=4), max_size=40).map(" ".join)
_MUTATED = st.tuples(
    st.sampled_from((
        "SELECT TOP 5 ra, dec FROM sky.objects WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(10, -5, 0.5)) ORDER BY z DESC",
        "WITH near AS (SELECT z FROM sky.objects WHERE z < 0.1) SELECT COUNT(*) AS n, AVG(z) FROM near GROUP BY z",
        "SELECT a.ra FROM sky.objects AS a JOIN sky.objects AS b ON a.objid = b.objid WHERE a.z IN (1) UNION SELECT 1",
    )),
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 8), st.sampled_from(_WORDS)), min_size=1, max_size=4),
)  # fmt: skip


def _changed(query: str, changes: list[tuple[int, int, str]]) -> str:
    for at, length, word in changes:
        query = f"{query[:at]}{word}{query[at + length :]}"
    return query


@given(_LIKELY | _MUTATED.map(lambda drawn: _changed(*drawn)) | st.text(max_size=60))
@cases(300)
def test_a_query_is_translated_or_refused(query: str):
    refused = refusal_of(lambda: translate(query, CATALOG, row_limit=10))
    assert refused is None or isinstance(refused, QueryError)
