"""How much of a picture is held."""

LIMIT = 64_000_000  # pixels held at once: 256 MB, and at most two more copies while converting
