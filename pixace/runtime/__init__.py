"""What a process runs with: the type of products, signals, streams, warnings."""
