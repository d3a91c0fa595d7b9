"""The VO grammar that every service speaks: settings, errors, columns, documents, accounts. It knows no product."""
