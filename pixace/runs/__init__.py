"""What a training leaves: its folder, model files and checkpoints."""
