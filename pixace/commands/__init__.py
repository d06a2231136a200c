"""One command per file: names, help and glue; the work is done by `pixace.api` and `Trained`."""
