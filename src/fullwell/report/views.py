"""Small pictures for the page of a report: what each frame saw, and how far it is from the result."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from fullwell.image import BLACK_IN_ALL, CLIPPED_IN_ALL, Array, Bracket, Radiance, Response
from fullwell.io import jpeg_strips
from fullwell.io.picture import encode
from fullwell.report.contact_sheet import of_codes

WIDE = 480  # px, longer side
BINS = 64  # of a histogram
LIGHT_GREY = 210  # code of the brightest, so that marks stand out
ENOUGH = 100_000  # pixels that a percentile is taken of
LOW, HIGH = 6 / 255, 245 / 255  # codes between which all channels must lie where a frame is compared
FULL_SCALE = 1.0  # stops at which the colours of a residual end
QUALITY = 85
NOISE = (0.01, 0.3)  # relative standard deviations at which the colours of the noise end
QUIET, NOISY = (0xF4, 0xEF, 0xDC), (0x5A, 0x12, 0x4E)

DARKER, SAME, BRIGHTER = (0x1F, 0x6F, 0xC4), (0xEC, 0xEC, 0xEA), (0xC9, 0x4F, 0x1B)
SILENT = (0x46, 0x46, 0x4A)  # where a frame measures nothing
MARKS = {CLIPPED_IN_ALL: (0xFF, 0x2D, 0x95), BLACK_IN_ALL: (0x2D, 0x9B, 0xFF)}


@dataclass(frozen=True)
class View:
    """One frame: the picture, its histogram (BINS, 3) in shares of the highest bin, and what it differs by.

    `residual` is a picture of log2 of the frame's light over the result's at single pixels, None without a radiance;
    `rms_stops` their root mean square, and `compared` the share of the picture where the frame measures something.
    """

    thumbnail: Array
    histogram: Array
    residual: Array | None = None
    rms_stops: float | None = None
    compared: float = 0.0


def views(bracket: Bracket, response: Response | None, radiance: Radiance | None) -> list[View]:
    """A view of every frame, decoded one after another."""
    exposures = iter(bracket.used.exposures if radiance else ())
    found = []
    for frame, codes in zip(bracket, bracket.decoded(), strict=True):
        step = max(1, max(bracket.shape) // (2 * WIDE))
        thumbnail = encode(of_codes(codes[::step, ::step]), 8, long_edge=WIDE).codes
        view = View(thumbnail, histogram(codes[::step, ::step]))
        if radiance and response and not frame.left_out:
            stops = residual(codes, frame.pose.matrix, response, next(exposures), radiance, bracket)
            seen = np.isfinite(stops)
            rms = float(np.sqrt(np.mean(stops[seen] ** 2))) if seen.any() else None
            view = View(thumbnail, view.histogram, painted(stops), rms, float(seen.mean()))
        found.append(view)
    return found


def histogram(codes: Array) -> Array:
    """(BINS, 3) shares of the fullest bin between the ends, which are often overfull and then stand at 1."""
    top = np.iinfo(codes.dtype).max + 1
    counts = np.stack([np.bincount((codes[..., c].ravel().astype(np.int64) * BINS) // top, minlength=BINS)
                       for c in range(3)], axis=1)  # fmt: skip
    highest = max(1, counts[1:-1].max())
    return np.minimum(counts / highest, 1.0)


def residual(codes: Array, to_frame: Array, response: Response, exposure: float, radiance: Radiance,
             bracket: Bracket) -> Array:  # fmt: skip
    """log2 of a frame's luminance over the result's, (rows, columns), with median 0; NaN where it measures nothing.

    It is taken at single pixels of a grid, so that a pixel of misalignment shows at every edge. The frame is read
    bilinearly.
    """
    (h, w), (top, left) = radiance.rgb.shape[:2], radiance.origin_px
    step = max(1, max(h, w) // WIDE)
    y, x = np.mgrid[0:h:step, 0:w:step]
    place = np.stack([x + left, y + top, np.ones_like(x)], axis=-1) @ to_frame.T
    fx, fy = place[..., 0] / place[..., 2], place[..., 1] / place[..., 2]
    inside = (fx >= 0) & (fy >= 0) & (fx <= codes.shape[1] - 1) & (fy <= codes.shape[0] - 1)
    x0 = np.clip(np.floor(fx).astype(int), 0, max(codes.shape[1] - 2, 0))
    y0 = np.clip(np.floor(fy).astype(int), 0, max(codes.shape[0] - 2, 0))
    x1, y1 = np.minimum(x0 + 1, codes.shape[1] - 1), np.minimum(y0 + 1, codes.shape[0] - 1)
    u, v = (fx - x0)[..., None], (fy - y0)[..., None]
    table = response.table(256 if codes.dtype == np.uint8 else 65536)
    corners = [codes[a, b] for a, b in ((y0, x0), (y0, x1), (y1, x0), (y1, x1))]
    measured = inside
    full = np.iinfo(codes.dtype).max
    for corner in corners:
        measured = measured & ((corner >= LOW * full) & (corner <= HIGH * full)).all(axis=2)
    light = [np.stack([table[corner[..., c], c] for c in range(3)], axis=2) for corner in corners]
    seen = (light[0] * (1 - u) + light[1] * u) * (1 - v) + (light[2] * (1 - u) + light[3] * u) * v
    seen = bracket.in_working((seen / exposure).astype(np.float32))
    working = Radiance(np.ascontiguousarray(radiance.rgb[::step, ::step]), radiance.primaries).to("rec709")
    weights = working.luminance_weights
    ours, merged = seen @ weights, working.rgb @ weights
    measured &= (ours > 0) & (merged > 0)
    stops = np.full(ours.shape, np.nan)
    stops[measured] = np.log2(ours[measured] / merged[measured])
    return stops - np.median(stops[measured]) if measured.any() else stops


def painted(stops: Array) -> Array:
    """Blue where a frame is darker than the result, red where it is brighter, dark grey where it measures nothing."""
    t = np.clip(np.nan_to_num(stops) / FULL_SCALE, -1, 1)[..., None]
    ends = np.where(t < 0, np.array(DARKER), np.array(BRIGHTER))
    picture = np.array(SAME) * (1 - np.abs(t)) + ends * np.abs(t)
    picture[~np.isfinite(stops)] = SILENT
    return np.round(picture).astype(np.uint8)


def unmeasured(radiance: Radiance) -> Array | None:
    """The scene in grey with what no frame measured in pink (too bright) and blue (too dark); None where there is none.

    A pixel of it is marked where any pixel below it is.
    """
    if radiance.mask is None or not radiance.mask.any():
        return None
    grey = np.round(grey_scene(radiance) * LIGHT_GREY).astype(np.uint8)
    picture = np.repeat(grey[:, :, None], 3, axis=2)
    h, w = radiance.mask.shape
    step = max(1, max(h, w) // WIDE)
    for bit, colour in MARKS.items():
        marked = np.zeros(grey.shape, bool)
        y, x = np.nonzero(radiance.mask & bit)
        marked[np.minimum(y // step, grey.shape[0] - 1), np.minimum(x // step, grey.shape[1] - 1)] = True
        picture[marked] = colour
    return picture


def noise(radiance: Radiance) -> Array:
    """The relative standard deviation of luminance at single pixels, pale to dark; grey where nothing was measured."""
    assert radiance.sigma is not None
    step = max(1, max(radiance.rgb.shape[:2]) // WIDE)
    weights = radiance.luminance_weights
    luminance = radiance.rgb[::step, ::step] @ weights
    spread = np.sqrt((radiance.sigma[::step, ::step] ** 2) @ weights**2)
    known = np.isfinite(spread) & (luminance > 0)
    share = np.where(known, spread, 1.0) / np.where(known, luminance, 1.0)
    low, high = np.log(NOISE)
    t = np.clip((np.log(np.maximum(share, 1e-9)) - low) / (high - low), 0, 1)[..., None]
    picture = np.array(QUIET) * (1 - t) + np.array(NOISY) * t
    picture[~known] = SILENT
    return np.round(picture).astype(np.uint8)


def grey_scene(radiance: Radiance, step: int = 0) -> Array:
    """Log luminance of every `step`-th pixel as grey, 0 at its 1st percentile and 1 at its 99th; float32."""
    logs = log_luminance(radiance, step)
    lit = logs[np.isfinite(logs)]
    low, high = np.percentile(lit[:: max(1, lit.size // ENOUGH)], (1, 99)) if lit.size else (0.0, 0.0)
    return np.clip((logs - low) / max(high - low, 1e-3), 0, 1).astype(np.float32)


def log_luminance(radiance: Radiance, step: int = 0) -> Array:
    """log2 luminance of every `step`-th pixel, of a picture WIDE pixels wide for 0; -inf where there is no light."""
    step = step or max(1, max(radiance.rgb.shape[:2]) // WIDE)
    luminance = radiance.rgb[::step, ::step] @ radiance.luminance_weights
    with np.errstate(divide="ignore"):
        return np.log2(np.maximum(luminance, 0))


def embedded(codes: Array) -> str:
    """A picture as the URL of itself."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg_strips.encode(codes, QUALITY)).decode()
