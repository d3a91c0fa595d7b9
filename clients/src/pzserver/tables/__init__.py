"""Rows of tables through TAP, sent as Arrow."""

__all__: list[str] = []
