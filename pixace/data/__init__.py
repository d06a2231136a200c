"""Token sets: from pictures of a source to rows of integers on disk, and to batches."""
