"""The time that a rank computes in a step: from a device's rates, or from profiles that `bench WORK --profile` has printed."""

import itertools
import re
from dataclasses import dataclass

UPDATES = ("lars", "adam", "sgd")
OF_PARAMETERS = (*UPDATES, "gradient_norm")
OF_RANKS = ("all_reduce", "all_gather", "begin_all_reduce", "finish_all_reduces", "all_reduce_hidden")
ACTIVATION_BYTES = 2  # bf16


class ProfileError(Exception):
    pass


@dataclass(frozen=True)
class Compute:
    """Seconds. `forward` and `backward` have one entry per layer."""

    forward: list
    backward: list
    update: float  # of all parameters, whatever the batch
    loss: float
    starts: float = 0  # of kernels, a part of the above that would remain without any work


def of_device(device, layers, options, images, batch):
    """Each kernel takes as long as its products or its bytes need, whichever is more, and its start."""
    rows, size = 2 * images, ACTIVATION_BYTES
    forward, backward = [], []
    starts = 0
    for layer in layers:
        flops, moved = 2 * layer.products * rows, (layer.inputs + layer.outputs) * rows * size
        norm = layer.outputs * rows * size
        more = 1 if layer.residual else 0
        ahead = [(flops, moved + layer.weights * size)]
        back = [(flops, moved + layer.weights * size), (flops, moved + layer.weights * 4)]
        if layer.channels:
            ahead += [(0, norm), (0, norm * (2 + more))]  # moments, application
            back += [(0, norm * (2 + more)), (0, norm * (3 + 2 * more))]  # sums, gradients
        forward.append(sum(device.seconds(*kernel) for kernel in ahead))
        backward.append(sum(device.seconds(*kernel) for kernel in back))
        starts += (len(ahead) + len(back)) * device.kernel_s
    similarities = 2 * rows * (2 * batch) * options.dim
    loss = 3 * similarities / (device.flops * device.loss_share)  # once forward; again and their product with rows backward
    update = device.seconds(0, 30 * sum(layer.parameters for layer in layers))  # norms, then LARS with a bf16 shadow
    return Compute(forward, backward, update, loss, starts)


@dataclass(frozen=True)
class Profile:
    """Seconds of one step of `images` images on one rank."""

    images: int
    by_images: float
    by_parameters: float
    by_pairs: float


def parse_profile(text, file="the profile"):
    work = re.search(r"^(.*step.*?), .*?(\d+) images.*: median ([0-9.]+) ms", text, re.M)
    if not work:
        raise ProfileError(f"{file}: expected the table and the last line of `bench simclr --profile 2>FILE`, found no median")
    row = re.compile(r"^(\(outside kernels\)|\w+) +(?:(\d+) +)?([0-9.]+) ", re.M)
    table = text[text.index("kernel ") : text.index("\nlayer ")]
    rows = {name: (int(calls or 0), float(ms)) for name, calls, ms in row.findall(table)}
    steps = max((calls for name, (calls, _) in rows.items() if name in UPDATES), default=0)
    if steps == 0:
        raise ProfileError(f"{file}: no optimizer's kernel ({', '.join(UPDATES)}) was called, so it is not of training steps")
    if "batch_norm_running" in rows:
        raise ProfileError(
            f"{file}: it has evaluations beside the steps (batch_norm_running); take one of `bench simclr --profile`"
        )
    ms = {"images": 0.0, "parameters": 0.0, "pairs": 0.0}
    for name, (_, of_kernel) in rows.items():
        if name in OF_RANKS:
            continue  # waiting for others is what the model adds
        group = "parameters" if name in OF_PARAMETERS else "pairs" if name.startswith("similarity") else "images"
        ms[group] += of_kernel
    # The profiler waits after each kernel; the median of the steps, if they were timed without it, does not.
    return Profile(int(work[2]), *(ms[group] / steps / 1e3 for group in ("images", "parameters", "pairs")))


def _at(points, x):
    """Through the points, which begin with (0, 0) if there is only one."""
    points = sorted(points) if len(points) > 1 else [(0, 0), *points]
    for (low, y), (high, z) in itertools.pairwise(points):
        if x <= high or high == points[-1][0]:
            return max(y + (x - low) * (z - y) / (high - low), 0)
    raise AssertionError("no points")


def of_profiles(profiles, layers, images, batch):
    """What several profiles of different batches say is interpolated; one profile is taken as proportional to the images."""
    seconds = _at([(p.images, p.by_images) for p in profiles], images)
    largest = max(profiles, key=lambda profile: profile.images)
    total = sum(layer.products for layer in layers)
    parts = [layer.products / total * seconds for layer in layers]
    return Compute(
        forward=[part / 3 for part in parts],  # the gradients of inputs and of weights take as many products each
        backward=[2 * part / 3 for part in parts],
        update=largest.by_parameters,
        loss=largest.by_pairs * images * batch / largest.images**2,
    )
