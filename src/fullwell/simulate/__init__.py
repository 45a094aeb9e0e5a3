"""A camera for light that is known exactly, and scenes to point it at: for the demo, the tests and the experiments."""

from fullwell.simulate.camera import Camera, Shot, best_estimate, rms_stops
from fullwell.simulate.noise import hills

__all__ = ["Camera", "Shot", "best_estimate", "hills", "rms_stops"]
