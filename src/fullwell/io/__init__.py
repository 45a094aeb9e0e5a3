"""Files in and out: one codec a file."""
