"""Float32 arithmetic that rounds exactly as written, where fast-math would be free to reorder or fuse.

Needed where rounding noise decides a result that must agree with another program's.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

F32 = ir.FloatType()
TERNARY = types.float32(types.float32, types.float32, types.float32)
BINARY = types.float32(types.float32, types.float32)


@intrinsic
def fma(typingctx, a, b, c):
    """a * b + c, rounded once."""

    def codegen(context, builder, signature, args):
        function = ir.FunctionType(F32, (F32, F32, F32))
        return builder.call(builder.module.declare_intrinsic("llvm.fma", (F32,), function), args)

    return TERNARY, codegen


@intrinsic
def add(typingctx, a, b):
    return BINARY, lambda context, builder, signature, args: builder.fadd(*args)


@intrinsic
def sub(typingctx, a, b):
    return BINARY, lambda context, builder, signature, args: builder.fsub(*args)


@intrinsic
def mul(typingctx, a, b):
    return BINARY, lambda context, builder, signature, args: builder.fmul(*args)
