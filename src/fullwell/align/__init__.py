"""Align: find each frame's pose. Bracket to Bracket."""

from fullwell.params import lazy_family

__getattr__, __dir__ = lazy_family(__name__)
