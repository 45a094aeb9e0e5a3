"""Rows of several images at once: a kernel that takes any number of frames without stacking them.

numba compiles a tuple of arrays anew for each length, and a stacked array costs a copy of every frame; so the frames'
addresses are passed and a row is viewed where it lies. The caller keeps the arrays alive during the call.
"""

from __future__ import annotations

import numpy as np
from numba import carray, types
from numba.core import cgutils
from numba.extending import intrinsic

from fullwell.kernels._jit import inline


@intrinsic
def _pointer(typingctx, address):
    def codegen(context, b, signature, args):
        return b.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), codegen


@inline
def row_at(address, start, size, like):
    """`size` items from item `start` of the array at `address`, whose items are of the type of `like`."""
    return carray(_pointer(address + start * like.itemsize), (size,), like.dtype)


def addresses(arrays):
    """Addresses of C-contiguous arrays of one type, (n,) int64."""
    if any(not a.flags.c_contiguous or a.dtype != arrays[0].dtype for a in arrays):
        raise TypeError("arrays must be C-contiguous and of one type")
    return np.array([a.ctypes.data for a in arrays], np.int64)
