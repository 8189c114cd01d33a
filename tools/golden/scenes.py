#!/usr/bin/env python3
"""Writes what canvases with digits must look like (tests/data/compositions/scenes.txt): tools/golden/scenes.py [FILE].

The rules are written again here, from their description. `canvas` lines are exact: the CRC-32 of the pixels and labels that
follow from a seed. `statistic` lines come from numpy's random generator: mean and standard deviation over many canvases.
Digits and images are discs and ramps that a line of code makes, so that no data is needed. Needs numpy.
"""

import pathlib
import sys
import zlib

try:
    import numpy as np
    from draws import Stream
except ImportError as error:
    print(
        f"scenes.py: error: {error}; python3 -m venv .venv && .venv/bin/pip install numpy, then begin this command with "
        ".venv/bin/python3",
        file=sys.stderr,
    )
    sys.exit(2)

FILE = pathlib.Path(
    sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "tests/data/compositions/scenes.txt"
)
SCENE, OVERLAY = 11, 12  # purposes of streams
PRETRAIN, PROBE_TRAIN, PROBE_TEST, OF_THE_IMAGE = 0, 1, 2, 3  # their sub-indices
DIGITS, SIDE, CANVAS = 1000, 28, 112
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]


def digit(i):
    """A disc of radius 6 to 13, filled with a ramp."""
    distance = (2 * ROWS - 27) ** 2 + (2 * COLUMNS - 27) ** 2
    disc = distance < (12 + 2 * (i % 8)) ** 2
    return ((37 * i + 11 * ROWS + 5 * COLUMNS) % 256 * disc).astype(np.uint8)


ATLAS = np.stack([digit(i) for i in range(DIGITS)])


def image(i, height, width):
    y, x, c = np.mgrid[:height, :width, :3]
    return ((13 * i + 3 * y + 5 * x + 50 * c) % 200).astype(np.uint8)


def draw(canvas, sprite, y, x, combine):
    part = canvas[y : y + sprite.shape[0], x : x + sprite.shape[1]]
    if combine == "max":
        part[:] = np.maximum(part, sprite)
    else:
        part[:] = np.minimum(part.astype(int) + sprite, 255)


def distinct_cells(below, count, cells):
    """Floyd's algorithm: `below(n)` draws one of n."""
    taken = []
    for last in range(cells - count, cells):
        cell = below(last + 1)
        taken.append(last if cell in taken else cell)
    return taken


def places(below, count, placement):
    """(digit, y, x) of each digit of a canvas, in the order in which Antipode draws the numbers."""
    if placement == "random":
        return [(below(DIGITS), below(CANVAS - SIDE + 1), below(CANVAS - SIDE + 1)) for _ in range(count)]
    digits = [below(DIGITS) for _ in range(count)]
    per_row = CANVAS // SIDE
    cells = distinct_cells(below, count, per_row**2)
    return [(d, cell // per_row * SIDE, cell % per_row * SIDE) for d, cell in zip(digits, cells, strict=True)]


def canvas_of(scene, combine):
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    for d, y, x in scene:
        draw(canvas, ATLAS[d], y, x, combine)
    return canvas


def checksum(pixels, labels):
    return zlib.crc32(np.asarray(labels, "<i4").tobytes(), zlib.crc32(np.ascontiguousarray(pixels).tobytes()))


def exact_canvases(out):
    seed = 7
    for count in (1, 2, 7, 16):
        for placement in ("random", "grid"):
            for combine in ("max", "sum"):
                for fetch in (0, 12345678901):
                    scene = places(Stream(seed, SCENE, PRETRAIN, fetch).below, count, placement)
                    pixels = np.repeat(canvas_of(scene, combine)[..., None], 3, 2)
                    labels = [d % 10 for d, _, _ in scene]
                    print("canvas", placement, count, combine, fetch, checksum(pixels, labels), file=out)
    for role, name in ((PROBE_TRAIN, "probe_train"), (PROBE_TEST, "probe_test")):
        for example in (0, 7, 999):
            fetch = example + DIGITS * 3
            # Test canvases follow from the composition's own seed, here 5, and the example alone.
            stream = Stream(seed, SCENE, role, fetch) if role == PROBE_TRAIN else Stream(5, SCENE, role, example)
            y, x = stream.below(CANVAS - SIDE + 1), stream.below(CANVAS - SIDE + 1)
            pixels = np.repeat(canvas_of([(example, y, x)], "max")[..., None], 3, 2)
            print("probe", name, example, fetch, checksum(pixels, [example % 10]), file=out)


def exact_overlays(out):
    height, width = 224, 240
    for fixed in (1, 0):
        for combine in ("max", "sum"):
            for example, fetch in ((0, 0), (3, 5003), (17, 17)):
                unique = 16
                stream = Stream(5, OVERLAY, OF_THE_IMAGE, example) if fixed else Stream(7, OVERLAY, PRETRAIN, fetch)
                d = stream.below(unique)
                pixels = image(example, height, width)
                for y in (int(height * f) for f in (0.15, 0.45, 0.75)):
                    for x in (int(width * f) for f in (0.15, 0.45, 0.75)):
                        draw(pixels, ATLAS[d][..., None], y, x, combine)
                print("overlay", fixed, combine, example, fetch, checksum(pixels, [example % 4, d % 10]), file=out)


def overlapped(scene):
    """The share of digits whose square overlaps another's."""
    at = np.array([(y, x) for _, y, x in scene])
    near = (np.abs(at[:, None] - at[None]) < SIDE).all(-1).sum(1) > 1
    return near.mean()


def statistics(out, canvases=20000):
    random = np.random.default_rng(1)
    for placement in ("random", "grid"):
        for count in (1, 2, 4, 8, 12, 16):
            values = {"overlapped": [], "ink_max": [], "ink_sum": []}
            for _ in range(canvases):
                scene = places(lambda bound: int(random.integers(bound)), count, placement)
                values["overlapped"].append(overlapped(scene))
                values["ink_max"].append(canvas_of(scene, "max").sum() / 255)
                values["ink_sum"].append(canvas_of(scene, "sum").sum() / 255)
            for name, of_each in values.items():
                print("statistic", placement, count, name, canvases, f"{np.mean(of_each):.6g} {np.std(of_each):.6g}", file=out)


with FILE.open("w") as file:
    exact_canvases(file)
    exact_overlays(file)
    statistics(file)
