"""Pictures of the pages for the documents."""
