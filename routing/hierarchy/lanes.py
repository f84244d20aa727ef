"""Sixteen travel times at a time: the innermost step of a sweep, as one vector instruction each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

LANES = 16


def _relax(typing_context: Any, dist: Any, here: Any, there: Any, minutes: Any) -> Any:  # noqa: ARG001
    signature = types.void(dist, types.intp, types.intp, types.float64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, here, there, minutes = arguments
        vector = ir.VectorType(ir.DoubleType(), LANES)
        first = context.make_array(signature.args[0])(context, builder, array).data

        def row(number: Any) -> Any:
            start = builder.gep(first, [builder.mul(number, ir.Constant(number.type, LANES))])
            return builder.bitcast(start, vector.as_pointer())

        undefined, zero = ir.Constant(vector, ir.Undefined), ir.Constant(ir.IntType(32), 0)
        all_zero = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        added = builder.insert_element(undefined, minutes, zero)
        added = builder.shuffle_vector(added, undefined, all_zero)
        before = builder.load(row(here), align=8)
        through = builder.fadd(builder.load(row(there), align=8), added)
        faster = builder.fcmp_ordered("<", through, before)
        builder.store(builder.select(faster, through, before), row(here), align=8)
        return context.get_dummy_value()

    return signature, generate


#: ``relax(dist, here, there, minutes)`` sets row `here` of `dist` to the lesser of itself and row
#: `there` plus `minutes`. `dist` is a C-contiguous float64 array of shape (rows, LANES); the row
#: numbers are not checked. Written as a loop, this is compiled to one addition and comparison
#: after the other, because the compiler cannot know that the two rows never overlap.
relax = cast(Callable[[NDArray[np.float64], int, int, float], None], intrinsic(_relax))
