"""A room by a window: the scene of the demo."""

from fullwell.simulate.scene.render import room

__all__ = ["room"]
