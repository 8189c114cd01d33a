"""What Antipode draws at random, written again from its description: Philox streams, initial weights, crops, bits."""

import math

import numpy as np

INITIALIZATION, CROP, DIRECTIONS, PRIOR, LATENT, KEY_ORDER = 1, 3, 7, 8, 9, 10  # purposes of streams
MASK = 0xFFFFFFFF


def philox(counter, key):
    """Philox4x32-10 (Salmon et al. 2011): four words for every counter, [..., 4]."""
    c = [np.asarray(word, dtype=np.uint64) for word in counter]
    key = list(key)
    for _ in range(10):
        product0, product1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        low, shift = np.uint64(MASK), np.uint64(32)
        c = [
            (product1 >> shift) ^ c[1] ^ np.uint64(key[0]),
            product1 & low,
            (product0 >> shift) ^ c[3] ^ np.uint64(key[1]),
            product0 & low,
        ]
        key = [(key[0] + 0x9E3779B9) & MASK, (key[1] + 0xBB67AE85) & MASK]
    return np.stack(np.broadcast_arrays(*c), -1)


class Stream:
    """One after another, the words of (seed, purpose, sub-index, index)."""

    def __init__(self, seed, purpose, sub_index, index):
        self.key = (seed & MASK, seed >> 32)
        self.stream, self.index = purpose << 24 | sub_index, index
        self.words = self.generate()

    def generate(self):
        draw = 0
        while True:
            yield from (int(word) for word in philox((draw, self.stream, self.index & MASK, self.index >> 32), self.key))
            draw += 1

    def uniform(self):
        low, high = next(self.words), next(self.words)
        return ((low | high << 32) >> 11) * 2.0**-53

    def below(self, bound):
        return next(self.words) * bound >> 32


def glorot_uniform(name, shape, fan_in, fan_out, seed):
    """Uniform in +-sqrt(6 / (fan_in + fan_out)); element i of the tensor called `name` has a stream of its own."""
    code = 2166136261  # FNV-1a, folded to 24 bits
    for byte in name.encode():
        code = (code ^ byte) * 16777619 & MASK
    code = (code ^ code >> 24) & 0xFFFFFF
    words = philox((0, INITIALIZATION << 24 | code, np.arange(math.prod(shape)), 0), (seed & MASK, seed >> 32))
    uniform = ((words[:, 0] | words[:, 1] << np.uint64(32)) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return (math.sqrt(6 / (fan_in + fan_out)) * (2 * uniform - 1)).astype(np.float32).reshape(shape)


def unit_directions(seed, step, count, d):
    """Random unit vectors [count, d]: pairs of normal numbers by Box-Muller, first ones before second ones, normalised."""
    pairs = (d + 1) // 2
    counter = (np.arange((pairs + 1) // 2), DIRECTIONS << 24 | np.arange(count)[:, None], step & MASK, step >> 32)
    words = philox(counter, (seed & MASK, seed >> 32)).reshape(count, -1, 2).astype(np.float64)[:, :pairs]
    radius, angle = np.sqrt(-2 * np.log((words[..., 0] + 0.5) * 2.0**-32)), 2 * np.pi * words[..., 1] * 2.0**-32
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], 1)[:, :d]
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


def latent_noise(seed, step, rows, d):
    """The noise of a VAE's latent variables [rows, d]: pairs of normal numbers by Box-Muller, next to each other."""
    index = step * rows + np.arange(rows)[:, None]
    words = philox((np.arange((d + 3) // 4), LATENT << 24, index & MASK, index >> 32), (seed & MASK, seed >> 32))
    words = words.reshape(rows, -1, 2)
    radius = np.sqrt(
        -2 * np.log(words[..., 0].astype(np.float32) * np.float32(2.0**-32) + np.float32(2.0**-33)).astype(np.float64)
    )
    angle = 2 * np.pi * words[..., 1] * 2.0**-32
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1).reshape(rows, -1)[:, :d]


def sphere_rows(seed, count, d):
    """Random unit rows [count, d] of step 0: pairs of normal numbers by Box-Muller, normalised."""
    counter = (np.arange((d + 3) // 4), PRIOR << 24, np.arange(count)[:, None], 0)
    words = philox(counter, (seed & MASK, seed >> 32)).reshape(count, -1, 2).astype(np.float64)
    radius, angle = np.sqrt(-2 * np.log((words[..., 0] + 0.5) * 2.0**-32)), 2 * np.pi * words[..., 1] * 2.0**-32
    normal = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 2).reshape(count, -1)[:, :d]
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


def key_order(seed, step, count):
    """The order in which a key encoder sees a batch: the rows sorted by a random word each."""
    words = philox((0, KEY_ORDER << 24, step * count + np.arange(count), 0), (seed & MASK, seed >> 32))
    return np.argsort(words[:, 0], kind="stable")


def attempt(stream, height, width, area_min, area_max):
    """TensorFlow's sample_distorted_bounding_box, once, for an output as square as the image; None when it fails."""
    aspect = 3 / 4 + (4 / 3 - 3 / 4) * stream.uniform()
    h_min, h_max = round(math.sqrt(area_min / aspect)), round(math.sqrt(area_max / aspect))  # half to even
    if round(h_max * aspect) > width:
        h_max = int((width + 0.5 - 1e-7) / aspect)
        h_max -= round(h_max * aspect) > width
    h_max = min(h_max, height)
    h = h_min + stream.below(h_max - h_min + 1) if h_min < h_max else h_max
    w = round(h * aspect)
    if h * w < area_min:
        h += 1
        w = round(h * aspect)
    if h * w > area_max:
        h -= 1
        w = round(h * aspect)
    if not (area_min <= h * w <= area_max and 0 < h <= height and 0 < w <= width):
        return None
    y = stream.below(height - h) if h < height else 0
    x = stream.below(width - w) if w < width else 0
    return (y, x, h, w) if h * w >= 0.1 * height * width else None


def crop(seed, view, visit, height, width, area_min, area_max):
    """y, x, height, width of the crop that `view` sees at this visit (epoch * examples + example)."""
    stream = Stream(seed, CROP, view, visit)
    for _ in range(100):
        if box := attempt(stream, height, width, area_min * height * width, area_max * height * width):
            return box
    return 0, 0, height, width


def bits(example, count):
    """The `count` low bits of splitmix64(example), the lowest first."""
    z = (example + 0x9E3779B97F4A7C15) & 2**64 - 1
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & 2**64 - 1
    z = (z ^ z >> 27) * 0x94D049BB133111EB & 2**64 - 1
    z ^= z >> 31
    return [z >> bit & 1 for bit in range(count)]
