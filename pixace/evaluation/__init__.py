"""How good tokenizers and models are, in numbers."""
