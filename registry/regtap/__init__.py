"""Relational registry: the records of this server as rows of the tables of RegTAP 1.1."""

from registry.regtap.source import RegistryTableSource

__all__ = ["RegistryTableSource"]
