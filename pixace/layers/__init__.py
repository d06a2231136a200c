"""The layers that models are made of: attention, its cache, the loss, and the bridge to Trax."""
