"""Small images as streams of tokens: finish photos, dream up new pictures."""

__version__ = "0.1.0"
