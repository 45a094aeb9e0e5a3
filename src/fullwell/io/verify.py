"""Reading back what was written: how many stops a decoder's light is away from what was to be stored.

Codecs are imported where one is needed: all of them cost every job 0.08 s at its start.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fullwell.color import conversion, srgb_decode
from fullwell.image import Array, Picture, Radiance
from fullwell.io import formats, rendition
from fullwell.io.bracket import read_frame
from fullwell.io.output import Encoding
from fullwell.io.radiance import read_radiance
from fullwell.io.rendition import HdrPicture

DARKEST = float(srgb_decode(16 / 255))  # light of pictures that counts: codes over 16
MINOR = 0.01  # of a pixel's largest channel; less does not count, since shared exponents hold it coarsely
LOOKED_AT = 1_000_000  # pixels


class Verified(NamedTuple):
    """How far a file is from what it should hold, in stops, over the `share` of values that count."""

    path: str
    median_stops: float
    p99_stops: float
    share: float


class Shown(NamedTuple):
    """How an HDR picture shows the scene: the radiance at diffuse white, and the stops from there to the peak."""

    path: str
    white: float
    headroom_stops: float


def shown(hdr: HdrPicture, path: str | Path, encoding: Encoding) -> Shown:
    """What a file of this name states of the picture."""
    return Shown(str(path), hdr.white, math.log2(_rendered(hdr, Path(path), encoding).headroom))


def _rendered(hdr: HdrPicture, path: Path, encoding: Encoding) -> rendition.Rendition:
    from fullwell.io import signal, ultrahdr

    codec = ultrahdr if formats.codec_of(path, "hdr") == "ultrahdr" else signal
    return codec.rendered(hdr, encoding)


def verify(image: Radiance | Picture | HdrPicture, path: str | Path, encoding: Encoding | None = None) -> Verified:
    """Decode a file that `write` made of this image and compare; an even sample of the pixels of large ones.

    Counted are values of light over that of the sRGB code 16, of radiance those over 1 % of the pixel's largest
    channel. Raises InputError where the file cannot be decoded.
    """
    from fullwell.io import dng, html, picture, tiff

    path, encoding = Path(path), encoding or Encoding()
    if isinstance(image, HdrPicture):
        image = picture.fitted_hdr(image, encoding.long_edge)
        read = _shown(path, encoding)
        wanted = rendition.light(image, _rendered(image, path, encoding))
    elif isinstance(image, Picture):
        image = picture.fitted(image, encoding.long_edge)
        codes = read_frame(path).codes()
        matrix = conversion(image.primaries, "rec709").astype(np.float32)
        read, wanted = codes, np.clip(image.rgb @ matrix.T, 0, 1)
    elif formats.codec_of(path, "radiance") == "html":
        read, wanted = html.read(path), html.shown(image)
    elif formats.codec_of(path, "radiance") == "dng":
        read, wanted = tiff.decode(path), dng.stored(image)[0]
    else:
        stored, wanted = read_radiance(path), image.rgb
        read = stored.rgb
        if stored.primaries != image.primaries:  # those of the format
            read = read @ conversion(stored.primaries, image.primaries).T.astype(np.float32)
    step = math.ceil(math.sqrt(wanted.shape[0] * wanted.shape[1] / LOOKED_AT))
    read, wanted = read[::step, ::step], wanted[::step, ::step]
    if isinstance(image, Picture):
        read = srgb_decode(read / np.iinfo(read.dtype).max)
    floor = MINOR * wanted.max(axis=2, keepdims=True) if isinstance(image, Radiance) else DARKEST
    with np.errstate(invalid="ignore", divide="ignore"):
        counts = (wanted > floor) & np.isfinite(wanted)
        off = np.abs(np.log2(np.maximum(read[counts], 1e-30) / wanted[counts])) if counts.any() else np.zeros(1)
    median, p99 = np.quantile(off, [0.5, 0.99])
    return Verified(str(path), float(median), float(p99), float(counts.mean()))


def _shown(path: Path, encoding: Encoding) -> Array:
    """Display light (h, w, 3) of an HDR picture, 1.0 being diffuse white; that of Ultra HDR by libultrahdr."""
    from fullwell.io import signal

    if formats.codec_of(path, "hdr") == "ultrahdr":
        import imagecodecs

        return np.asarray(imagecodecs.ultrahdr_decode(path.read_bytes()))[..., :3].astype(np.float32)
    return signal.read_radiance(path).rgb * np.float32(signal.WHITE / encoding.nits)
