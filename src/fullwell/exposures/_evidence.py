"""What the settings, their series and the pixels say of the exposures of a bracket, and how much speaks for each."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fullwell.color import srgb_decode
from fullwell.errors import ExposureError
from fullwell.exposures._series import rounding_ev
from fullwell.exposures._solve import Fit, free, under
from fullwell.image import Array, Bracket, Response, Settled
from fullwell.progress import Progress
from fullwell.sampling import patches

LEVELS = np.maximum(np.arange(256), 0.5) / 255.0
KNOWN = {"sRGB": srgb_decode(LEVELS), "linear": LEVELS, "gamma 2.2": LEVELS**2.2, "gamma 1.8": LEVELS**1.8}

# Tuning --------------------------------------------------------------------------------------------------------------

PLACES = 1500  # twice as many change no exposure of a simulated bracket by 0.003 EV
AS_GOOD = 1.1  # times: a known curve may miss the pixels so much more than the free one ...
AS_GOOD_STOPS = 0.001  # ... or by so much more
OFF_EV = 0.3  # the most by which a known curve may move the ends of a bracket
SENSIBLE = (0.3, 3.0)  # stops solved per stop of the settings, beyond which these say nothing
CONTRAST = 1.28  # of cameras, over sRGB's: the median of 12 real brackets with times, which are from 0.95 to 1.44
POOR = 0.05  # stops that a curve misses on average where frames do not follow one, or are all noise
NOTABLE_EV = 0.1  # less need nobody know
SURE = 3.0  # standard errors that pixels must differ by to contradict
TOLD_EV = 0.1  # the most error of an exposure that the pixels can be said to tell
ODDS = 6.0  # 2 ln 20: odds from which the pixels favour one set of exposures


@dataclass(frozen=True, eq=False)
class Evidence:
    """Log2 exposures (frames,) by the settings, by their series and by the pixels, each None where it does not say.

    `curve` names the known curve that the pixels follow, "" where it is the smoothest. `trendless`: then the solved
    exposures have the trend of the settings, as the pixels cannot tell it.
    """

    nominal: Array | None
    snapped: Array | None
    solved: Fit | None
    curve: str = ""
    trendless: bool = False

    def off(self, claimed: Array) -> Array:
        """How much more than claimed the pixels say, (frames,), with median 0; NaN for frames they do not tell."""
        if self.solved is None:
            return np.full(len(claimed), np.nan)
        ev = self.solved.ev / trend(self.solved.ev, claimed) if self.trendless else self.solved.ev
        return np.asarray(ev - claimed - np.nanmedian(ev - claimed))

    @property
    def told(self) -> Array:
        """Which frames (frames,) the pixels tell with little error."""
        assert self.solved is not None
        return np.asarray(self.solved.error_ev < TOLD_EV)

    def likelier(self, nominal: Array) -> Array:
        """The settings' exposures, or their series' where the pixels favour it."""
        if self.snapped is None or self.solved is None:
            return nominal
        return self.snapped if self._unlikely(nominal) - self._unlikely(self.snapped) > ODDS else nominal

    def _unlikely(self, claimed: Array) -> float:
        """-2 ln of how likely the pixels are with exposures as claimed; five standard errors at most count."""
        assert self.solved is not None
        return float(np.nansum(np.minimum(np.abs(self.off(claimed)) / self.solved.error_ev, 5.0) ** 2))

    def contradicts(self, claimed: Array) -> Array:
        """Which frames (frames,) the pixels surely say something else of, by more than a tenth of a stop."""
        if self.solved is None:
            return np.zeros(len(claimed), bool)
        return np.asarray(np.abs(self.off(claimed)) > np.maximum(NOTABLE_EV, SURE * self.solved.error_ev)) & self.told

    def corrected(self, claimed: Array) -> Array:
        """The exposures by the pixels, and as claimed for frames that they do not tell."""
        return np.where(self.told, claimed + self.off(claimed), claimed) if self.solved else claimed

    def disagreement(self, bracket: Bracket, claimed: Array) -> str:
        """The beginning of a sentence that lists the frames whose exposure the pixels contradict; "" without any."""
        off, odd = self.off(claimed), self.contradicts(claimed)
        listed = ", ".join(f"{Path(f.name).name} {off[i]:+.2f} EV" for i, f in enumerate(bracket) if odd[i])
        return f"the pixels and the settings disagree on the exposure: {listed}" if listed else ""


def look(bracket: Bracket, response: Response | None, progress: Progress) -> Evidence:
    """What there is to know of registered frames, by a response if one is known."""
    try:
        nominal = np.asarray(np.log2(bracket.nominal_exposures))
    except ExposureError:
        nominal = None
    rounded = rounding_ev([f.exposure for f in bracket])
    snapped = None if nominal is None or rounded is None else nominal + rounded
    settings = Evidence(nominal, snapped, None)
    z = patches(bracket, PLACES, progress) if len(bracket) > 1 else np.zeros((0, 1, 3))
    found = _solved(settings, z, bracket.reference, response) if len(z) else settings
    tied = found.solved is not None and np.isfinite(found.solved.ev).sum() > 1
    return found if tied else settings


def _solved(found: Evidence, z: Array, reference: int, response: Response | None) -> Evidence:
    """Evidence with what the pixels say, under a known curve where they follow one as well as the smoothest."""
    if response is not None:
        return dataclasses.replace(found, solved=under(response.curve, z, reference), curve=response.name)
    smoothest = free(z, reference)
    if found.nominal is not None:
        slope = trend(smoothest.ev, found.nominal)
        if SENSIBLE[0] < slope < SENSIBLE[1]:
            return _beside(found, found.nominal, z, reference, smoothest.flatter(slope))
    srgb = _under("sRGB", z, reference)  # other curves are sRGB to a power, or nearly, which only settings could tell
    if srgb.miss < AS_GOOD * smoothest.miss + AS_GOOD_STOPS:
        return dataclasses.replace(found, solved=srgb, curve="sRGB")
    return dataclasses.replace(found, solved=smoothest.flatter(CONTRAST))


def _beside(found: Evidence, nominal: Array, z: Array, reference: int, smoothest: Fit) -> Evidence:
    """The known curve that fits best, if any fits as well as the smoothest and puts no end of the bracket far off."""
    reach = float(np.ptp(nominal)) / 2.0
    good: list[tuple[float, str, Fit]] = []
    for name in KNOWN:
        fit = _under(name, z, reference)
        slope = trend(fit.ev, nominal)
        miss = fit.miss / max(slope, 1e-3)
        if miss < AS_GOOD * smoothest.miss + AS_GOOD_STOPS and abs(slope - 1.0) * reach < OFF_EV:
            good.append((miss, name, fit))
    if not good:
        return dataclasses.replace(found, solved=smoothest, trendless=True)
    _, name, fit = min(good)
    return dataclasses.replace(found, solved=fit, curve=name)


def _under(name: str, z: Array, reference: int) -> Fit:
    return under(np.repeat(KNOWN[name][:, None], 3, axis=1), z, reference)


def trend(solved: Array, claimed: Array) -> float:
    """Stops solved per stop claimed: the median over pairs of frames, which one wrong frame hardly moves; 1 without."""
    i, j = np.triu_indices(len(claimed), 1)
    apart, seen = claimed[j] - claimed[i], solved[j] - solved[i]
    good = (np.abs(apart) > NOTABLE_EV) & np.isfinite(seen)
    return float(np.median(seen[good] / apart[good])) if good.any() else 1.0


def by_settings(bracket: Bracket, found: Evidence, ev: Array) -> Bracket:
    """The bracket settled as claimed, with a note where the pixels say something else."""
    said = found.disagreement(bracket, ev)
    notes = [f"{said}; the settings count, --exposures solved takes the pixels"] if said else []
    return settled(bracket, found, ev, *notes)


def settled(bracket: Bracket, found: Evidence, ev: Array, *notes: str) -> Bracket:
    """The bracket with the log2 exposures ev (frames,) that count, and what speaks for them."""

    def over_reference(values: Array | None, i: int) -> float | None:
        return None if values is None else _told(values[i] - values[bracket.reference])

    off = np.full(len(bracket), np.nan) if found.nominal is None else found.off(found.nominal)
    frames = []
    for i, frame in enumerate(bracket):
        one = Settled(
            float(2.0 ** ev[i]),
            over_reference(found.snapped, i),
            over_reference(found.solved.ev if found.solved else None, i),
            _told(off[i]),
            _told(found.solved.error_ev[i]) if found.solved else None,
        )
        frames.append(frame.replace(exposure=dataclasses.replace(frame.exposure, settled=one)))
    return dataclasses.replace(bracket, frames=tuple(frames), notes=(*bracket.notes, *notes))


def _told(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
