"""Other libraries' names for the same work."""
