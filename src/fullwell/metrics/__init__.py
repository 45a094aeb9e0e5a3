"""Metrics: what a picture does to the scene it shows, in numbers."""

from fullwell.metrics.edges import Edges, edges
from fullwell.metrics.look import Look, look

__all__ = ["Edges", "Look", "edges", "look"]
