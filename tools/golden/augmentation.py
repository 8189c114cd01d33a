#!/usr/bin/env python3
"""Writes tests/golden/augmentation.safetensors: views of given images, with given boxes, factors and orders.

Runs as tools/golden/generate.py does, which calls it; alone, it needs numpy and safetensors only. Written from the formulas of
TensorFlow's image operations and of SimCLR's pipeline, one image after another, in double; where Python or PyTorch has the
same operation, the largest difference from it is printed. A view is [C,h,w]; a case contains

    pixels   u8 [bytes]: all images one after another, each [H,W,C]
    extents  i32 [B,2]
    rules    i32 [6]: views, bicubic?, added brightness?, and which of jitter, grey and blur the rules have
    draws    i32 [views*B,10]: box (y, x, height, width), brightness, contrast, saturation, hue, sigma (bits of f32),
             and the bytes flip, jitter, gray, order
    y        f32 [views*B,C,h,w]
"""

import colorsys
import itertools
import math
import pathlib
import struct
import sys

import numpy as np
from safetensors.numpy import save_file

ORDERS = list(itertools.permutations(("brightness", "contrast", "saturation", "hue")))
NUMBERS = {"brightness": 0, "contrast": 1, "saturation": 2, "hue": 3}


# ---- operations; images are [H,W,C]


def keys(x):
    """Keys' cubic kernel with a = -1/2."""
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def resize_matrix(size, to, bicubic):
    """[to, size]: each output's weights, with half-pixel centres."""
    weights = np.zeros((to, size))
    for i in range(to):
        at = (i + 0.5) * size / to - 0.5
        if bicubic:
            below = math.floor(at)
            fraction = np.rint((at - below) * 1024) / 1024
            for j in range(max(0, below - 1), min(size, below + 3)):
                weights[i, j] = keys(j - below - fraction)
            weights[i] /= weights[i].sum()
        else:
            at = min(max(at, 0), size - 1)
            below = math.floor(at)
            weights[i, below] += 1 - (at - below)
            weights[i, min(below + 1, size - 1)] += at - below
    return weights


def resize(image, height, width, bicubic):
    rows, columns = (resize_matrix(size, to, bicubic) for size, to in zip(image.shape, (height, width)))
    return np.einsum("ih,jw,hwc->ijc", rows, columns, image)


def rgb_to_hsv(image):
    r, g, b = np.moveaxis(image, -1, 0)
    value, chroma = image.max(-1), image.max(-1) - image.min(-1)
    safe = np.where(chroma > 0, chroma, 1)
    hue = np.select([value == r, value == g], [(g - b) / safe % 6, (b - r) / safe + 2], (r - g) / safe + 4) / 6
    saturation = np.where(value > 0, chroma / np.where(value > 0, value, 1), 0)
    return np.where(chroma > 0, hue, 0), saturation, value


def hsv_to_rgb(hue, saturation, value):
    sector = np.floor(hue * 6).astype(int) % 6
    f = hue * 6 - np.floor(hue * 6)
    p, q, t = value * (1 - saturation), value * (1 - saturation * f), value * (1 - saturation * (1 - f))
    red, green, blue = ([value, q, p, p, t, value], [t, value, value, q, p, p], [p, p, t, value, value, q])
    return np.stack([np.choose(sector, channel) for channel in (red, green, blue)], -1)


def contrast(image, factor):
    mean = image.mean((0, 1))
    return (image - mean) * factor + mean


def saturation(image, factor):
    h, s, v = rgb_to_hsv(image)
    return hsv_to_rgb(h, np.clip(s * factor, 0, 1), v)


def hue(image, turns):
    h, s, v = rgb_to_hsv(image)
    return hsv_to_rgb((h + turns) % 1, s, v)


