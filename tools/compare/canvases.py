#!/usr/bin/env python3
"""Times canvases of digits (multidigits: 112x112, three channels, maximum) drawn by `bench` and by numpy, which take turns.

    python3 tools/compare/canvases.py --repetitions 5

Both use one thread. numpy draws a batch of canvases into memory that is allocated once, and has several ways to do so, of which
the fastest counts. Prints microseconds per canvas, the least of all repetitions, and their ratio.
"""

import argparse
import json
import os
import pathlib
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"

from needed import ROOT, need_numpy, need_program, output_of

BATCH, CANVAS, SIDE, DIGITS = 256, 112, 28, 60000
CANVASES = 1024  # in a run of bench


class Numpy:
    def __init__(self, np, digits):
        self.np, self.digits = np, digits
        self.random = np.random.default_rng(1)
        self.atlas = self.random.integers(0, 256, (DIGITS, SIDE, SIDE), np.uint8)
        self.colour_atlas = np.repeat(self.atlas[..., None], 3, 3)
        self.grey = np.zeros((BATCH, CANVAS, CANVAS), np.uint8)
        self.colour = np.zeros((BATCH, CANVAS, CANVAS, 3), np.uint8)
        self.rows, self.columns = np.arange(SIDE)[:, None] * CANVAS, np.arange(SIDE)

    def draws(self):
        shape = (BATCH, self.digits)
        which = self.random.integers(0, DIGITS, shape)
        y, x = self.random.integers(0, CANVAS - SIDE + 1, (2, *shape))
        return which, y, x

    def digit_by_digit(self, canvases, atlas):
        canvases.fill(0)
        which, y, x = (values.tolist() for values in self.draws())
        maximum = self.np.maximum
        for i in range(BATCH):
            canvas = canvases[i]
            for d, top, left in zip(which[i], y[i], x[i]):
                part = canvas[top : top + SIDE, left : left + SIDE]
                maximum(part, atlas[d], out=part)

    def in_grey(self):
        self.digit_by_digit(self.grey, self.atlas)
        self.colour[:] = self.grey[..., None]

    def in_grey_and_repeated(self):
        self.digit_by_digit(self.grey, self.atlas)
        self.np.take(self.grey.reshape(-1), self.repeated(), out=self.colour.reshape(-1), mode="clip")

    def repeated(self):
        if not hasattr(self, "indices"):
            self.indices = self.np.repeat(self.np.arange(self.grey.size), 3)
        return self.indices

    def in_colour(self):
        self.digit_by_digit(self.colour, self.colour_atlas)

    def batch_by_batch(self):
        """The k-th digits of all canvases at once."""
        self.grey.fill(0)
        which, y, x = self.draws()
        flat = self.grey.reshape(BATCH, -1)
        canvas = self.np.arange(BATCH)[:, None, None]
        for k in range(self.digits):
            at = (y[:, k] * CANVAS + x[:, k])[:, None, None] + self.rows + self.columns
            flat[canvas, at] = self.np.maximum(flat[canvas, at], self.atlas[which[:, k]])
        self.colour[:] = self.grey[..., None]

    def microseconds(self):
        """Per canvas, of each way."""
        ways = {}
        for way in (self.in_grey, self.in_grey_and_repeated, self.in_colour, self.batch_by_batch):
            way()
            begin = time.perf_counter()
            for _ in range(8):
                way()
            ways[way.__name__] = (time.perf_counter() - begin) / (8 * BATCH) * 1e6
        return ways


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=pathlib.Path, default=ROOT / "build/cpu/bin/bench", help="the program to time")
    parser.add_argument("--digits", type=int, nargs="+", default=[2, 16], choices=[2, 16], help="per canvas")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    need_numpy()
    need_program(options.bench)
    import numpy as np

    for digits in options.digits:
        numpy, ours, theirs = Numpy(np, digits), [], {}
        for _ in range(options.repetitions):
            command = [options.bench, f"canvases-{digits}", "--batch-size", CANVASES, "--threads", 1, "--repetitions", 20]
            ours.append(min(json.loads(output_of(command))["ms"]) / CANVASES * 1000)
            for way, microseconds in numpy.microseconds().items():
                theirs[way] = min(microseconds, theirs.get(way, microseconds))
        best = min(theirs, key=theirs.get)
        print(
            f"{digits} digits per canvas: bench {min(ours):.2f} us, numpy {np.__version__} {theirs[best]:.2f} us ({best}), "
            f"ratio {theirs[best] / min(ours):.1f}; one thread each"
        )
        print("  " + ", ".join(f"{way} {value:.2f} us" for way, value in theirs.items()))


if __name__ == "__main__":
    sys.exit(main())
