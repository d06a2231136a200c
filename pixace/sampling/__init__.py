"""Drawing: tokens out of a model's probabilities, one after the other."""
