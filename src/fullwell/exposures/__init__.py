"""Exposures: how much light each frame took, by its settings or by its pixels. Bracket to Bracket."""

from fullwell.params import lazy_family

__getattr__, __dir__ = lazy_family(__name__)
