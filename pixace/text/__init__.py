"""Captions: words, their ids, and what a user asks for."""
