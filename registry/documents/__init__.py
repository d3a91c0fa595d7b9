"""XML documents of records: VOResource and Dublin Core."""
