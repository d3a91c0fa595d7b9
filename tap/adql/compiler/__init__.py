"""Compiler of ADQL: names are resolved, and the syntax tree becomes SQL of the engine."""
