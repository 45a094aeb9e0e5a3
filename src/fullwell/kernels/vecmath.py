"""Float32 logarithm, exponential and power that vectorise, and the rule for NaN and infinity.

Written as LLVM IR of plain arithmetic, so that the loop vectoriser sees no call; in Python, int32 arithmetic would
widen to int64. Minimax polynomials: log2f is within 1.8e-7 absolute near 1 and 3.4e-7 relative elsewhere, exp2f within
1.2e-7 relative.

NaN and negatives count as black, infinity as white: log2f of anything not above the smallest normal number is -126,
of infinity 128; exp2f clamps to [-126, 127].
"""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fullwell.kernels._jit import FLAGS, f, inline

F32, I32 = ir.FloatType(), ir.IntType(32)
FAST = tuple(sorted(FLAGS))
BRIGHTEST = f(2.0**60)  # what infinity counts as: sums of 1e9 such pixels stay finite in float32
LOG2 = (1.4426949, -0.72135276, 0.48092404, -0.36024192, 0.2870753, -0.24882235, 0.23421262, -0.14620529)  # /t of 1+t
EXP2 = (1.0, 0.693147, 0.2402298, 0.05548353, 0.00967847, 0.00124431, 0.00021691)  # 2 ** t, t in [0, 1)


def _constant(value):
    return ir.Constant(F32, float(np.float32(value)))


def _polynomial(b, t, coefficients):
    """Estrin's scheme, lowest degree first: in Horner's every step waits for the last, a tenth of the time of powf."""
    terms = [_constant(k) for k in coefficients]
    while len(terms) > 1:
        pairs = zip_longest(terms[::2], terms[1::2])
        terms = [b.fadd(low, b.fmul(high, t, flags=FAST), flags=FAST) if high else low for low, high in pairs]
        t = b.fmul(t, t, flags=FAST)
    return terms[0]


@intrinsic
def log2f(typingctx, x):
    """log2 of a float32; anything not above the smallest normal number, NaN included, counts as that number."""

    def codegen(context, b, signature, args):
        tiny = _constant(np.finfo(np.float32).tiny)
        bits = b.bitcast(b.select(b.fcmp_ordered(">", args[0], tiny), args[0], tiny), I32)
        e = b.ashr(b.sub(bits, ir.Constant(I32, 0x3F3504F3)), ir.Constant(I32, 23))
        m = b.bitcast(b.sub(bits, b.shl(e, ir.Constant(I32, 23))), F32)
        t = b.fsub(m, _constant(1))
        p = _polynomial(b, t, LOG2)
        return b.fadd(b.fmul(p, t, flags=FAST), b.sitofp(e, F32), flags=FAST)

    return types.float32(types.float32), codegen


@intrinsic
def exp2f(typingctx, x):
    """2 ** x of a float32 clamped to [-126, 127]; NaN counts as -126."""

    def codegen(context, b, signature, args):
        x = b.select(b.fcmp_ordered(">", args[0], _constant(-126)), args[0], _constant(-126))
        x = b.select(b.fcmp_ordered("<", x, _constant(127)), x, _constant(127))
        # By `floor`: numba gives its flags to all arithmetic, and x - (i - 127) became (x + 127) - i, wrong by 5e-6.
        whole = b.call(b.module.declare_intrinsic("llvm.floor", (F32,), ir.FunctionType(F32, (F32,))), (x,))
        p = _polynomial(b, b.fsub(x, whole), EXP2)
        exponent = b.shl(b.fptosi(whole, I32), ir.Constant(I32, 23))
        return b.bitcast(b.add(b.bitcast(p, I32), exponent), F32)

    return types.float32(types.float32), codegen


@inline
def powf(x, p):
    """x ** p for x >= 0 and finite p; 0 ** p is about 0 for p > 0."""
    return exp2f(p * log2f(x))


@inline
def clean(x):
    """NaN and negatives to 0, infinity to a large finite number."""
    x = x if x > f(0) else f(0)
    return x if x < BRIGHTEST else BRIGHTEST
