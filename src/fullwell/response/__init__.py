"""Response: how code values stand for exposure. Bracket to Response."""

from fullwell.params import lazy_family

__getattr__, __dir__ = lazy_family(__name__)
