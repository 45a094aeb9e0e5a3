"""Fuse: frames straight to a picture, without exposure times. Bracket to Picture."""

from fullwell.params import lazy_family

__getattr__, __dir__ = lazy_family(__name__)
