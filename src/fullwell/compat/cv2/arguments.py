"""What OpenCV's callers pass and expect back: lists of images, times, `dst`, getters and setters, `cv2.error`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from fullwell.errors import InputError

Array = npt.NDArray[Any]


@cache
def error_class() -> type[Exception]:
    """What `cv2.error` names: the installed OpenCV's class, so that one `except` catches both, or else our own."""
    try:
        import cv2
    except ImportError:
        return refusal_class()
    return cv2.error


@cache
def refusal_class() -> type[InputError]:
    """Our own errors: a FullwellError that is also OpenCV's `cv2.error` where OpenCV is installed."""
    try:
        import cv2
    except ImportError:
        return type("error", (InputError,), {"__doc__": "What cv2.error is without OpenCV."})
    return type("error", (InputError, cv2.error), {"__doc__": "A FullwellError that `except cv2.error` catches."})


def refuse(who: str, sentence: str) -> Exception:
    """The error to raise."""
    return refusal_class()(f"{who}: {sentence}")


class Algorithm:
    """Base of the classes, named as OpenCV's so that a script can ask for them."""

    def getDefaultName(self) -> str:
        return f"my_object.{type(self).__name__}"

    def clear(self) -> None:
        """Forget nothing: these objects hold parameters only."""

    def empty(self) -> bool:
        return False

    def __repr__(self) -> str:
        values = ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"<{type(self).__name__} {values}>"


def setting(name: str, kind: type) -> tuple[Callable[[Any], Any], Callable[[Any, Any], None]]:
    """A getter and a setter of the attribute `name`, as OpenCV has them in place of properties."""

    def get(self: Any) -> Any:
        return getattr(self, name)

    def put(self: Any, value: Any) -> None:
        setattr(self, name, kind(value))

    return get, put


def images(who: str, src: Any, like: str = "8-bit, 16-bit or float") -> list[Array]:
    """A list of images of one size and type, (h, w) or (h, w, 3), C order; a stacked array counts as a list.

    float64 and float16 become float32. Raises `cv2.error` with a sentence.
    """
    if not isinstance(src, Sequence | np.ndarray) or len(src) == 0:
        raise refuse(who, "the first argument must be a list of at least one image; did imread find the files?")
    if any(i is None for i in src):
        lost = [i is None for i in src].index(True)
        raise refuse(who, f"image {lost} of the list is None: imread could not read that file, check its path.")
    out = []
    for index, item in enumerate(src):
        a = np.asarray(item)
        if a.dtype.kind == "f":
            a = a.astype(np.float32, copy=False)
        if a.ndim == 3 and a.shape[2] == 1:
            a = a[:, :, 0]
        if a.ndim not in (2, 3) or (a.ndim == 3 and a.shape[2] != 3) or a.size == 0:
            raise refuse(who, f"image {index} must be (height, width) or (height, width, 3), got shape {a.shape}.")
        if a.dtype not in (np.uint8, np.uint16, np.float32):
            raise refuse(who, f"image {index} must be {like}, got {a.dtype}.")
        out.append(np.ascontiguousarray(a))
    first = out[0]
    for index, a in enumerate(out):
        if a.shape != first.shape or a.dtype != first.dtype:
            raise refuse(
                who,
                f"all images must have one size and type: image 0 is {first.dtype} {first.shape}, "
                f"image {index} is {a.dtype} {a.shape}.",
            )
    return out


def seconds(who: str, times: Any, count: int) -> Array:
    """One exposure time per image, (count,) float64; any list or array of numbers."""
    try:
        t = np.asarray(times, np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise refuse(who, f"times must be numbers of seconds, got {times!r}.") from None
    if t.size != count:
        raise refuse(who, f"there must be one exposure time per image: {count} images, {t.size} times.")
    if not (np.isfinite(t) & (t > 0)).all():
        raise refuse(who, f"exposure times must be seconds above 0, got {t.tolist()}.")
    return t


def deliver(result: Array, dst: Any) -> Array:
    """The result, written into `dst` where that is an array of the same shape and type, as OpenCV does."""
    if isinstance(dst, np.ndarray) and dst.shape == result.shape and dst.dtype == result.dtype:
        dst[...] = result
        return dst
    return result
