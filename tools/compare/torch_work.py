#!/usr/bin/env python3
"""The benchmarks of `bench` in PyTorch: times one of them and prints a line of JSON, which steps.py compares with bench's.

    python3 tools/compare/torch_work.py resnet18 --setting channels_last
    python3 tools/compare/torch_work.py resnet18 --setting "channels_last autocast compiled"
    python3 tools/compare/torch_work.py nt-xent --rows 4096 --setting logsumexp
    python3 tools/compare/torch_work.py swd --rows 8192 --setting "columns compiled"
    python3 tools/compare/torch_work.py simclr --device cuda --batch-size 1024 --setting "channels_last autocast compiled"
    python3 tools/compare/torch_work.py --works FILE --device cuda

The last times all works of a file in one process, since importing and compiling take longer than most of them: a line has the
arguments of one work, and flags outside of the file are of all. Before each result comes a line with its arguments.

A GPU is timed by its own clock. More works than in steps.py: simclr (ResNet-18, head, NT-Xent, probe and LARS on crops of
random images), lars (SimCLR's update of ResNet-50's parameters: loop or foreach) and batch-norm (batch norm, addition and ReLU,
with gradients, of 56x56 pixels with 64 channels).
"""

import argparse
import copy
import gc
import json
import math
import pathlib
import resource
import shlex
import time

from needed import need_torch

need_torch()
import torch
from torch import nn
from torch.nn import functional as F

CLASSES = 10


class Block(nn.Module):
    def __init__(self, c, k, stride):
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(c, k, 3, stride, 1, bias=False),
            nn.BatchNorm2d(k),
            nn.ReLU(inplace=True),
            nn.Conv2d(k, k, 3, 1, 1, bias=False),
            nn.BatchNorm2d(k),
        )
        projection = nn.Conv2d(c, k, 1, stride, bias=False), nn.BatchNorm2d(k)
        self.shortcut = nn.Identity() if c == k else nn.Sequential(*projection)

    def forward(self, x):
        return F.relu(self.convolutions(x) + self.shortcut(x), inplace=True)


class Bottleneck(nn.Module):
    """With the stride on the 3x3 convolution."""

    def __init__(self, c, k, stride):
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(c, k, 1, bias=False),
            nn.BatchNorm2d(k),
            nn.ReLU(inplace=True),
            nn.Conv2d(k, k, 3, stride, 1, bias=False),
            nn.BatchNorm2d(k),
            nn.ReLU(inplace=True),
            nn.Conv2d(k, 4 * k, 1, bias=False),
            nn.BatchNorm2d(4 * k),
        )
        projection = nn.Conv2d(c, 4 * k, 1, stride, bias=False), nn.BatchNorm2d(4 * k)
        self.shortcut = nn.Identity() if c == 4 * k else nn.Sequential(*projection)

    def forward(self, x):
        return F.relu(self.convolutions(x) + self.shortcut(x), inplace=True)


def resnet(block, blocks, expansion):
    """torchvision's architecture: 7x7 stem, max pooling padded by one; a projection only where the shape changes."""
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    c = 64
    for k, count in zip((64, 128, 256, 512), blocks):
        for i in range(count):
            layers.append(block(c, k, 2 if i == 0 and k > 64 else 1))
            c = expansion * k
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, CLASSES))


def resnet18():
    return resnet(Block, (2, 2, 2, 2), 1)


def resnet50():
    return resnet(Bottleneck, (3, 4, 6, 3), 4)


def resnet_step(args):
    """autocast: products in bf16, parameters in f32; pure_bf16: parameters, gradients and optimizer in bf16, too."""
    layout = torch.channels_last if "channels_last" in args.setting else torch.contiguous_format
    autocast, dtype = "autocast" in args.setting, torch.bfloat16 if "pure_bf16" in args.setting else torch.float32
    model = {"resnet18": resnet18, "resnet50": resnet50}[args.work]().to(args.device, dtype=dtype, memory_format=layout)
    images = torch.rand(args.batch_size, 3, args.image_size, args.image_size, dtype=dtype).contiguous(memory_format=layout)
    images, labels = images.to(args.device), (torch.arange(args.batch_size) % CLASSES).to(args.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4, fused=True)
    forward = torch.compile(model) if "compiled" in args.setting else model

    def step():
        optimizer.zero_grad()
        with torch.autocast(args.device, dtype=torch.bfloat16, enabled=autocast):
            loss = F.cross_entropy(forward(images), labels)
        loss.backward()
        optimizer.step()

    return step


