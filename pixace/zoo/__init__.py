"""Trained models that come along with pixace, and those that it knows where to get."""
