#!/usr/bin/env python3
"""One rank of SimCLR in PyTorch, with torch.distributed and gloo: the counterpart of a rank of `pretrain`, for two_ranks.py.

ResNet-18 in SimCLR's variant, batch norm over the images of all ranks, NT-Xent over the rows of all ranks, SGD with momentum, and
DistributedDataParallel. PyTorch's SyncBatchNorm needs a GPU, so batch norm is written here, with PyTorch's own kernels and as few
messages as there can be: one in each direction. Views are the crops that `pretrain` draws; they are made before the first step.
"""

import argparse
import datetime
import json
import os
import pathlib
import sys
import time

from needed import ROOT, need_numpy, need_torch

need_torch()
need_numpy()
import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(ROOT / "tools/golden"))
from draws import crop

CLASSES, PROJECTION, TEMPERATURE, MOMENTUM, CROP_AREA_MIN, SEED = 10, 128, 0.5, 0.9, 0.3, 1
EPSILON, RUNNING = 1e-5, 0.1


class Group:
    """The ranks, twice: messages that a rank waits for have a group of their own, beside the long ones of gradients."""

    small = None

    @classmethod
    def join(cls, rank, ranks, meeting):
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        wait = datetime.timedelta(minutes=5)
        dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=ranks, timeout=wait)
        cls.small = dist.new_group(backend="gloo", timeout=wait)

    @classmethod
    def gathered(cls, x):
        """[ranks, ...] from each rank's x [...]"""
        parts = [torch.empty_like(x) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, x, group=cls.small)
        return torch.stack(parts)

    @classmethod
    def summed(cls, x):
        dist.all_reduce(x, group=cls.small)
        return x


def per_channel(x, *vectors):
    return tuple(v.view(1, -1, 1, 1) if x.dim() == 4 else v for v in vectors)


class Eager:
    """The passes of batch norm over an activation, but for its sums."""

    @staticmethod
    def normalised(x, residual, mean, variance, gamma, beta, relu):
        y = F.batch_norm(x, mean, variance, gamma, beta, False, 0, EPSILON)
        if residual is not None:
            y.add_(residual)
        return y.relu_() if relu else y

    @staticmethod
    def input_gradient(dy, x, a, b, c):
        """a dy + b x + c per channel."""
        if x.dtype != torch.float32:  # PyTorch's batch norm reads bf16 and computes in f32
            zeros, ones = torch.zeros_like(a), torch.ones_like(a)
            affine = lambda x, scale, shift: F.batch_norm(x, zeros, ones, scale, shift, False, 0, 0)
            return affine(x, b, c).add_(affine(dy, a, zeros))
        a, b, c = per_channel(x, a, b, c)
        return torch.addcmul(c, x, b).addcmul_(dy, a)


class Compiled:
    """The same as one pass each, by torch.compile."""

    @staticmethod
    @torch.compile
    def normalised(x, residual, mean, variance, gamma, beta, relu):
        mean, scale = per_channel(x, mean, gamma * (variance + EPSILON).rsqrt())
        y = (x - mean) * scale
        if beta is not None:
            y = y + per_channel(x, beta)[0]
        if residual is not None:
            y = y + residual
        return (y.relu() if relu else y).to(x.dtype)

    @staticmethod
    @torch.compile
    def input_gradient(dy, x, a, b, c):
        a, b, c = per_channel(x, a, b, c)
        return (a * dy + (b * x + c)).to(x.dtype)


