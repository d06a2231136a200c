"""The shape of the model that pixace and its peers are measured with."""

SHAPE = {"vocab": 8194, "length": 1024, "d_model": 256, "d_ff": 1024, "layers": 4, "heads": 8}
