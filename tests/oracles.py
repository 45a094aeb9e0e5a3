"""Slow and obvious references, in float64 and straight from the papers. One section per family."""

from __future__ import annotations

import numpy as np

REC709 = np.array([0.2126, 0.7152, 0.0722])

# Tone mapping ------------------------------------------------------------------------------------------------------


def luminance(rgb, weights=REC709):
    return rgb.astype(np.float64) @ weights


def percentile(lum, percent):
    """The order statistic of the pixels above black, moved up to the next 1/64 stop as the histogram has it."""
    lit = np.sort(lum[lum > 0])
    value = lit[max(int(np.ceil(len(lit) * percent / 100)), 1) - 1]
    return 2.0 ** ((np.floor(np.log2(value) * 64) + 1) / 64)


def log_average(lum):
    return np.exp(np.log(lum[lum > 0]).mean())


def recolor(rgb, lum, mapped, saturation):
    return np.clip((rgb / lum[..., None]) ** saturation * mapped[..., None], 0, 1)


def linear(rgb, exposure=0.0, white=98.0):
    return np.clip(rgb / percentile(luminance(rgb), white) * 2.0**exposure, 0, 1)


def drago03(rgb, bias=0.85, saturation=1.0, white=99.9):
    """Eq. (4) with L_dmax = 100 as 1, and the world adaptation of the authors' program."""
    lum = luminance(rgb)
    adaptation = log_average(lum) / (1 + bias - 0.85) ** 5
    world, world_max = lum / adaptation, percentile(lum, white) / adaptation
    base = np.log(2 + 8 * np.minimum(world / world_max, 1) ** (np.log(bias) / np.log(0.5)))
    return recolor(rgb, lum, 1 / np.log10(world_max + 1) * np.log(world + 1) / base, saturation)


def reinhard05(rgb, intensity=0.0, light_adapt=1.0, color_adapt=0.0, contrast=0.0, white=99.5):
    """V = I / (I + (f I_a)^m) with the unit that shows the log-average as 0.18, found on a fine grid of units."""
    lum = luminance(rgb)
    low, high, average = percentile(lum, 0.1), percentile(lum, white), log_average(lum)
    key = (np.log(high) - np.log(average)) / (np.log(high) - np.log(low))
    m = max(contrast, 0.3) if contrast else 0.3 + 0.7 * np.clip(key, 0, 1) ** 1.4

    def response(channel, grey, mean, unit, gain):
        local = color_adapt * channel + (1 - color_adapt) * grey
        adaptation = light_adapt * local + (1 - light_adapt) * mean
        return channel * unit / (channel * unit + (gain * adaptation * unit) ** m)

    def grey(value, unit, gain=1.0):
        return response(value, value, lum.mean(), unit, gain)

    units = np.logspace(-8, 8, 400_001) / average
    shown = (grey(average, units) - grey(low, units)) / (grey(high, units) - grey(low, units))
    unit, gain = units[np.argmin(np.abs(shown - 0.18))], np.exp(-intensity)
    black, top = grey(low, unit, gain), grey(high, unit, gain)
    stretched = np.maximum(grey(lum, unit, gain) - black, 0) / (top - black)
    channels = [
        response(rgb[..., c], lum, color_adapt * rgb[..., c].mean() + (1 - color_adapt) * lum.mean(), unit, gain)
        for c in range(3)
    ]
    return np.clip(np.stack(channels, axis=-1) * (stretched / grey(lum, unit, gain))[..., None], 0, 1)


def bilateral(image, sigma_space, sigma_range):
    """Every pixel against every other within four sigma."""
    h, w = image.shape
    reach = int(np.ceil(4 * sigma_space))
    padded = np.pad(image.astype(np.float64), reach, constant_values=np.nan)
    total, weight = np.zeros((h, w)), np.zeros((h, w))
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            near = padded[reach + dy : reach + dy + h, reach + dx : reach + dx + w]
            distance = (dx * dx + dy * dy) / sigma_space**2 + (near - image) ** 2 / sigma_range**2
            share = np.where(np.isnan(near), 0, np.exp(-distance / 2))
            total, weight = total + share * np.nan_to_num(near), weight + share
    return total / weight


