"""Tone map: radiance to a picture a display can show. Radiance to Picture."""

from fullwell.params import lazy_family

__getattr__, __dir__ = lazy_family(__name__)
