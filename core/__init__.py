"""What every service shares: settings, database, errors, accounts, HTTP, files, VOTable, VOSI. Knows no product."""
