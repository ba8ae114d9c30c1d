"""Transforms of windows of landmarks (T, layout.size) float32: in time, in space, and of arms and hands.

Every transform returns a new window or the given one unchanged, never writes to its input, and leaves zeros in place
of a part that was not found. None draws random numbers, except `spatial.add_noise`: `augment` chooses the parameters.
"""
