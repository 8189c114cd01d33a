#!/usr/bin/env python3
"""The RandBits experiment on MNIST in PyTorch: the counterpart of `pretrain --recipe randbits-mnist`.

"Intriguing Properties of Contrastive Losses" (Chen, Luo, Li; NeurIPS 2021), Figure 7a, after the authors' notebook: b random
bits per image, shared by both views, are appended as constant planes and compete with the digit for the contrastive loss. The
parts that must be equal in the two programs (network, losses, Keras' Adam, TensorFlow's crop) are written independently here, so
each program checks the other.

    python3 tools/compare/randbits_mnist.py --data DIR --bits 5 --temperature 0.1 --json result.json
"""

import argparse
import gzip
import json
import math
import statistics
import sys
import time
from pathlib import Path

from needed import need_mnist, need_torch

need_torch()
import torch
from torch import nn
from torch.nn import functional as F

SIDE, BATCH = 28, 1000
MIN_AREA, MAX_AREA = 0.5 * SIDE * SIDE, 1.0 * SIDE * SIDE
MIN_ASPECT, MAX_ASPECT = 3 / 4, 4 / 3
L2 = 1e-4  # Keras' l2 term has no factor 1/2, so the gradient is 2 * L2 * w
PEAK_LR, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-7


def read_idx(path):
    raw = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(path.name + ".gz").read_bytes())
    header = 4 + 4 * raw[3]  # the magic number (its last byte is the rank), then the extents
    shape = [int.from_bytes(raw[i : i + 4], "big") for i in range(4, header, 4)]
    return torch.frombuffer(bytearray(raw[header:]), dtype=torch.uint8).view(shape)


def load_mnist(folder, split):
    images = read_idx(folder / f"{split}-images-idx3-ubyte").float() / 255
    return images, read_idx(folder / f"{split}-labels-idx1-ubyte").long()


