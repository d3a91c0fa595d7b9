"""LALR parser of ADQL 2.1 (Appendix A): the text of a query to its syntax tree."""

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import ClassVar, cast

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from tap.adql.errors import QueryError
from tap.adql.limits import MAX_QUERY_BYTES, yield_to_other_threads
from tap.adql.parsing.size import check_size
from tap.adql.parsing.tree_builder import SyntaxBuilder
from tap.adql.tree import Query
from tap.identifiers import FUNCTION_WORDS, KEYWORDS, RESERVED_WORDS, TYPE_WORDS

__all__ = ["parse"]

#: Tokens after which other threads may run: about a millisecond.
_TOKENS_AT_ONCE = 32

_TERMINAL_NAMES: Mapping[str, str] = {
    "NAME": "a name",
    "STRING": "a 'text'",
    "INTEGER_NUMBER": "a whole number",
    "FUNCTION": "a function",
    "TYPE": "a type",
    "COMPARISON": "a comparison",
    "CONCAT": "||",
    "PLUS": "+",
    "MINUS": "-",
    "STAR": "*",
    "SLASH": "/",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COLON": ":",
    "COMMA": "a comma",
    "DOT": "a point",
    "SEMICOLON": ";",
    "$END": "the end of the query",
}

_VALUE_STARTS = frozenset(
    {
        "CASE",
        "DECIMAL_NUMBER",
        "DELIMITED",
        "FUNCTION",
        "INTEGER_NUMBER",
        "LPAR",
        "MINUS",
        "NAME",
        "NULL",
        "PLUS",
        "STRING",
    }
)
_VALUE_NEXT = frozenset({"CONCAT", "LSQB", "PLUS", "MINUS", "STAR", "SLASH"})
_LIMIT = re.compile(r"\bLIMIT\s*\Z", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")


def parse(query: str) -> Query:
    """Parse a query.

    Names of tables, columns and functions are not checked here.

    Parameters
    ----------
    query
        ADQL 2.1, as the user wrote it.

    Raises
    ------
    QueryError
        The text is not ADQL 2.1, or is larger than `tap.adql.limits` allow.
    """
    _check_text(query)
    check_size(query)
    try:
        return cast("Query", _parser().parse(query))
    except UnexpectedToken as error:
        raise _token_error(query, error) from None
    except UnexpectedCharacters as error:
        raise _character_error(query, error) from None


@cache
def _parser() -> Lark:
    """Return the parser, built once for each process (about a tenth of a second)."""
    grammar = files("tap.adql.parsing").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        maybe_placeholders=True,
        transformer=SyntaxBuilder(),
        lexer_callbacks={"NAME": _classify_word},
        postlex=_Pauses(),
    )


class _Pauses:
    """Filter of the token stream that lets other threads run now and then."""

    always_accept: ClassVar[tuple[str, ...]] = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        for count, token in enumerate(stream):
            if count % _TOKENS_AT_ONCE == _TOKENS_AT_ONCE - 1:
                yield_to_other_threads()
            yield token


def _classify_word(token: Token) -> Token:
    word = token.upper()
    if word in KEYWORDS:
        return Token.new_borrow_pos(word, token.value, token)
    if word in FUNCTION_WORDS:
        return Token.new_borrow_pos("FUNCTION", token.value, token)
    if word in TYPE_WORDS:
        return Token.new_borrow_pos("TYPE", token.value, token)
    if word in RESERVED_WORDS:
        return Token.new_borrow_pos("RESERVED", token.value, token)
    return token


def _check_text(query: str) -> None:
    if len(query) > MAX_QUERY_BYTES or len(query.encode("utf-8", "replace")) > MAX_QUERY_BYTES:
        raise QueryError(f"The query is longer than {MAX_QUERY_BYTES} bytes", None, "upload the long part as a table")
    if not query.strip():
        raise QueryError("The query is empty")
    forbidden = _FORBIDDEN.search(query)
    if forbidden:
        start = forbidden.start()
        line, column = query.count("\n", 0, start) + 1, start - query.rfind("\n", 0, start)
        raise QueryError(f"The character U+{ord(forbidden.group()):04X} is not allowed", (line, column))


def _token_error(query: str, error: UnexpectedToken) -> QueryError:
    token = error.token
    if token.type == "$END":
        return QueryError(f"The query ends too early; expected {_expected(error.accepts or error.expected)}")
    at = (int(token.line), int(token.column))
    text = str(token)
    found = f"Found {text[:40]!r}" if len(text) <= 40 else f"Found {text[:37]!r}..."
    # In FROM the word is first read as an alias, so that the number after it is what was not expected.
    if text.upper() == "LIMIT" or _LIMIT.search(query, 0, token.start_pos or 0):
        return QueryError(found, at, "ADQL limits the number of rows by TOP, not LIMIT: SELECT TOP 10 ...")
    if token.type not in {"$END", "SEMICOLON"} and (error.accepts or error.expected) == {"$END"}:
        return QueryError(found, at, "a query is one SELECT, with nothing after a semicolon")
    wants_name = "NAME" in (error.accepts or error.expected)
    if wants_name and text.upper() in RESERVED_WORDS:
        return QueryError(
            f"Found {text!r}, a reserved word of ADQL,",
            at,
            f'write "{text}" in double quotes if it is a name; else expected '
            + _expected(error.accepts or error.expected),
        )
    expected = error.accepts or error.expected
    near = difflib.get_close_matches(text.upper(), expected & KEYWORDS, n=1, cutoff=0.7)
    hint = f"; did you mean {near[0]}?" if near else ""
    return QueryError(found, at, f"expected {_expected(expected)}{hint}")


def _expected(terminals: set[str]) -> str:
    left = set(terminals) - {"DELIMITED", "DECIMAL_NUMBER", "RESERVED", "SEMICOLON"}
    words: list[str] = []
    if len(_VALUE_STARTS & left) >= 6:
        left -= _VALUE_STARTS
        words.append("a value")
    if left >= _VALUE_NEXT:
        left -= _VALUE_NEXT
        words.append("an operator")
    words.extend(sorted(_TERMINAL_NAMES.get(terminal, terminal) for terminal in left))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _character_error(query: str, error: UnexpectedCharacters) -> QueryError:
    at = (error.line, error.column)
    character = query[error.pos_in_stream] if error.pos_in_stream is not None else ""
    if character == "'":
        return QueryError("The text that begins", at, "has no closing quote ('); a quote inside is written twice")
    if character == '"':
        return QueryError("The quoted name that begins", at, 'is empty or has no closing quote (")')
    if character.isdigit() or character == ".":
        return QueryError("What begins as a number", at, "goes on with letters or points; put a space between them")
    return QueryError(f"The character {character!r} is not part of ADQL", at)
