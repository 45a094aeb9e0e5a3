"""Grey pyramids, and threshold bitmaps, 64 pixels a word, compared by counting bits.

A bitmap pair says of each pixel whether it is above the threshold, and whether it takes part: it is not too close. At
24 MP, nine shifts and three thresholds take 0.02 s where comparing bytes took 0.35 s.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.extending import intrinsic

from fullwell.kernels._jit import inline, kernel

WORD = 64


@kernel()
def grey(codes, out):
    """(54 R + 183 G + 19 B) / 256 of the upper 8 bits of code values, (h, w) uint8 (Ward 2003, section 2)."""
    h, w = out.shape
    for y in prange(h):
        row, res = codes[y].reshape(3 * w), out[y]
        shift = (
            np.iinfo(codes.dtype).bits - 8
        )  # here a constant to LLVM; passed or above the loop, it cost twice the time
        for x in range(w):
            r, g, b = row[3 * x] >> shift, row[3 * x + 1] >> shift, row[3 * x + 2] >> shift
            res[x] = (np.uint32(54) * np.uint32(r) + np.uint32(183) * np.uint32(g) + np.uint32(19) * np.uint32(b)) >> 8


@kernel()
def halve(image, out):
    """Means of 2x2 pixels, (h // 2, w // 2) uint8."""
    h, w = out.shape
    for y in prange(h):
        a, b, res = image[2 * y], image[2 * y + 1], out[y]
        for x in range(w):
            res[x] = (np.uint32(a[2 * x]) + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) >> 2


@kernel()
def count_codes(image, out):
    """Histogram of every block of rows, out (blocks, 256) int64."""
    h, blocks = image.shape[0], out.shape[0]
    for k in prange(blocks):
        counts = np.zeros((4, 256), np.uint32)  # by turns: equal neighbours would wait for each other
        for y in range(h * k // blocks, h * (k + 1) // blocks):
            row = image[y]
            for x in range(image.shape[1]):
                counts[x & 3, row[x]] += np.uint32(1)
        for z in range(256):
            out[k, z] = np.int64(counts[0, z]) + counts[1, z] + counts[2, z] + counts[3, z]


@kernel()
def bitmaps(image, levels, margin, out):
    """Threshold bitmaps of image (h, w) uint8: out (levels, 2, h, ceil(w / 64)) uint64, bit x % 64 of word x // 64.

    [k, 0] has the pixels above levels[k], [k, 1] those further than `margin` from it. Bits beyond the row are 0.
    """
    h, w = image.shape
    for y in prange(h):
        row = np.zeros((w + WORD - 1) // WORD * WORD, np.uint8)
        for x in range(w):  # a slice would compile its error messages, seconds of it
            row[x] = image[y, x]
        last = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(row.size - w)
        for k in range(levels.size):
            level = levels[k]
            above, part = out[k, 0, y], out[k, 1, y]
            for i in range(above.size):
                at = row.ctypes.data + WORD * i
                above[i] = brighter(at, np.uint8(level))
                part[i] = brighter(at, np.uint8(min(level + margin, 255)))
                if level > margin:
                    part[i] |= ~brighter(at, np.uint8(level - margin - 1))
            above[-1] &= last
            part[-1] &= last


def compare(a, b, width, shifts, above, blocks):
    """Compare bitmaps of pictures of this width for many shifts at once, (n, 5) int64; as `compare_rows` says it."""
    # Here, because numba compiles a sort, and the message of an assigned slice, for seconds.
    sides, side = np.unique(shifts[:, 1], return_inverse=True)
    out = np.zeros((min(blocks, a.shape[2]), len(shifts), 5), np.int64)
    compare_rows(a, b, width, shifts, sides, side, int(shifts[:, 0].min()), int(shifts[:, 0].max()), above, out)
    return out.sum(axis=0)


@kernel()
def compare_rows(a, b, width, shifts, sides, side, highest, lowest, above, out):
    """Compare bitmaps a and b (levels, 2, h, words) uint64.

    shifts (n, 2) int64 lay b's pixel p over a's p + shift, their rows `highest` to `lowest`; sides[side] is their
    second column. To out (blocks, n, 5) int64 is added, over the levels and a block of rows: [take part in both,
    differ, above in a, above in b, overlap]; the third and fourth, half of the work, only if `above` asks for them.
    """
    h, words = a.shape[2], a.shape[3]
    blocks = out.shape[0]
    for block in prange(blocks):
        top, bottom = h * block // blocks, h * (block + 1) // blocks
        moved = np.empty((sides.size, 2, words), np.uint64)
        sums = out[block]
        for y in range(max(top - lowest, 0), min(bottom - highest, h)):  # of b: moved sideways once for all its rows
            for k in range(a.shape[0]):
                for i in range(sides.size):
                    move(b[k, 0, y], sides[i], moved[i, 0])
                    move(b[k, 1, y], sides[i], moved[i, 1])
                for n in range(shifts.shape[0]):
                    row, i = y + shifts[n, 0], side[n]
                    if row < top or row >= bottom:
                        continue
                    count(a[k, 0, row], a[k, 1, row], moved[i, 0], moved[i, 1], sums[n])
                    if above:
                        count_above(a[k, 0, row], a[k, 1, row], moved[i, 0], moved[i, 1], sums[n])
                    sums[n, 4] += max(width - abs(sides[i]), 0)


@inline
def count(above, part, other, shares, sums):
    both, differ = np.uint64(0), np.uint64(0)
    for i in range(above.size):
        shared = part[i] & shares[i]
        both += ones(shared)
        differ += ones(shared & (above[i] ^ other[i]))
    sums[0] += np.int64(both)
    sums[1] += np.int64(differ)


@inline
def count_above(above, part, other, shares, sums):
    over_a, over_b = np.uint64(0), np.uint64(0)
    for i in range(above.size):
        shared = part[i] & shares[i]
        over_a += ones(shared & above[i])
        over_b += ones(shared & other[i])
    sums[2] += np.int64(over_a)
    sums[3] += np.int64(over_b)


@inline
def move(bits, dx, out):
    """A row of bits moved right by dx pixels, 0 coming in."""
    words, whole = bits.size, dx >> 6
    left = np.uint64(dx & 63)
    right = np.uint64(64) - left
    for i in range(words):
        out[i] = np.uint64(0)
    first, last = min(max(0, whole), words), max(0, min(words, words + whole))
    source, target = bits[max(first - whole, 0) : last - whole], out[first:last]  # indices that cannot be negative:
    for i in range(target.size):  # these loops vectorise, four times as fast
        target[i] = source[i] << left
    if left == 0:
        return
    first, last = min(max(0, whole + 1), words), max(0, min(words, words + whole + 1))
    source, target = bits[max(first - whole - 1, 0) : last - whole - 1], out[first:last]
    for i in range(target.size):
        target[i] |= source[i] >> right


# ---- What LLVM has and Python has not ----


@intrinsic
def brighter(typingctx, address, level):
    """64 bytes compared with a level at once; the first byte's answer is bit 0. Scalar, this took 20 times as long."""

    def codegen(context, b, signature, args):
        row = ir.VectorType(ir.IntType(8), WORD)
        codes = b.load(b.inttoptr(args[0], row.as_pointer()), align=1)
        lane = b.insert_element(ir.Constant(row, ir.Undefined), args[1], ir.Constant(ir.IntType(32), 0))
        order = ir.Constant(ir.VectorType(ir.IntType(32), WORD), [0] * WORD)
        levels = b.shuffle_vector(lane, ir.Constant(row, ir.Undefined), order)
        return b.bitcast(b.icmp_unsigned(">", codes, levels), ir.IntType(WORD))

    return types.uint64(types.intp, types.uint8), codegen


@intrinsic
def ones(typingctx, bits):
    """How many bits are set."""
    return types.uint64(types.uint64), lambda context, b, signature, args: b.ctpop(args[0])