class BatchNormOverRanks(torch.autograd.Function):
    """y = relu(gamma (x - mean) / sqrt(variance + epsilon) + beta + residual), with mean and variance of all ranks' rows."""

    passes = Eager

    @staticmethod
    def forward(ctx, x, residual, gamma, beta, running, relu):
        channels, count = len(gamma), x.numel() // len(gamma)
        zeros, ones = torch.zeros(channels), torch.ones(channels)  # statistics in f32, also where x is bf16
        mean, variance = torch.batch_norm_update_stats(x, zeros, ones, 0.0)
        own = torch.cat([mean, variance * count, torch.full((1,), float(count))])
        means, squares, counts = Group.gathered(own).split((channels, channels, 1), 1)
        total = counts.sum()
        mean = (counts * means).sum(0) / total
        variance = (squares + counts * (means - mean).square()).sum(0) / total  # Chan, Golub & LeVeque 1979
        for old, new in zip(running, (mean, variance)):
            old.lerp_(new, RUNNING)
        y = BatchNormOverRanks.passes.normalised(x, residual, mean, variance, gamma, beta, relu)
        ctx.save_for_backward(x, y if relu else None, gamma, mean, variance, total)
        ctx.has_residual = residual is not None
        return y

    @staticmethod
    def backward(ctx, dy):
        x, y, gamma, mean, variance, total = ctx.saved_tensors
        if x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last):
            dy = dy.contiguous(memory_format=torch.channels_last)
        if y is not None:
            dy = torch.ops.aten.threshold_backward(dy, y, 0)
        sums = torch.ops.aten.native_batch_norm_backward  # in evaluation mode: of dy x^ and dy, without dx
        _, dgamma, dbeta = sums(dy, x, gamma, mean, variance, None, None, False, EPSILON, [False, True, True])
        sum_xdy, sum_dy = Group.summed(torch.stack([dgamma, dbeta])) / total
        inv_std = (variance + EPSILON).rsqrt()
        a = gamma * inv_std
        b = -a * inv_std * sum_xdy
        dx = BatchNormOverRanks.passes.input_gradient(dy, x, a, b, -a * sum_dy - b * mean)
        return dx, dy if ctx.has_residual else None, dgamma, dbeta if ctx.needs_input_grad[3] else None, None, None


class BatchNorm(nn.Module):
    def __init__(self, channels, beta=True):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels)) if beta else None
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x, residual=None, relu=False):
        running = self.running_mean, self.running_var
        return BatchNormOverRanks.apply(x, residual, self.weight, self.bias, running, relu)


class Block(nn.Module):
    def __init__(self, c, k, stride, projects):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(c, k, 3, stride, 1, bias=False), BatchNorm(k)
        self.conv2, self.bn2 = nn.Conv2d(k, k, 3, 1, 1, bias=False), BatchNorm(k)
        self.downsample = nn.Sequential(nn.Conv2d(c, k, 1, stride, bias=False), BatchNorm(k)) if projects else nn.Identity()

    def forward(self, x):
        y = self.conv2(self.bn1(self.conv1(x), relu=True))
        return self.bn2(y, residual=self.downsample(x), relu=True)


class Encoder(nn.Module):
    """SimCLR's variant: a projection in the first block of every group, and pooling padded like TensorFlow's SAME."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), BatchNorm(64)
        c = 64
        for i, k in enumerate((64, 128, 256, 512)):
            blocks = Block(c, k, 1 if i == 0 else 2, True), Block(k, k, 1, False)
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
            c = k

    def forward(self, x):
        x = self.bn1(self.conv1(x), relu=True)
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)  # of an even size: the last window ends one pixel beyond the image
        return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3))


class Projector(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear1, self.bn1 = nn.Linear(512, 512, bias=False), BatchNorm(512)
        self.linear2, self.bn2 = nn.Linear(512, PROJECTION, bias=False), BatchNorm(PROJECTION, beta=False)

    def forward(self, x):
        return self.bn2(self.linear2(self.bn1(self.linear1(x), relu=True)).float())


class SimClr(nn.Module):
    """Also with the online probe that `pretrain` trains on detached features."""

    def __init__(self):
        super().__init__()
        self.encoder, self.projector, self.probe = Encoder(), Projector(), nn.Linear(512, CLASSES)

    def forward(self, views):
        features = self.encoder(views)
        return F.normalize(self.projector(features)), self.probe(features.detach()).float()


class Gathered(torch.autograd.Function):
    """The rows of all ranks, in the order of the ranks. Each of them has a part of the loss, so gradients are summed."""

    @staticmethod
    def forward(ctx, rows):
        return Group.gathered(rows).flatten(0, 1)

    @staticmethod
    def backward(ctx, gradient):
        return Group.summed(gradient.contiguous()).chunk(dist.get_world_size())[dist.get_rank()]


def nt_xent(rows, images):
    """This rank's anchors' part of the loss of all `images`: rows [2m,d] are both views of m images, one view after the other."""
    own = torch.arange(len(rows))
    first = dist.get_rank() * len(rows)
    logits = rows @ Gathered.apply(rows).T / TEMPERATURE
    logits = logits.index_put((own, first + own), torch.tensor(float("-inf")))
    return F.cross_entropy(logits, first + (own + len(rows) // 2) % len(rows), reduction="sum") / images


def load_weights(model, path):
    """A checkpoint's model.safetensors, in f32; convolutions are stored as PyTorch has them."""
    raw = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(raw[:8], "little")
    state = {}
    for name, entry in json.loads(raw[8:start]).items():
        if name != "__metadata__" and not name.endswith("num_batches_tracked"):
            begin, end = (start + offset for offset in entry["data_offsets"])
            state[name] = torch.frombuffer(raw[begin:end], dtype=torch.float32).view(entry["shape"])
    model.load_state_dict(state)


