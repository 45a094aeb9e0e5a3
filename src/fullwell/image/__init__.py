"""The nouns: Frame, Bracket, Response, Radiance, Picture. Each is frozen, owns its arrays and says their units."""

from fullwell.color import Array
from fullwell.image.bracket import Bracket
from fullwell.image.frame import Camera, Exposure, Frame, Metadata, Pose, Settled, as_codes, histogram, widened
from fullwell.image.light import BLACK_IN_ALL, CLIPPED_IN_ALL, LAYERS, Ghosts, Picture, Radiance, Response, mixed_sigma
from fullwell.image.mosaic import Mosaic
from fullwell.image.saturation import saturation

__all__ = [
    "BLACK_IN_ALL",
    "CLIPPED_IN_ALL",
    "KEPT_BYTES",
    "LAYERS",
    "Array",
    "Bracket",
    "Camera",
    "Exposure",
    "Frame",
    "Ghosts",
    "Metadata",
    "Mosaic",
    "Picture",
    "Pose",
    "Radiance",
    "Response",
    "Settled",
    "as_codes",
    "histogram",
    "mixed_sigma",
    "saturation",
    "widened",
]

KEPT_BYTES = 1_000_000_000  # decoded frames that may be in memory together; more are decoded one per core, and again
