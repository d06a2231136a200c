"""Pictures, read and written: what a person sees, of one size."""
