#!/usr/bin/env python3
"""The works of `bench` in PyTorch: times one of them and prints a line of JSON, for steps.py to set beside bench's.

    python3 tools/compare/torch_work.py resnet18 --setting channels_last
    python3 tools/compare/torch_work.py resnet18 --setting "channels_last autocast compiled"
    python3 tools/compare/torch_work.py nt-xent --rows 4096 --setting logsumexp
"""
import argparse
import json
import resource
import time

import torch
from torch import nn
from torch.nn import functional as F

CLASSES = 10


class Block(nn.Module):
    def __init__(self, c, k, stride):
        super().__init__()
        self.convolutions = nn.Sequential(nn.Conv2d(c, k, 3, stride, 1, bias=False), nn.BatchNorm2d(k), nn.ReLU(inplace=True),
                                          nn.Conv2d(k, k, 3, 1, 1, bias=False), nn.BatchNorm2d(k))
        projection = nn.Conv2d(c, k, 1, stride, bias=False), nn.BatchNorm2d(k)
        self.shortcut = nn.Identity() if c == k else nn.Sequential(*projection)

    def forward(self, x):
        return F.relu(self.convolutions(x) + self.shortcut(x), inplace=True)


def resnet18():
    """torchvision's layout: 7x7 stem, max pooling padded by one, no projection in the first group."""
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    c = 64
    for k in (64, 128, 256, 512):
        layers += [Block(c, k, 1 if k == 64 else 2), Block(k, k, 1)]
        c = k
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, CLASSES))


def resnet18_step(args):
    """autocast: products in bf16, parameters in f32; pure_bf16: parameters, gradients and optimizer in bf16, too."""
    layout = torch.channels_last if "channels_last" in args.setting else torch.contiguous_format
    autocast, dtype = "autocast" in args.setting, torch.bfloat16 if "pure_bf16" in args.setting else torch.float32
    model = resnet18().to(dtype=dtype, memory_format=layout)
    images = torch.rand(args.batch_size, 3, args.image_size, args.image_size, dtype=dtype).contiguous(memory_format=layout)
    labels = torch.arange(args.batch_size) % CLASSES
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4, fused=True)
    forward = torch.compile(model) if "compiled" in args.setting else model

    def step():
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            loss = F.cross_entropy(forward(images), labels)
        loss.backward()
        optimizer.step()

    return step


def nt_xent(args):
    u = F.normalize(torch.randn(args.rows, args.dim)).requires_grad_()
    n, temperature = args.rows // 2, 0.1
    positives = (torch.arange(args.rows) + n) % args.rows

    def similarities(u):
        return (u @ u.T / temperature).fill_diagonal_(float("-inf"))

    def cross_entropy(u):
        return F.cross_entropy(similarities(u), positives, reduction="sum") / n

    def logsumexp(u):
        return (similarities(u).logsumexp(1).sum() - 2 * (u[:n] * u[n:]).sum() / temperature) / n

    loss = cross_entropy if "cross_entropy" in args.setting else logsumexp
    if "compiled" in args.setting:
        loss = torch.compile(loss)

    def step():
        u.grad = None
        loss(u).backward()

    return step


WORKS = {"resnet18": resnet18_step, "nt-xent": nt_xent}


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=sorted(WORKS))
    parser.add_argument("--setting", default="", help="words: channels_last, autocast, pure_bf16, cross_entropy, logsumexp, compiled")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--image-size", type=int, default=112)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    step = WORKS[args.work](args)
    before = peak_bytes()
    for _ in range(args.warmup):
        step()
    ms = []
    for _ in range(args.repetitions):
        begin = time.perf_counter()
        step()
        ms.append(1e3 * (time.perf_counter() - begin))
    print(json.dumps({"torch": torch.__version__, "ms": ms, "peak_bytes": peak_bytes() - before}))


if __name__ == "__main__":
    main()
