"""HDR pictures as displays receive them: PQ or HLG codes in the primaries of Rec.2020, and how bright they are.

Source: ITU-R BT.2100-2; diffuse white at 203 cd/m2 after ITU-R BT.2408; content light levels after CTA-861.3;
the mastering display after SMPTE ST 2086.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fullwell.color import primaries
from fullwell.errors import InputError
from fullwell.image import Array, Metadata, Radiance, as_codes
from fullwell.io import exif, formats, profile, rendition
from fullwell.io.header import upright
from fullwell.io.rendition import HdrPicture
from fullwell.kernels._jit import f
from fullwell.kernels.encode import OCTAVES, STEPS, encode_signal

if TYPE_CHECKING:
    from fullwell.io.output import Encoding

PRIMARIES = 9  # of Rec.2020, in the code points of ITU-T H.273, as these:
TRANSFER = {name: code for code, name in profile.HDR.items()}
PQ_PEAK, PEAK, WHITE = 10_000.0, 1000.0, 203.0  # cd/m2: top of PQ, of a usual display (and of HLG); diffuse white
BLACK = 0.005  # cd/m2, the most that BT.2100 allows a reference display
M1, M2 = 2610 / 16384, 2523 / 4096 * 128  # of PQ
C1, C2, C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
A, B, C = 0.17883277, 0.28466892, 0.55991073  # of HLG
HLG_GAMMA = 1.2  # of the system, for that display


class Signal(NamedTuple):
    """(h, w, 3) uint16 codes of so many bits, full range, and what goes with them."""

    codes: Array
    transfer: int
    brightest: int  # cd/m2, of the brightest channel of a pixel
    average: int  # cd/m2, of that over all pixels
    peak: float  # cd/m2, of the display that it is made for
    exif: bytes
    meta: Metadata

    def levels(self) -> tuple[int, int]:
        """MaxCLL and MaxFALL, cd/m2, as two bytes each hold them."""
        return min(self.brightest, 65535), min(self.average, 65535)

    def mastering(self, order: str) -> tuple[int, ...]:
        """The colour volume of the mastering display after SMPTE ST 2086, which is the reference display of BT.2100.

        x and y of the primaries in this order and of white in 1 / 50000, peak and black in 1 / 10000 cd/m2.
        """
        p = primaries("rec2020")
        points = {"r": p.red, "g": p.green, "b": p.blue}
        chromaticities = [round(n * 50_000) for xy in (*(points[c] for c in order), p.white) for n in xy]
        return (*chromaticities, round(self.peak * 10_000), round(BLACK * 10_000))


def rendered(hdr: HdrPicture, encoding: Encoding) -> rendition.Rendition:
    """The rendition that the codes hold, in Rec.2020."""
    return rendition.rendition(hdr, "rec2020", peak(encoding) / encoding.nits)


def peak(encoding: Encoding) -> float:
    """cd/m2 of the display that the codes are for."""
    asked = encoding.headroom(PEAK / encoding.nits) * encoding.nits
    return min(asked, PEAK) if encoding.transfer == "hlg" else asked


def read_radiance(path: Path) -> Radiance:
    """The light of a PQ or HLG picture, 203 cd/m2 being 1.0, HLG as on a display of 1000 cd/m2.

    Raises InputError for a picture with another transfer function, and for damage.
    """
    header = formats.read_header(path)
    code_points = header.cicp or (1, 13)
    if code_points[1] not in profile.HDR:
        raise InputError(
            f"{path}: is no radiance file but a picture, neither PQ nor HLG; "
            "to merge photographs: fullwell make FRAMES... -o OUT."
        )
    name = profile.cicp_primaries(code_points[0])
    light = decode(as_codes(header.decode(), str(path)), profile.HDR[code_points[1]], name)
    rgb = upright(light, 1 if header.turned else exif.read(header.exif).orientation)
    return Radiance(rgb, name, meta=Metadata(header.exif, (str(path),), xmp=header.xmp, iptc=header.iptc))


def decode(codes: Array, transfer: str, name: str) -> Array:
    """Codes (h, w, 3) to display light, float32, 203 cd/m2 being 1.0: the EOTF of BT.2100-2, tables 4 and 5.

    HLG is shown by the luminance of the primaries of this name, under their own white, as BT.2100 has it.
    """
    levels = np.iinfo(codes.dtype).max + 1
    signal = np.arange(levels) / (levels - 1)
    if transfer == "pq":
        p = signal ** (1 / M2)
        light = (np.maximum(p - C1, 0) / (C2 - C3 * p)) ** (1 / M1) * PQ_PEAK / WHITE
        return np.asarray(light.astype(np.float32)[codes])
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - C) / A) + B) / 12).astype(np.float32)[codes]
    lum = np.maximum(scene @ primaries(name).luminance.astype(np.float32), np.float32(1e-12))
    return np.asarray(lum[..., None] ** np.float32(HLG_GAMMA - 1) * scene * np.float32(PEAK / WHITE))


def encode(hdr: HdrPicture, encoding: Encoding, bits: int) -> Signal:
    """The rendition of a scene as codes 0 to 2 ** bits - 1."""
    rgb, how = hdr.scene.rgb, rendered(hdr, encoding)
    codes: Array = np.empty(rgb.shape, np.uint16)
    levels = np.empty((len(rgb), 2))
    hlg = encoding.transfer == "hlg"
    encode_signal(
        rgb, how.matrix, f(how.knee), f(how.bend),
        f(encoding.nits / (PEAK if hlg else PQ_PEAK)), primaries("rec2020").luminance.astype(np.float32),
        f(1 / HLG_GAMMA - 1 if hlg else 0), curve(encoding.transfer, bits), levels, codes,
    )  # fmt: skip
    h, w, _ = codes.shape
    brightest = float(levels[:, 0].max()) * encoding.nits
    average = float(levels[:, 1].sum()) / (h * w) * encoding.nits
    meta = (hdr.base or hdr.scene).meta
    block = exif.of_result(meta, h, w, exif.UNCALIBRATED)
    return Signal(codes, TRANSFER[encoding.transfer], round(brightest), round(average), peak(encoding), block, meta)


@cache
def curve(transfer: str, bits: int) -> Array:
    """Light to codes 0 to 2 ** bits - 1, for `encode_signal`: the inverse EOTF of PQ, the OETF of HLG, as above.

    The straight lines between its points are within 0.04 of a 16-bit code.
    """
    octaves, steps = np.divmod(np.arange(OCTAVES * STEPS + 2), STEPS)
    light = np.minimum((1 + steps / STEPS) * 2.0 ** (octaves - OCTAVES), 1)
    if transfer == "pq":
        p = light**M1
        signal = ((C1 + C2 * p) / (1 + C3 * p)) ** M2
    else:
        signal = np.where(light <= 1 / 12, np.sqrt(3 * light), A * np.log(np.maximum(12 * light - B, B)) + C)
    return (signal * ((1 << bits) - 1)).astype(np.float32)
