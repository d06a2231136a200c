"""Ground for what goes to disk: whole or absent, cached, flat, and read as mere data."""
