"""Simulated camera."""
