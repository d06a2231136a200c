"""gin at the edge: files, what they may bind, and arguments that are short for bindings."""