def nt_xent_loss(args, rows):
    """Returns loss(u) for that many rows, in the form that args.setting names."""
    n, temperature = rows // 2, 0.1
    positives = ((torch.arange(rows) + n) % rows).to(args.device)
    autocast = "autocast" in args.setting

    def similarities(u):
        with torch.autocast(args.device, dtype=torch.bfloat16, enabled=autocast):
            products = u @ u.T
        return (products.float() / temperature).fill_diagonal_(float("-inf"))

    def cross_entropy(u):
        return F.cross_entropy(similarities(u), positives, reduction="sum") / n

    def logsumexp(u):
        return (similarities(u).logsumexp(1).sum() - 2 * (u[:n] * u[n:]).sum() / temperature) / n

    return cross_entropy if "cross_entropy" in args.setting else logsumexp


def of_unit_rows(args, loss):
    """A step: the loss of unit rows, and its gradient."""
    u = F.normalize(torch.randn(args.rows, args.dim)).to(args.device).requires_grad_()
    if "compiled" in args.setting:
        loss = torch.compile(loss)

    def step():
        u.grad = None
        loss(u).backward()

    return step


def nt_xent(args):
    return of_unit_rows(args, nt_xent_loss(args, args.rows))


def similarity_loss(args):
    """decoupled: the mean log-sum-exp over all rows, at temperature 1. queue: InfoNCE of rows against their keys and four times
    as many rows of a queue, as MoCo's public code writes it."""
    unit_rows = lambda rows: F.normalize(torch.randn(rows, args.dim)).to(args.device)
    keys, queue = unit_rows(args.rows), unit_rows(4 * args.rows)

    def decoupled(u):
        return (u @ u.T).logsumexp(1).mean()

    def against_queue(u):
        logits = torch.cat([(u * keys).sum(1, keepdim=True), u @ queue.T], 1) / 0.1
        return F.cross_entropy(logits, torch.zeros(args.rows, dtype=torch.long, device=args.device))

    return of_unit_rows(args, decoupled if args.work == "decoupled" else against_queue)


def swd(args):
    """To the unit sphere, as Chen et al. 2021: new directions and a new prior at every step. columns, slices: whether projections
    are sorted down the columns of [N,d], or along the rows of [d,N]."""
    rows = F.normalize(torch.randn(args.rows, args.dim)).to(args.device)
    slices = "slices" in args.setting

    def loss(z):
        q, r = torch.linalg.qr(torch.randn(args.dim, args.dim, device=args.device))
        w = q * r.diagonal().sign()
        prior = F.normalize(torch.randn_like(z))
        if slices:
            return F.mse_loss((w.T @ z.T).sort().values, (w.T @ prior.T).sort().values)
        return F.mse_loss((z @ w).sort(0).values, (prior @ w).sort(0).values)

    if "compiled" in args.setting:
        loss = torch.compile(loss)

    def step():
        z = rows.detach().requires_grad_()
        loss(z).backward()

    return step


class SigReg(nn.Module):
    """LeJEPA's SIGReg as in its public code, with 1024 slices: z [views, rows, d]."""

    def __init__(self, slices=1024, knots=17, t_max=3.0):
        super().__init__()
        self.slices = slices
        t = torch.linspace(0, t_max, knots)
        spacing = t_max / (knots - 1)
        weights = torch.full((knots,), 2 * spacing)
        weights[[0, -1]] = spacing
        self.register_buffer("t", t)
        self.register_buffer("phi", (-t.square() / 2).exp())
        self.register_buffer("weights", weights * self.phi)

    def forward(self, z):
        directions = torch.randn(z.size(-1), self.slices, device=z.device)
        directions = directions / directions.norm(p=2, dim=0)
        angles = (z @ directions).unsqueeze(-1) * self.t
        error = (angles.cos().mean(-3) - self.phi).square() + angles.sin().mean(-3).square()
        return ((error @ self.weights) * z.size(-2)).mean()


