"""How much of a picture is held."""

MAX_PIXELS = 64_000_000  # pixels held at once: 256 MB, and at most two more copies while converting
