"""Compiler from the syntax tree of ADQL to SQL trees of the engine."""