class VisReg(nn.Module):
    """VISReg's distribution term as in its public code, with 4096 slices: z [views, rows, d]."""

    def __init__(self, rows, slices=4096):
        super().__init__()
        self.slices = slices
        quantiles = torch.arange(1, rows + 1, dtype=torch.float32) / (rows + 1)
        self.register_buffer("target", (torch.erfinv(2 * quantiles - 1) * math.sqrt(2)).view(1, rows, 1))

    def forward(self, z):
        mean = z.mean(1, keepdim=True)
        centred = z - mean
        std = (centred.norm(dim=1) / math.sqrt(z.size(1))).clamp_min(1e-6)
        directions = F.normalize(torch.randn(z.size(-1), self.slices, device=z.device), dim=0)
        projections = (centred / std.detach().unsqueeze(1) @ directions).sort(dim=1).values
        return (std - 1).square().mean() + (projections - self.target).square().mean() + mean.square().mean()


def distribution_loss(args):
    """SIGReg or VISReg of two views' rows."""
    z = torch.randn(2, args.rows // 2, args.dim).to(args.device).requires_grad_()
    loss = (SigReg() if args.work == "sigreg" else VisReg(args.rows // 2)).to(args.device)
    if "compiled" in args.setting:
        loss = torch.compile(loss)

    def step():
        z.grad = None
        loss(z).backward()

    return step


class Lars:
    """SimCLR's LARS: weight decay is added to the gradient, and the rate is inside the velocity. Weight decay and trust ratio
    apply only to matrices and filters."""

    def __init__(self, parameters, foreach):
        self.parameters, self.foreach = list(parameters), foreach
        self.velocities = [torch.zeros_like(p) for p in self.parameters]
        self.adapted = [p.ndim > 1 for p in self.parameters]

    @torch.no_grad()
    def step(self, lr=1e-3, momentum=0.9, decay=1e-4, trust=1e-3):
        update = self.together if self.foreach else self.one_by_one
        update(lr, momentum, decay, trust)

    def one_by_one(self, lr, momentum, decay, trust):
        for p, v, adapted in zip(self.parameters, self.velocities, self.adapted):
            g = p.grad
            if adapted:
                g = g + decay * p
                norm, gradient = p.norm(), g.norm()
                ratio = torch.where((norm > 0) & (gradient > 0), trust * norm / gradient, 1.0)
                g = g * ratio
            v.mul_(momentum).add_(g, alpha=lr)
            p.sub_(v)

    def together(self, lr, momentum, decay, trust):
        chosen = [i for i, adapted in enumerate(self.adapted) if adapted]
        weights = [self.parameters[i] for i in chosen]
        decayed = torch._foreach_add([w.grad for w in weights], weights, alpha=decay)
        ratios = [
            torch.where((n > 0) & (g > 0), trust * n / g, 1.0)
            for n, g in zip(torch._foreach_norm(weights), torch._foreach_norm(decayed))
        ]
        gradients = [p.grad for p in self.parameters]
        for i, g in zip(chosen, torch._foreach_mul(decayed, ratios)):
            gradients[i] = g
        torch._foreach_mul_(self.velocities, momentum)
        torch._foreach_add_(self.velocities, gradients, alpha=lr)
        torch._foreach_sub_(self.parameters, self.velocities)


def resnet50_shapes():
    shapes, c = [(64, 3, 7, 7), (64,), (64,)], 64
    for k, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            shapes += [(k, c, 1, 1), (k,), (k,), (k, k, 3, 3), (k,), (k,), (4 * k, k, 1, 1), (4 * k,), (4 * k,)]
            if block == 0:
                shapes += [(4 * k, c, 1, 1), (4 * k,), (4 * k,)]
            c = 4 * k
    return [*shapes, (1000, 2048), (1000,)]


def lars(args):
    parameters = [torch.randn(shape, device=args.device).requires_grad_() for shape in resnet50_shapes()]
    for p in parameters:
        p.grad = torch.randn_like(p)
    return Lars(parameters, "foreach" in args.setting).step


def batch_norm(args):
    dtype = torch.bfloat16 if "autocast" in args.setting or "bf16" in args.setting else torch.float32
    shape = args.batch_size, 64, 56, 56
    make = lambda: torch.randn(shape, device=args.device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    x, residual, dy = make().requires_grad_(), make().requires_grad_(), make()
    norm = nn.BatchNorm2d(64).to(args.device)
    forward = lambda x, residual: F.relu(norm(x) + residual)
    if "compiled" in args.setting:
        forward = torch.compile(forward)

    def step():
        x.grad = residual.grad = None
        forward(x, residual).backward(dy)

    return step


class SimClr(nn.Module):
    """Encoder, two-layer head with batch norm, and a probe on detached features."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(*list(resnet18().children())[:-1])
        self.head = nn.Sequential(
            nn.Linear(512, 512, bias=False),
            nn.BatchNorm1d(512),
            nn.ReLU(inplace=True),
            nn.Linear(512, 64, bias=False),
            nn.BatchNorm1d(64),
        )
        self.probe = nn.Linear(512, CLASSES)

    def forward(self, images):
        features = self.encoder(images)
        return F.normalize(self.head(features).float()), self.probe(features.detach())


def crops(images, size):
    """Both views: a random box of each image, resized to the image size; one grid_sample call for both."""
    n = len(images)
    scale = torch.empty(2 * n, 2, device=images.device).uniform_(0.3, 1.0)
    centre = (torch.rand(2 * n, 2, device=images.device) * 2 - 1) * (1 - scale)
    theta = torch.zeros(2 * n, 2, 3, device=images.device)
    theta[:, 0, 0], theta[:, 1, 1], theta[:, :, 2] = scale[:, 0], scale[:, 1], centre
    grid = F.affine_grid(theta, (2 * n, 3, size, size), align_corners=False)
    return F.grid_sample(torch.cat([images, images]).float() / 255, grid, align_corners=False)


def simclr(args):
    layout = torch.channels_last if "channels_last" in args.setting else torch.contiguous_format
    model = SimClr().to(args.device, memory_format=layout)
    images = torch.randint(0, 256, (args.batch_size, 3, args.image_size, args.image_size), device=args.device, dtype=torch.uint8)
    labels = (torch.arange(2 * args.batch_size) % CLASSES).to(args.device)
    contrast = nt_xent_loss(args, 2 * args.batch_size)
    optimizer = Lars(model.parameters(), foreach=True)

    def loss(images):
        views = crops(images, args.image_size).contiguous(memory_format=layout)
        with torch.autocast(args.device, dtype=torch.bfloat16, enabled="autocast" in args.setting):
            u, logits = model(views)
        return contrast(u) + F.cross_entropy(logits.float(), labels)

    forward = torch.compile(loss) if "compiled" in args.setting else loss

    def step():
        model.zero_grad(set_to_none=True)
        forward(images).backward()
        optimizer.step()

    return step


WORKS = {
    "resnet18": resnet_step,
    "resnet50": resnet_step,
    "nt-xent": nt_xent,
    "decoupled": similarity_loss,
    "queue": similarity_loss,
    "swd": swd,
    "sigreg": distribution_loss,
    "visreg": distribution_loss,
    "simclr": simclr,
    "lars": lars,
    "batch-norm": batch_norm,
}


def peak_bytes(device):
    """On a GPU the peak of all tensors, parameters included, as in bench. On a CPU the process size: only growth counts."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def time_ms(step, device):
    if device == "cuda":
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        step()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end)
    begin = time.perf_counter()
    step()
    return 1e3 * (time.perf_counter() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", nargs="?", choices=sorted(WORKS))
    parser.add_argument("--works", type=pathlib.Path, metavar="FILE", help="a file with the arguments of one work in each line")
    parser.add_argument(
        "--setting",
        default="",
        help="words: channels_last, autocast, pure_bf16, cross_entropy, logsumexp, columns, slices, foreach, compiled",
    )
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--image-size", type=int, default=112)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    if (args.work is None) == (args.works is None):
        parser.error("say what to time: a work, or --works FILE")
    if args.works is None:
        print(json.dumps(timed(args)))
        return
    lines = args.works.read_text().splitlines()
    for line, each in [(line, parser.parse_args(shlex.split(line), copy.copy(args))) for line in lines]:
        print(json.dumps({"arguments": line}), flush=True)
        print(json.dumps(timed_alone(each)), flush=True)


def timed(args):
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    step = WORKS[args.work](args)
    before = 0 if args.device == "cuda" else peak_bytes(args.device)
    for _ in range(args.warmup):
        step()
    ms = [time_ms(step, args.device) for _ in range(args.repetitions)]
    return {"torch": torch.__version__, "ms": ms, "peak_bytes": peak_bytes(args.device) - before}


def timed_alone(args):
    """The same, or an error, with nothing left of earlier works: neither memory nor what was compiled for other sizes."""
    torch._dynamo.reset()
    gc.collect()
    if args.device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    try:
        return timed(args)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
