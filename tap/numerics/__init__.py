"""Arithmetic on the sky and on whole columns that SQL has no words for, for the translator and for query processes.

Nothing here knows ADQL or an engine, and importing it is cheap: query processes are small until they need more.
"""
