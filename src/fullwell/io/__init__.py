"""Files in and out: one codec a file.

Reading never looks at the extension: the first bytes choose the codec, and what failed is said. Writing goes by the
extension. `formats` holds both tables; codec libraries are imported by the codecs only.
"""

from fullwell.io.bracket import Found, Unreadable, drop_pixels, read_bracket, read_frame, read_frames
from fullwell.io.exposure import parse_times
from fullwell.io.header import max_megapixels
from fullwell.io.output import Encoding, check_output, is_result, read_recipe, write
from fullwell.io.plausible import written_time
from fullwell.io.radiance import read_radiance
from fullwell.io.rendition import HdrPicture, hdr_picture
from fullwell.io.selection import Selection, select
from fullwell.io.verify import Verified, shown, verify

__all__ = [
    "Encoding",
    "Found",
    "HdrPicture",
    "Selection",
    "Unreadable",
    "Verified",
    "check_output",
    "drop_pixels",
    "hdr_picture",
    "is_result",
    "max_megapixels",
    "parse_times",
    "read_bracket",
    "read_frame",
    "read_frames",
    "read_radiance",
    "read_recipe",
    "select",
    "shown",
    "verify",
    "write",
    "written_time",
]
