"""Training: the loops, the steps, what is evaluated and written on the way."""
