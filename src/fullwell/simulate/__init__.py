"""A camera for light that is known exactly, and a scene to point it at: for the demo, the tests and the experiments."""

from fullwell.simulate.camera import Camera, Shot, best_estimate

__all__ = ["Camera", "Shot", "best_estimate"]