def blur(image, sigma):
    """Separable, with zeros around; the radius is half of a tenth of the height."""
    radius = int(image.shape[0] // 10 / 2)
    at = np.arange(-radius, radius + 1)
    weights = np.exp(-(at**2) / (2 * sigma**2))
    weights /= weights.sum()
    for axis in (0, 1):
        padded = np.pad(image, [(radius, radius) if i == axis else (0, 0) for i in range(3)])
        size = image.shape[axis]
        image = sum(w * padded.take(range(i, i + size), axis) for i, w in enumerate(weights))
    return image


# ---- the pipeline


def f32(x):
    """A double that is exact in f32."""
    return float(np.float32(x))


class Draw:
    def __init__(self, box, **parts):
        self.box = box
        self.brightness = self.contrast = self.saturation = 1.0
        self.hue = self.sigma = 0.0
        self.flip = self.jitter = self.gray = False
        self.order = ORDERS[0]
        for name, value in parts.items():
            setattr(self, name, f32(value) if isinstance(value, float) else value)

    def words(self):
        order = sum(NUMBERS[name] << (2 * place) for place, name in enumerate(self.order))
        factors = (self.brightness, self.contrast, self.saturation, self.hue, self.sigma)
        return struct.unpack("<10i", struct.pack("<4i5f4B", *self.box, *factors, self.flip, self.jitter, self.gray, order))


class Rules:
    def __init__(self, views=1, bicubic=True, added=False, jitter=True, gray=True, blur=True):
        self.views, self.bicubic, self.added = views, bicubic, added
        self.jitter, self.gray, self.blur = jitter, gray, blur

    def numbers(self):
        return [self.views, self.bicubic, self.added, self.jitter, self.gray, self.blur]


def view_of(image, rules, draw, height, width):
    """The view, [height,width,C], of an image of bytes."""
    y, x, h, w = draw.box
    view = resize((image / 255)[y : y + h, x : x + w], height, width, rules.bicubic)
    if draw.flip:
        view = view[:, ::-1]
    colours = view.shape[2] == 3
    operations = {
        "brightness": lambda v: v + draw.brightness if rules.added else v * draw.brightness,
        "contrast": lambda v: contrast(v, draw.contrast),
    }
    if colours:
        operations["saturation"] = lambda v: saturation(v, draw.saturation)
        operations["hue"] = lambda v: hue(v, draw.hue)
    if draw.jitter:
        for name in draw.order:
            if name in operations:
                view = np.clip(operations[name](view), 0, 1)
    if draw.gray and colours:
        view = (view @ [0.2989, 0.5870, 0.1140])[..., None].repeat(3, -1)
    view = np.clip(view, 0, 1)
    if draw.sigma > 0:
        view = np.clip(blur(view, draw.sigma), 0, 1)
    return view


# ---- cases


class Case:
    """Images of random sizes, smooth enough to look like some, with bright and dark parts beyond them."""

    def __init__(self, seed, height, width, channels, rules):
        self.random = np.random.default_rng(seed)
        self.height, self.width, self.channels, self.rules = height, width, channels, rules
        self.images, self.draws = [], []

    def image(self, height, width):
        coarse = self.random.uniform(-60, 315, (-(-height // 3), -(-width // 3), self.channels))
        fine = coarse.repeat(3, 0).repeat(3, 1)[:height, :width] + self.random.normal(0, 12, (height, width, self.channels))
        self.images.append(np.clip(fine, 0, 255).astype(np.uint8))

    def box(self, image):
        (h, w), sides = image.shape[:2], self.random.uniform(0.2, 1, 2)
        height, width = max(1, round(h * sides[0])), max(1, round(w * sides[1]))
        return (int(self.random.integers(h - height + 1)), int(self.random.integers(w - width + 1)), height, width)

    def random_draw(self, image, box=None, **parts):
        """Jitter of full strength, and everything else."""
        uniform = self.random.uniform
        brightness = uniform(-0.8, 0.8) if self.rules.added else uniform(0.2, 1.8)
        factors = {
            "brightness": brightness,
            "contrast": uniform(0.2, 1.8),
            "saturation": uniform(0.2, 1.8),
            "hue": uniform(-0.2, 0.2),
            "order": ORDERS[self.random.integers(24)],
        }
        self.draws.append(Draw(box or self.box(image), **(factors | parts)))

    def tensors(self):
        views = [
            view_of(self.images[i % len(self.images)], self.rules, draw, self.height, self.width)
            for i, draw in enumerate(self.draws)
        ]
        return {
            "pixels": np.concatenate([image.ravel() for image in self.images]),
            "extents": np.array([image.shape[:2] for image in self.images], np.int32),
            "rules": np.array(self.rules.numbers(), np.int32),
            "draws": np.array([draw.words() for draw in self.draws], np.int32),
            "y": np.ascontiguousarray(np.moveaxis(np.stack(views), -1, 1), np.float32),
        }


def orders(added):
    """All orders of the jitter's operations, at other factors each."""
    case = Case(1 + added, 6, 5, 3, Rules(added=added, blur=False))
    for order in ORDERS:
        case.image(9, 7)
        case.random_draw(case.images[-1], jitter=True, order=order)
    return case


def resizes(bicubic):
    """Whole images, boxes of one pixel, rows and columns, images smaller and larger than the view."""
    case = Case(3 + bicubic, 7, 5, 3, Rules(2, bicubic, jitter=False, gray=False, blur=False))
    for size in ((1, 1), (1, 9), (13, 1), (2, 3), (3, 2), (4, 4), (7, 5), (17, 23), (40, 3)):
        case.image(*size)
    for image in case.images:
        case.random_draw(image, (0, 0, *image.shape[:2]))
    for i, image in enumerate(case.images):
        h, w = image.shape[:2]
        case.random_draw(image, (h - 1, w - 1, 1, 1) if i == 5 else None, flip=i % 2 == 0)
    return case


def blurs():
    """Sigmas from hardly any blur to more than the radius of 2, and none."""
    case = Case(5, 41, 9, 3, Rules(jitter=False, gray=False))
    for sigma in (0.0, 0.1, 0.5, 1.0, 2.0):
        case.image(30, 14)
        case.random_draw(case.images[-1], sigma=sigma)
    return case


def wide_blurs():
    """The 23 weights of a view of 224, which is narrower than the radius."""
    case = Case(6, 224, 3, 1, Rules(jitter=False, gray=False))
    for sigma in (1.0, 2.0):
        case.image(50, 3)
        case.random_draw(case.images[-1], (0, 0, 50, 3), sigma=sigma)
    return case


def pipelines(added):
    """SimCLR's two views with everything, of images of several sizes."""
    case = Case(7 + added, 20, 17, 3, Rules(2, added=added))
    for size in ((31, 24), (8, 50), (24, 20), (1, 12)):
        case.image(*size)
    for i, image in enumerate(case.images * 2):
        parts = {"flip": i % 3 == 0, "jitter": i % 4 != 1, "gray": i % 5 == 2, "sigma": case.random.uniform(0.1, 2) * (i % 2)}
        case.random_draw(image, **parts)
    return case


def grey_images():
    """One channel: brightness and contrast only."""
    case = Case(9, 8, 11, 1, Rules())
    for order in ORDERS[::5]:
        case.image(6, 7)
        case.random_draw(case.images[-1], jitter=True, gray=True, order=order)
    return case


def four_channels():
    case = Case(10, 21, 6, 4, Rules(jitter=False))
    for i in range(3):
        case.image(10, 9)
        case.random_draw(case.images[-1], flip=i == 1, gray=True, sigma=0.7 * i)
    return case


def center_box(height, width, share=0.875):
    side = round(share * min(height, width))  # half to even
    return ((height - side + 1) // 2, (width - side + 1) // 2, side, side)


def centers():
    """Evaluation: the middle, bicubic, clipped."""
    assert center_box(375, 500) == (24, 86, 328, 328)
    case = Case(11, 12, 12, 3, Rules(jitter=False, gray=False, blur=False))
    for size in ((21, 31), (33, 16), (12, 12), (7, 7)):
        case.image(*size)
        case.draws.append(Draw(center_box(*size)))
    return case


CASES = {
    "orders": orders(False),
    "orders-added": orders(True),
    "bilinear": resizes(False),
    "bicubic": resizes(True),
    "blur": blurs(),
    "wide-blur": wide_blurs(),
    "simclr": pipelines(False),
    "simclr-added": pipelines(True),
    "grey-images": grey_images(),
    "four-channels": four_channels(),
    "center": centers(),
}


# ---- values from elsewhere


def compare():
    """With published values, the standard library and, if it is installed, PyTorch."""

    def close(what, actual, expected, tolerance):
        difference = np.abs(np.asarray(actual) - np.asarray(expected)).max()
        print(f"{what}: largest difference {difference:.1e}")
        assert difference <= tolerance, what

    row = np.array([0.0, 1, 4, 9, 16])[None, :, None]
    for to, bicubic, expected in (
        (8, True, [-0.07196, 0.24375, 1.12891, 2.84766, 5.34766, 8.62891, 13.48818, 16.50369]),
        (3, True, [0.17221, 4, 14.2436]),
        (8, False, [0, 0.4375, 1.1875, 3.0625, 5.5625, 8.6875, 12.9375, 16]),
        (3, False, [1 / 3, 4, 41 / 3]),
    ):
        close(f"squares resized to {to}", resize(row, 1, to, bicubic)[0, :, 0], expected, 1e-5)
    pixel = np.array([[[0.2, 0.4, 0.6]]])
    close("hue + 0.1", hue(pixel, 0.1), [[[0.24, 0.2, 0.6]]], 1e-12)
    close("saturation x 1.3", saturation(pixel, 1.3), [[[0.08, 0.34, 0.6]]], 1e-12)
    spike = np.zeros((224, 224, 1))
    spike[100, 100] = 1
    close("blur", blur(spike, 1)[100, 100:104, 0] / blur(spike, 1)[100, 100, 0] * 0.39894228,
          [0.39894228, 0.24197072, 0.05399097, 0.00443185], 5e-9)  # fmt: skip

    image = np.random.default_rng(0).uniform(0, 1, (20, 30, 3))
    image[:4] = np.rint(image[:4] * 2) / 2  # grey, black, and channels that are equal

    def with_colorsys(change):
        return np.array([[colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*pixel))) for pixel in row] for row in image])

    close("hue and colorsys", hue(image, -0.17), with_colorsys(lambda h, s, v: ((h - 0.17) % 1, s, v)), 1e-12)
    close("saturation and colorsys", saturation(image, 1.7), with_colorsys(lambda h, s, v: (h, min(1, s * 1.7), v)), 1e-12)

    try:
        import torch
    except ImportError:
        return print("resize and blur are not compared with PyTorch, which is not installed")
    import torch.nn.functional as F

    planes = torch.tensor(image).permute(2, 0, 1)[None]
    for height, width in ((7, 41), (20, 30), (33, 8)):
        other = F.interpolate(planes, (height, width), mode="bilinear", align_corners=False)[0].permute(1, 2, 0)
        close(f"bilinear {height} x {width} and PyTorch", resize(image, height, width, False), other, 1e-12)
    tall = torch.rand(1, 1, 112, 9, dtype=torch.float64)
    weights = torch.exp(-(torch.arange(-5.0, 6).double() ** 2) / (2 * 1.3**2))
    weights = weights / weights.sum()
    other = F.conv2d(tall, torch.outer(weights, weights)[None, None], padding=5)
    close("blur and PyTorch", blur(tall[0, 0, :, :, None].numpy(), 1.3)[..., 0], other[0, 0], 1e-12)


def augmentation(directory):
    compare()
    tensors = {f"{name}/{key}": tensor for name, case in CASES.items() for key, tensor in case.tensors().items()}
    save_file(tensors, directory / "augmentation.safetensors", {"numpy": np.__version__})


if __name__ == "__main__":
    augmentation(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "tests/golden"))
