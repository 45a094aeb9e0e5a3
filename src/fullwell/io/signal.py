"""HDR pictures as displays receive them: PQ or HLG codes in the primaries of Rec.2020, and how bright they are.

Source: ITU-R BT.2100-2; diffuse white at 203 cd/m2 after ITU-R BT.2408; content light levels after CTA-861.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fullwell.color import primaries
from fullwell.image import Array, Metadata
from fullwell.io import exif, rendition
from fullwell.io.rendition import HdrPicture
from fullwell.kernels._jit import f
from fullwell.kernels.encode import C1, C2, C3, M1, M2, A, B, C, encode_hlg, encode_pq

if TYPE_CHECKING:
    from fullwell.io.output import Encoding

PRIMARIES = 9  # of Rec.2020, in the code points of ITU-T H.273, as these:
TRANSFER = {"pq": 16, "hlg": 18}
PQ_PEAK, PEAK = 10_000.0, 1000.0  # cd/m2: the top of PQ; of a usual display, which HLG is made for
HLG_GAMMA = 1.2  # of the system, for that display


class Signal(NamedTuple):
    """(h, w, 3) uint16 codes of so many bits, full range, and what goes with them."""

    codes: Array
    transfer: int
    brightest: int  # cd/m2, of the brightest channel of a pixel
    average: int  # cd/m2, of that over all pixels
    exif: bytes
    meta: Metadata


def rendered(hdr: HdrPicture, encoding: Encoding) -> rendition.Rendition:
    """The rendition that the codes hold, in Rec.2020."""
    peak = encoding.headroom(PEAK / encoding.nits) * encoding.nits
    if encoding.transfer == "hlg":
        peak = min(peak, PEAK)
    return rendition.rendition(hdr, "rec2020", peak / encoding.nits)


def decode(signal: Array, encoding: Encoding) -> Array:
    """Signal (h, w, 3) 0 to 1 to display light, 1.0 being diffuse white: the EOTF of BT.2100-2, tables 4 and 5."""
    signal = signal.astype(np.float64)
    if encoding.transfer == "pq":
        p = signal ** (1 / M2)
        return (np.maximum(p - C1, 0) / (C2 - C3 * p)) ** (1 / M1) * PQ_PEAK / encoding.nits
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - C) / A) + B) / 12)
    lum = np.maximum(scene @ primaries("rec2020").luminance, 1e-12)
    return lum[..., None] ** (HLG_GAMMA - 1) * scene * PEAK / encoding.nits


def encode(hdr: HdrPicture, encoding: Encoding, bits: int) -> Signal:
    """The rendition of a scene as codes 0 to 2 ** bits - 1."""
    light = rendition.light(hdr, rendered(hdr, encoding))
    codes: Array = np.empty(light.shape, np.uint16)
    top = f((1 << bits) - 1)
    if encoding.transfer == "pq":
        encode_pq(light, f(encoding.nits / PQ_PEAK), top, codes)
    else:
        weights = primaries("rec2020").luminance.astype(np.float32)
        encode_hlg(light, f(encoding.nits / PEAK), weights, f(HLG_GAMMA), top, codes)
    largest = np.maximum(np.maximum(light[..., 0], light[..., 1]), light[..., 2])
    brightest, average = float(largest.max()) * encoding.nits, float(largest.mean(dtype=np.float64)) * encoding.nits
    meta, (h, w, _) = (hdr.base or hdr.scene).meta, light.shape
    block = exif.of_result(meta, h, w, exif.UNCALIBRATED)
    return Signal(codes, TRANSFER[encoding.transfer], round(brightest), round(average), block, meta)