class Data:
    """This rank's part of each batch: images in their order, seen as the crops that `pretrain` draws."""

    def __init__(self, args):
        self.images = np.load(args.data / "train_images.npy", mmap_mode="r")
        self.labels = torch.from_numpy(np.load(args.data / "train_labels.npy")).long()
        self.batch, self.share = args.batch_size, args.batch_size // args.ranks
        self.first = args.rank * self.share

    def view(self, view, visit):
        example = visit % len(self.images)
        size = self.images.shape[1]
        y, x, h, w = crop(SEED, view, visit, size, size, CROP_AREA_MIN, 1)
        box = torch.from_numpy(np.array(self.images[example, y : y + h, x : x + w])).permute(2, 0, 1)[None].float() / 255
        return F.interpolate(box, size=(size, size), mode="bilinear", align_corners=False)

    def step(self, step):
        visits = range(step * self.batch + self.first, step * self.batch + self.first + self.share)
        views = torch.cat([self.view(view, visit) for view in range(2) for visit in visits])
        labels = self.labels[[visit % len(self.images) for visit in visits]].repeat(2)
        return views, labels


def train(args):
    """The loss of all ranks' images in each step, the norm of their gradient, and how long the step took."""
    if "compiled" in args.setting:
        torch._dynamo.config.recompile_limit = 64  # a shape after another
        BatchNormOverRanks.passes = Compiled
    layout = torch.channels_last if "channels_last" in args.setting else torch.contiguous_format
    model = SimClr()
    load_weights(model, args.weights)
    model = model.to(memory_format=layout)
    parallel = nn.parallel.DistributedDataParallel(
        model, broadcast_buffers=False, gradient_as_bucket_view=True, static_graph=True, bucket_cap_mb=args.bucket_mib
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=MOMENTUM, fused=True)
    data = Data(args)
    batches = [(views.contiguous(memory_format=layout), labels) for views, labels in map(data.step, range(args.steps))]
    dist.barrier()

    losses, norms, ms = [], [], []
    for views, labels in batches:
        begin = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.precision == "bf16"):
            rows, logits = parallel(views)
        loss = nt_xent(rows, args.batch_size)
        probe = F.cross_entropy(logits, labels, reduction="sum") / (2 * args.batch_size)
        ((loss + probe) * args.ranks).backward()  # DistributedDataParallel takes the mean of the ranks' gradients
        optimizer.step()
        losses.append(Group.summed(loss.detach().clone()).item())
        ms.append(1e3 * (time.perf_counter() - begin))
        norms.append(nn.utils.get_total_norm([p.grad for p in model.parameters()]).item())
    return {"losses": losses, "norms": norms, "ms": ms}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rank", type=int, required=True)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument(
        "--meeting", type=pathlib.Path, required=True, help="file, not there yet, by which the ranks find each other"
    )
    parser.add_argument("--data", type=pathlib.Path, required=True, help="directory with train_images.npy and train_labels.npy")
    parser.add_argument("--weights", type=pathlib.Path, required=True, help="model.safetensors of a checkpoint")
    parser.add_argument("--batch-size", type=int, default=64, help="images of all ranks")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--lr", type=float, default=2e-4)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="bf16: autocast")
    parser.add_argument("--setting", default="channels_last", help="words: channels_last, compiled")
    parser.add_argument("--bucket-mib", type=float, default=25, help="of DistributedDataParallel")
    args = parser.parse_args()
    torch.set_num_threads(1)
    Group.join(args.rank, args.ranks, args.meeting)
    result = train(args)
    if args.rank == 0:
        print(json.dumps(result))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
