"""Merge: registered frames to linear radiance. Bracket and Response to Radiance."""

from fullwell.params import lazy_family

__getattr__, __dir__ = lazy_family(__name__)
