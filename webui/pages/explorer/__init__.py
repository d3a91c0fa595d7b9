"""Pages of the data explorer: tables, their rows, columns and single rows."""
