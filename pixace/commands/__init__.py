"""One command per file: names, help and glue; the work is done by one call in Python."""
