"""Finish: a mapped or fused picture to one that may be shown. Picture to Picture."""

from fullwell.params import lazy_family

__getattr__, __dir__ = lazy_family(__name__)
