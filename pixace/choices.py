"""The words that a user may choose among, for what reads them and for what offers them.

Nothing is imported here, so that the command line can offer them without loading what they mean.
"""

ORDERS = ("raster", "column", "patch:n", "snake", "spiral", "spiral:out", "hilbert", "zcurve")
PLANS = ("crop", "pad", "stretch", "center")  # for a picture of other proportions
NEAREST = "nearest"  # of itself or behind one of these: no colours are mixed
FITS = (*PLANS, NEAREST)
ALPHAS = ("blend", "threshold")  # what becomes of half-transparent pixels
COLORS = "hsv:5,4,4"  # where nobody says otherwise
