"""XHTML pages of TAP: the query form and the DALI examples."""