def durand02(rgb, contrast=20.0, saturation=1.0, sigma_space=2.0, sigma_color=0.4):
    """The authors' recipe in log10, with an exact bilateral filter and percentiles of the base."""
    intensity = luminance(rgb, np.array([20, 40, 1]) / 61)
    log = np.log10(intensity)
    base = bilateral(log, sigma_space / 100 * max(log.shape), sigma_color)
    darkest, brightest = np.percentile(base, [0.1, 99.9])
    scale = min(np.log10(contrast) / (brightest - darkest), 1)
    return recolor(rgb, intensity, 10 ** (scale * (base - brightest) + log - base), saturation)


def kept_contrast(g, scale, weber=0.108 / 0.00424):
    """Contrast mapping of G in log10: W = 10^|G| - 1 and R ~ ln(1 + k W), scaled and turned back."""
    response = np.log(1 + weber * (10 ** np.abs(g) - 1))
    return np.sign(g) * np.log10(1 + (np.exp(scale * response) - 1) / weber)


def contrast_mapping(log10_lum, scale):
    """The least-squares image of scaled contrasts at every level, from dense matrices; its mean is 0.

    Contrasts G to the right and down, weighted by 1 / DeltaG and by the area 4^level; levels are 2 x 2 box means.
    """
    h, w = log10_lum.shape
    rows, values, level, mean = [], [], 0, np.eye(h * w)
    while True:
        image = (mean @ log10_lum.ravel()).reshape(h, w)
        index = np.arange(h * w).reshape(h, w)
        for near, far in ((index[:, :-1], index[:, 1:]), (index[:-1], index[1:])):
            for i, j in zip(near.ravel(), far.ravel(), strict=True):
                wanted = kept_contrast(image.flat[j] - image.flat[i], scale)
                threshold = 0.038737 * max(abs(wanted), 1e-3) ** 0.537756
                weight = np.sqrt(4**level / threshold)
                rows.append(weight * (mean[j] - mean[i]))
                values.append(weight * wanted)
        if min(h, w) < 6:
            break
        ch, cw = (h + 1) // 2, (w + 1) // 2
        halve = np.zeros((ch * cw, h * w))
        for y in range(h):
            for x in range(w):
                halve[(y // 2) * cw + x // 2, y * w + x] = 1
        halve /= halve.sum(axis=1, keepdims=True)
        mean, h, w, level = halve @ mean, ch, cw, level + 1
    image = np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0].reshape(log10_lum.shape)
    return image - image.mean()


# Pyramids ----------------------------------------------------------------------------------------------------------

KERNEL = np.array([1, 4, 6, 4, 1]) / 16


def padded(n, before, after):
    """Indices of an axis reflected without its ends, however small the axis is."""
    i = np.arange(-before, n + after)
    return np.zeros_like(i) if n == 1 else (n - 1) - np.abs((n - 1) - i % (2 * (n - 1)))


def reduced(a):
    for axis in (0, 1):
        n = a.shape[axis]
        wide = np.take(a, padded(n, 2, 2), axis=axis)
        a = sum(k * np.take(wide, np.arange(n) + i, axis=axis) for i, k in enumerate(KERNEL))
        a = np.take(a, np.arange(0, n, 2), axis=axis)
    return a


def expanded(a, size):
    for axis in (0, 1):
        n = a.shape[axis]
        before = np.take(a, np.maximum(np.abs(np.arange(n) - 1), 0) % max(n, 1), axis=axis)
        after = np.take(a, np.minimum(np.arange(n) + 1, n - 1), axis=axis)
        both = np.stack([(before + 6 * a + after) / 8, (a + after) / 2], axis=axis + 1)
        shape = list(a.shape)
        shape[axis] = 2 * n
        a = np.take(both.reshape(shape), np.arange(size[axis]), axis=axis)
    return a


# Fused tone mapping and finish -------------------------------------------------------------------------------------


def natural(rgb, shortest, gains, saturation=1.0):
    """Exposures of the luminance fused, given log2 of the shortest gain and the encoded gains over it."""
    lum = luminance(rgb)
    light = np.minimum((2.0**shortest * lum) ** (1 / 2.2), 1)
    values = np.minimum(light[..., None] * gains.astype(np.float64), 1)
    weights = (4 * values * (1 - values)) ** 3 + 0.04
    weights /= weights.sum(axis=-1, keepdims=True)
    levels = []
    for _ in range(1 + int(np.log2(min((n + 1) // 2 for n in lum.shape)))):
        smaller = reduced(values)
        levels.append((weights * (values - expanded(smaller, values.shape))).sum(axis=-1))
        values, weights = smaller, reduced(weights)
    fused = (weights * values).sum(axis=-1)
    for level in reversed(levels):
        fused = level + expanded(fused, level.shape)
    faintest = 0.3 * np.minimum(light * gains[-1], 0.3)
    fused = np.maximum(fused, 0)
    lifted = (fused + np.sqrt(fused**2 + 4 * faintest**2)) / 2
    return recolor(rgb, lum, lifted**2.2, saturation)


def graded(rgb, black=0.0, gain=1.0, power=1.0, saturation=1.0, balance=(1, 1, 1)):
    """The curve, saturation and shoulder of the finish."""
    balanced = rgb.astype(np.float64) * balance
    lum = luminance(balanced)[..., None]
    shown = gain * np.maximum(lum - black, 0) ** power
    out = np.maximum(shown + saturation * (balanced * shown / np.maximum(lum, 1e-30) - shown), 0)

    def bent(v):
        return np.where(v < 0.7, v, 1 - 0.3 * np.exp((0.7 - np.maximum(v, 0.7)) / 0.3))

    most = out.max(axis=2, keepdims=True)
    return (out * bent(most) / np.maximum(most, 1e-30) + bent(out)) / 2


# Demosaicing -------------------------------------------------------------------------------------------------------


def demosaic(mosaic, red, scale=np.log2, back=np.exp2):
    """Light (h, w, 3) of a Bayer mosaic's (h, w), red at `red` of each 2 x 2 pixels: Menon et al. 2007 on a scale."""
    z = np.pad(scale(mosaic.astype(np.float64)), 8, "reflect")
    y, x = np.indices(z.shape)
    green_here = (y + x + sum(red)) % 2 == 1
    red_row = (y + red[0]) % 2 == 0

    def at(a, dy, dx):
        return np.roll(a, (-dy, -dx), (0, 1))

    differences, changes = [], []
    for step in (np.array([0, 1]), np.array([1, 0])):  # along rows, along columns
        before, after = at(z, *-step), at(z, *step)
        value = (before + after) / 2 + (2 * z - at(z, *(-2 * step)) - at(z, *(2 * step))) / 4
        d = z - np.clip(value, np.minimum(before, after), np.maximum(before, after))
        change = np.abs(d - at(d, *(2 * step)))
        near, far = [(0, 0), (-1, -1), (1, -1), (0, -2)], [(-2, 0), (2, 0), (-2, -2), (2, -2)]
        turned = 1 if step[0] == 0 else -1
        total = sum(3 * at(change, *n[::turned]) for n in near) + sum(at(change, *n[::turned]) for n in far)
        differences.append(d)
        changes.append(total**2 + 1e-9)
    part = changes[1] / (changes[0] + changes[1])
    green = np.where(green_here, z, z - part * differences[0] - (1 - part) * differences[1])
    off = z - green
    beside, above = z + (at(off, 0, -1) + at(off, 0, 1)) / 2, z + (at(off, -1, 0) + at(off, 1, 0)) / 2
    red_, blue = np.where(red_row, beside, above), np.where(red_row, above, beside)  # at green
    ratio = blue - red_
    around = part * (at(ratio, 0, -1) + at(ratio, 0, 1)) / 2 + (1 - part) * (at(ratio, -1, 0) + at(ratio, 1, 0)) / 2
    red_ = np.where(green_here, red_, np.where(red_row, z, z - around))
    blue = np.where(green_here, blue, np.where(red_row, z + around, z))
    return back(np.stack([red_, green, blue], axis=2)[8:-8, 8:-8])
