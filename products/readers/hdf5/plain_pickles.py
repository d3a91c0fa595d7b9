"""Parser of pickled lists of names in HDF5 attributes of pandas, which never unpickles them.

``pickletools.genops`` lists the instructions of a pickle. Those that build lists, tuples and dictionaries of texts and
numbers are interpreted; any other one, which could name code, is refused.
"""

import pickletools
from typing import Any

__all__ = ["plain_value"]

_MAX_BYTES = 1_000_000
_PLAIN = {"UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "STRING", "SHORT_BINSTRING", "BINSTRING",
          "INT", "LONG", "LONG1", "BININT", "BININT1", "BININT2", "FLOAT", "BINFLOAT"}  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_IGNORED = {"PROTO", "FRAME"}
_MARK = object()


def plain_value(pickled: bytes) -> object:
    """Return the value of a pickle of plain values.

    Raises
    ------
    ValueError
        It contains anything else, or is not a pickle.
    """
    if len(pickled) > _MAX_BYTES:
        raise ValueError("the pickle is too long")
    reader = _Reader()
    try:
        for instruction, argument, _ in pickletools.genops(pickled):
            if instruction.name == "STOP":
                return reader.stack[-1]
            reader.follow(instruction.name, argument)
    except (IndexError, KeyError, TypeError, AttributeError) as e:
        raise ValueError("the pickle is damaged") from e
    raise ValueError("the pickle has no end")


class _Reader:
    def __init__(self) -> None:
        self.stack: list[Any] = []  # values of any plain type
        self._memory: dict[int, Any] = {}

    def follow(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _PLAIN:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name == "MARK":
            stack.append(_MARK)
        elif name in {"EMPTY_LIST", "EMPTY_DICT", "EMPTY_TUPLE"}:
            stack.append({"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}[name]())
        elif name in {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}:
            self._memory[len(self._memory) if argument is None else argument] = stack[-1]
        elif name in {"GET", "BINGET", "LONG_BINGET"}:
            stack.append(self._memory[argument])
        elif name not in _IGNORED:
            self._build(name)

    def _build(self, name: str) -> None:
        stack = self.stack
        if name == "APPEND":
            value = stack.pop()
            stack[-1].append(value)
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            stack[-1][key] = value
        elif name in {"TUPLE1", "TUPLE2", "TUPLE3"}:
            count = int(name[-1])
            stack[-count:] = [tuple(stack[-count:])]
        elif name in {"LIST", "TUPLE"}:
            values = self._since_mark()
            stack.append(values if name == "LIST" else tuple(values))
        elif name == "DICT":
            values = self._since_mark()
            stack.append(dict(zip(values[::2], values[1::2], strict=True)))
        elif name == "APPENDS":
            values = self._since_mark()
            stack[-1].extend(values)
        elif name == "SETITEMS":
            values = self._since_mark()
            stack[-1].update(zip(values[::2], values[1::2], strict=True))
        else:
            raise ValueError(f"the pickle does more than to hold plain values ({name})")

    def _since_mark(self) -> list[Any]:
        values: list[Any] = []
        while (value := self.stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]