def splitmix64(index):
    mask = (1 << 64) - 1
    z = (index + 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


def random_bits(count, bits):
    """[count, bits]: an image has the same bits in every epoch and in both views."""
    words = torch.tensor([splitmix64(i) & ((1 << bits) - 1) for i in range(count)])
    return (words[:, None] >> torch.arange(bits) & 1).float()


def with_planes(images, bits, layout):
    """The input of the network, [n, 1 + b, 28, 28], from images [n, 28, 28] and bits [n, b]."""
    planes = bits[:, :, None, None].expand(-1, -1, SIDE, SIDE)
    return torch.cat([images[:, None], planes], 1).contiguous(memory_format=layout)


def sample_crops(count, generator):
    """y, x, height, width, each [count], by the rules of TensorFlow's sample_distorted_bounding_box: a uniform aspect ratio, then
    a uniform integer height, then the width; the last offset is never drawn. A crop that does not fit is drawn again, and after
    100 failures the crop is the whole image."""
    crops = torch.tensor([[0.0], [0.0], [SIDE], [SIDE]]).repeat(1, count)
    pending, attempts = torch.arange(count), 0
    while len(pending) > 0 and attempts < 100:
        attempts += 1
        uniform = torch.rand(4, len(pending), generator=generator)
        aspect = MIN_ASPECT + uniform[0] * (MAX_ASPECT - MIN_ASPECT)
        low, high = (MIN_AREA / aspect).sqrt().round(), (MAX_AREA / aspect).sqrt().round()
        widest = ((SIDE + 0.5 - 1e-7) / aspect).trunc()
        high = torch.where((high * aspect).round() > SIDE, widest, high).clamp(max=SIDE)
        low = torch.minimum(low, high)
        height = low + (uniform[1] * (high - low + 1)).floor()
        height += (height * (height * aspect).round() < MIN_AREA).float()
        height -= (height * (height * aspect).round() > MAX_AREA).float()
        width = (height * aspect).round()
        fits = (height * width >= MIN_AREA) & (height * width <= MAX_AREA) & (height <= SIDE) & (width <= SIDE)
        y, x = (uniform[2] * (SIDE - height)).floor(), (uniform[3] * (SIDE - width)).floor()
        crops[:, pending[fits]] = torch.stack([y, x, height, width])[:, fits]
        pending = pending[~fits]
    return crops


def resize_matrix(start, extent, source, target):
    """[n, target, source]: bilinear interpolation of source[start : start + extent] with half-pixel centres, clamped to the edges
    of the crop."""
    position = (torch.arange(target) + 0.5) * (extent / target)[:, None] - 0.5
    position = start[:, None] + position.clamp(min=0).minimum(extent[:, None] - 1)
    return (1 - (position[:, :, None] - torch.arange(source)).abs_()).clamp_(min=0)


def crop_and_resize(images, crops):
    """Two small matrix products per image: as fast as grid_sample here, and exact at the edges of the crop."""
    y, x, height, width = crops
    return resize_matrix(y, height, SIDE, SIDE) @ images @ resize_matrix(x, width, SIDE, SIDE).mT


class DenseBatchNorm(nn.BatchNorm1d):
    """Keras has two batch norms. The fused one, after convolutions, updates the running variance with the unbiased variance, as
    PyTorch does; the plain one, after dense layers, with the biased variance."""

    def forward(self, x):
        kept = (1 - self.momentum) * self.running_var
        y = super().forward(x)
        if self.training:
            self.running_var.data.lerp_(
                kept, 1 / len(x)
            )  # .data: autograd would complain, but backward in training mode does not read it
        return y


def conv_block(c, k):
    return [nn.Conv2d(c, k, 3, stride=2, bias=False), nn.BatchNorm2d(k, eps=1e-3, momentum=0.01), nn.ReLU(inplace=True)]


def dense_block(c, k):
    return [nn.Linear(c, k, bias=False), DenseBatchNorm(k, eps=1e-3, momentum=0.01), nn.ReLU(inplace=True)]


class ConvN(nn.Module):
    def __init__(self, bits):
        super().__init__()
        self.convs = nn.Sequential(*conv_block(1 + bits, 32), *conv_block(32, 64), *conv_block(64, 64))
        self.dense = nn.Sequential(*dense_block(256, 128))
        self.head = nn.Sequential(*dense_block(128, 256), nn.Linear(256, 64, bias=False))
        self.classifier = nn.Linear(128, 10)
        for kernel in (p for p in self.parameters() if p.dim() > 1):
            nn.init.xavier_uniform_(kernel)
        nn.init.zeros_(self.classifier.bias)

    def parameter_groups(self):
        """The kernels with L2 regularization (all but the classifier's), and the other parameters."""
        groups = [], []
        for name, p in self.named_parameters():
            groups[p.dim() == 1 or name.startswith("classifier")].append(p)
        return groups

    def features(self, x):
        return self.dense(self.convs(x).permute(0, 2, 3, 1).flatten(1))  # flattened in the order H, W, C


def cross_view_loss(za, zb, temperature):
    """InfoNCE, summed over both directions. The candidates of an anchor are the n images of the other view only."""
    logits = F.normalize(za, eps=1e-6) @ F.normalize(zb, eps=1e-6).T / temperature
    return (logits.logsumexp(1) + logits.logsumexp(0) - 2 * logits.diagonal()).mean()


class KerasAdam:
    """PyTorch's fused Adam, with epsilon moved outside the bias correction:
    lr sqrt(c2)/c1 m / (sqrt(v) + eps) = lr/c1 m / (sqrt(v)/sqrt(c2) + eps/sqrt(c2)), so the same step with eps/sqrt(c2)."""

    def __init__(self, regularised, others, steps):
        groups = [{"params": regularised, "weight_decay": 2 * L2}, {"params": others}]
        self.adam = torch.optim.Adam(groups, betas=(BETA1, BETA2), fused=True)
        self.steps, self.step_count = steps, 0

    def step(self):
        lr = PEAK_LR * (1 - self.step_count / self.steps)
        self.step_count += 1
        for group in self.adam.param_groups:
            group["lr"], group["eps"] = lr, EPSILON / math.sqrt(1 - BETA2**self.step_count)
        self.adam.step()
        self.adam.zero_grad()


def self_check():
    """Checks hand-computed numbers for the two parts in which frameworks differ silently: the resize and Adam."""
    squares, whole = torch.tensor([0.0, 1, 4, 9, 16]), (torch.zeros(1), torch.full((1,), 5.0))
    enlarged, reduced = (resize_matrix(*whole, 5, target)[0] @ squares for target in (8, 3))
    assert torch.allclose(enlarged, torch.tensor([0, 0.4375, 1.1875, 3.0625, 5.5625, 8.6875, 12.9375, 16])), enlarged
    assert torch.allclose(reduced, torch.tensor([1 / 3, 4, 41 / 3])), reduced
    w = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
    adam = KerasAdam([], [w], steps=600)
    for gradient, expected in ((0.3, 0.4990000105), (-0.1, 0.4986004630), (0.2, 0.4979993919)):
        w.grad = torch.tensor([gradient], dtype=torch.float64)
        adam.step()
        assert abs(w.item() - expected) < 1e-10, (w.item(), expected)


@torch.no_grad()
def probe_accuracy(model, images, bits, labels, layout):
    model.eval()
    inputs = (with_planes(*part, layout) for part in zip(images.split(BATCH), bits.split(BATCH)))
    predictions = torch.cat([model.classifier(model.features(x)).argmax(1) for x in inputs])
    return (predictions == labels).double().mean().item()


def train(model, images, bits, labels, args, layout):
    """Returns the loss of each step, and its seconds spent in training and in preparing the data."""
    generator = torch.Generator().manual_seed(args.seed)
    optimizer = KerasAdam(*model.parameter_groups(), args.steps)
    batches = len(images) // BATCH
    losses, training, data = [], [], []

    def objectives(a, b, labels):
        ha, hb = model.features(a), model.features(b)  # two forward passes: each view has its own batch statistics
        probe = F.cross_entropy(model.classifier(ha.detach()), labels)
        return cross_view_loss(model.head(ha), model.head(hb), args.temperature), probe

    if args.compile == "on":
        objectives = torch.compile(objectives)
    model.train()
    for step in range(args.steps):
        start = time.perf_counter()
        batch = step % batches  # no shuffling: the notebook's batches are the same in every epoch
        if batch == 0:  # drawn once per epoch: the many small operations cost the same for any count
            crops = sample_crops(2 * batches * BATCH, generator).view(4, batches, 2, BATCH)
        part = slice(batch * BATCH, (batch + 1) * BATCH)
        a, b = (with_planes(crop_and_resize(images[part], crops[:, batch, view]), bits[part], layout) for view in (0, 1))
        ready = time.perf_counter()

        contrastive, probe = objectives(a, b, labels[part])
        (contrastive + probe).backward()
        optimizer.step()
        losses.append(contrastive.item())
        data.append(ready - start)
        training.append(time.perf_counter() - ready)
        if step % 10 == 9 or step + 1 == args.steps:
            print(f"\rstep {step + 1}/{args.steps}  loss {losses[-1]:.4f}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return losses, training, data


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="directory of MNIST's idx files, plain or .gz")
    parser.add_argument("--bits", type=int, default=0)
    parser.add_argument("--temperature", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=600, help="also the horizon of the learning rate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--channels-last", choices=("on", "off"), default="on")
    parser.add_argument(
        "--compile", choices=("on", "off"), default="off", help="torch.compile; the first step then takes half a minute"
    )
    parser.add_argument("--json", type=Path, help="write the results here")
    args = parser.parse_args()
    need_mnist(args.data)

    start = time.perf_counter()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    print(f"torch {torch.__version__}, {args.threads} threads, fp32, channels_last {args.channels_last}, compile {args.compile}")
    self_check()
    layout = torch.channels_last if args.channels_last == "on" else torch.contiguous_format
    images, labels = load_mnist(args.data, "train")
    test_images, test_labels = load_mnist(args.data, "t10k")
    bits, test_bits = random_bits(len(images), args.bits), random_bits(len(test_images), args.bits)

    model = ConvN(args.bits).to(memory_format=layout)
    losses, training, data = train(model, images, bits, labels, args, layout)
    accuracy = probe_accuracy(model, test_images, test_bits, test_labels, layout)

    step_ms, fastest_ms, data_ms = (1e3 * s for s in (statistics.median(training), min(training), statistics.median(data)))
    total_s, train_s, data_s = time.perf_counter() - start, sum(training), sum(data)
    print(f"step {step_ms:.1f} ms (median; fastest {fastest_ms:.1f} ms), data {data_ms:.1f} ms")
    print(f"contrastive loss {losses[0]:.4f} -> {losses[-1]:.4f}; online probe, test accuracy {accuracy:.4f}")
    print(f"wall: total {total_s:.1f} s, training {train_s:.1f} s, data {data_s:.1f} s")
    if args.json:
        settings = {name: value for name, value in vars(args).items() if name not in ("data", "json")}
        timings = dict(step_ms=step_ms, fastest_ms=fastest_ms, data_ms=data_ms, total_s=total_s, train_s=train_s, data_s=data_s)
        results = dict(torch=torch.__version__, precision="fp32", first_loss=losses[0], last_loss=losses[-1], accuracy=accuracy)
        args.json.write_text(json.dumps(settings | results | timings, indent=2) + "\n")


if __name__ == "__main__":
    main()
