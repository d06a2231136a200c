"""What each command does, as calls in Python; one file a command, of the command's name."""
