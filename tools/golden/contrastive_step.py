#!/usr/bin/env python3
"""Writes tests/golden/contrastive_step.safetensors: what the first two steps of three small runs must do.

Runs as tools/golden/generate.py does, which calls it. Written from the formulas in double with PyTorch's automatic
differentiation, from the initial weights and crops that a seed stands for to the running statistics after the second
update. A case is a list of Antipode's own keys; the file holds them, the images, the metrics of both steps, and of
every tensor up to SAMPLES elements at the start, after one and after two updates.
"""

import functools
import itertools
import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from draws import bits, crop, glorot_uniform
from safetensors.torch import save_file

EXAMPLES, SIDE, CLASSES = 8, 28, 10
SAMPLES, PRIME = 48, 7919  # element i * PRIME % size, for i below SAMPLES: all of a small tensor

CASES = {
    # As SimCLR trains: statistics over both views, a head that ends with batch norm, LARS with weight decay.
    "simclr": {
        "loss.name": "nt-xent",
        "loss.temperature": 0.2,
        "model.proj_layers": 3,
        "model.proj_dim": 24,
        "model.bn_unbiased_variance": "off",
        "optim.name": "lars",
        "optim.lr": 8,
        "optim.trust_coefficient": 0.01,
        "optim.weight_decay": 0.05,
    },
    # As the RandBits notebook trains: bits, statistics per view, the probe on one of them, L2 terms, Keras' Adam.
    "randbits": {
        "data.bits": 3,
        "data.crop_area_min": 0.5,
        "loss.name": "cross-view",
        "loss.temperature": 0.1,
        "model.proj_hidden": 48,
        "model.proj_dim": 16,
        "model.proj_output_bn": "off",
        "model.bn_eps": 1e-3,
        "model.bn_momentum": 0.99,
        "model.bn_per_view": "on",
        "model.probe_views": "first",
        "optim.name": "adam",
        "optim.lr": 0.02,
        "optim.eps": 0.01,  # as large as gradients: else the first update is little more than their signs
        "optim.schedule": "polynomial",
        "optim.l2": 0.02,
    },
    # The first update is the gradient times the rate.
    "sgd": {
        "loss.name": "nt-xent",
        "loss.temperature": 0.5,
        "model.proj_dim": 32,
        "optim.name": "sgd",
        "optim.lr": 0.03,
        "optim.nesterov": "off",
        "optim.schedule": "cosine",
        "optim.weight_decay": 0.1,
    },
}
DEFAULTS = {
    "data.bits": 0,
    "data.crop_area_min": 0.08,
    "model.proj_layers": 2,
    "model.proj_hidden": 128,
    "model.proj_output_bn": "on",
    "model.bn_eps": 1e-5,
    "model.bn_momentum": 0.9,
    "model.bn_unbiased_variance": "on",
    "model.bn_per_view": "off",
    "model.probe_views": "both",
    "optim.momentum": 0.9,
    "optim.schedule": "constant",
    "optim.weight_decay": 0,
    "optim.l2": 0,
}


def images(count, generator):
    """Blobs with grain: no two pixels alike, so that no layer meets one value many times. u8 [count,28,28]."""
    coarse = torch.rand(count, 1, 6, 6, generator=generator)
    x = F.interpolate(coarse, size=SIDE, mode="bicubic")[:, 0] + 0.2 * torch.rand(count, SIDE, SIDE, generator=generator)
    return (x / 1.4 * 255).clamp(0, 255).round().to(torch.uint8)


def unit(x):
    return x / x.square().sum(1, keepdim=True).clamp(min=1e-12).sqrt()


class Run:
    """Steps of one case; `margin` is how far the closest ReLU and the closest ranking were from a tie."""

    METRICS = ("loss", "loss_align", "loss_dist", "contrast_acc")  # what `objective` measures

    def __init__(self, keys, seed, steps):
        self.keys = DEFAULTS | keys
        self.seed, self.steps, self.margin = seed, steps, math.inf
        self.weights, self.state, self.moments = {}, {}, {}
        key = self.keys
        channels = (1 + key["data.bits"], 32, 64, 64)
        for i in range(3):
            into, out = channels[i : i + 2]
            # Memory has the channels last, and element i there is what stream i draws.
            kernel = glorot_uniform(f"encoder.conv{i + 1}.weight", (out, 3, 3, into), 9 * into, 9 * out, seed)
            self.weights[f"encoder.conv{i + 1}.weight"] = kernel.transpose(0, 3, 1, 2)
            self.add_batch_norm(f"encoder.bn{i + 1}", out)
        self.add_linear("encoder.dense", 256, 128)
        self.add_batch_norm("encoder.bn4", 128)
        self.add_heads()
        self.add_linear("probe", 128, CLASSES)
        self.weights["probe.bias"] = np.zeros(CLASSES)
        for name, value in self.weights.items():
            self.weights[name] = torch.tensor(value.astype(np.float64)).requires_grad_()

    def add_heads(self):
        """What follows the encoder."""
        key = self.keys
        layers, into = key["model.proj_layers"], 128
        for i in range(1, layers + 1):
            out = key["model.proj_dim"] if i == layers else key["model.proj_hidden"]
            self.add_linear(f"projector.linear{i}", into, out)
            if i < layers or key["model.proj_output_bn"] == "on":
                self.add_batch_norm(f"projector.bn{i}", out, beta=i < layers)
            into = out

    def add_linear(self, name, into, out):
        self.weights[f"{name}.weight"] = glorot_uniform(f"{name}.weight", (out, into), into, out, self.seed)

    def add_batch_norm(self, name, channels, beta=True):
        self.weights[f"{name}.weight"] = np.ones(channels)
        if beta:
            self.weights[f"{name}.bias"] = np.zeros(channels)
        self.state[f"{name}.running_mean"] = torch.zeros(channels).double()
        self.state[f"{name}.running_var"] = torch.ones(channels).double()

    # The network.

    def relu(self, x):
        self.margin = min(self.margin, x.abs().min().item())
        return x.clamp(min=0)

    def batch_norm(self, x, name, training):
        dims = [0, 2, 3] if x.dim() == 4 else [0]
        shape = (1, -1, 1, 1) if x.dim() == 4 else (1, -1)
        mean, variance = self.state[f"{name}.running_mean"], self.state[f"{name}.running_var"]
        if training:
            mean, variance = x.mean(dims), x.var(dims, unbiased=False)
            rows = x.numel() // x.shape[1]
            unbiased = x.dim() == 4 and self.keys["model.bn_unbiased_variance"] == "on"
            keep = self.keys["model.bn_momentum"]
            for member, batch in (("mean", mean), ("var", variance * (rows / (rows - 1) if unbiased else 1))):
                running = self.state[f"{name}.running_{member}"]
                self.state[f"{name}.running_{member}"] = keep * running + (1 - keep) * batch.detach()
        y = (x - mean.view(shape)) / (variance.view(shape) + self.keys["model.bn_eps"]).sqrt()
        y = y * self.weights[f"{name}.weight"].view(shape)
        return y + self.weights[f"{name}.bias"].view(shape) if f"{name}.bias" in self.weights else y

    def encode(self, x, training=True):
        for i in "123":
            x = F.conv2d(x, self.weights[f"encoder.conv{i}.weight"], stride=2)
            x = self.relu(self.batch_norm(x, f"encoder.bn{i}", training))
        x = x.permute(0, 2, 3, 1).flatten(1) @ self.weights["encoder.dense.weight"].T
        return self.relu(self.batch_norm(x, "encoder.bn4", training))

    def outputs(self, x):
        """The projections as they are."""
        layers = self.keys["model.proj_layers"]
        for i in range(1, layers + 1):
            x = x @ self.weights[f"projector.linear{i}.weight"].T
            if f"projector.bn{i}.weight" in self.weights:
                x = self.batch_norm(x, f"projector.bn{i}", True)
            x = self.relu(x) if i < layers else x
        return x

    def project(self, x):
        return unit(self.outputs(x))

    def classify(self, features):
        return features.detach() @ self.weights["probe.weight"].T + self.weights["probe.bias"]

    # What it is trained on.

    def with_bits(self, x):
        planes = torch.tensor([bits(i, self.keys["data.bits"]) for i in range(len(x))]).double()
        return torch.cat([x, planes.view(len(x), -1, 1, 1).expand(-1, -1, SIDE, SIDE)], 1)

    def view(self, pixels, view, step):
        crops = []
        for i, image in enumerate(pixels.double() / 255):
            visit = step * EXAMPLES + i  # a batch is the whole set, so a step is an epoch
            y, x, h, w = crop(self.seed, view, visit, SIDE, SIDE, self.keys["data.crop_area_min"], 1)
            box = image[None, None, y : y + h, x : x + w]
            crops.append(F.interpolate(box, size=(SIDE, SIDE), mode="bilinear", align_corners=False)[0])
        return self.with_bits(torch.stack(crops))

    def accuracy(self, logits, targets):
        top = logits.detach().topk(2).values
        self.margin = min(self.margin, (top[:, 0] - top[:, 1]).min().item())
        return (logits.argmax(1) == targets).double().mean().item()

    def contrast(self, u1, u2):
        """Both directions' cross-entropies summed, the mean over the examples; its terms, and the accuracy."""
        temperature, own = self.keys["loss.temperature"], torch.eye(len(u1), dtype=torch.bool)
        across, within1, within2 = (a @ b.T / temperature for a, b in ((u1, u2), (u1, u1), (u2, u2)))
        rows1, rows2 = across, across.T
        if self.keys["loss.name"] == "nt-xent":
            rows1 = torch.cat([rows1, within1.masked_fill(own, -math.inf)], 1)
            rows2 = torch.cat([rows2, within2.masked_fill(own, -math.inf)], 1)
        alignment = -2 * across.diag().mean()
        distribution = (rows1.logsumexp(1) + rows2.logsumexp(1)).mean()
        return alignment, distribution, self.accuracy(across, torch.arange(len(u1)))

    # One step.

    def decay(self, name):
        """c of c w in the gradient of w."""
        kernel, probe = not name.endswith("bias") and ".bn" not in name, name.startswith("probe.")
        c = 2 * self.keys["optim.l2"] if kernel and not probe else 0  # the gradient of l2 |w|^2
        # LARS decays kernels, the others (of weight_decay / 2 |w|^2) all but batch norm.
        decayed = kernel if self.keys["optim.name"] == "lars" else ".bn" not in name
        return c + (self.keys["optim.weight_decay"] if decayed else 0)

    def rate(self, step):
        done = step / self.steps
        kind = self.keys["optim.schedule"]
        factor = {"constant": 1, "polynomial": 1 - done, "cosine": (1 + math.cos(math.pi * done)) / 2}[kind]
        return self.keys["optim.lr"] * factor

    def update(self, name, w, g, step):
        """What w loses."""
        key, rate = self.keys, self.rate(step)
        if key["optim.name"] == "adam":
            m, v = self.moments.get(name, (0, 0))
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            self.moments[name] = m, v
            corrected = rate * math.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
            return corrected * m / (v.sqrt() + key["optim.eps"])
        velocity = key["optim.momentum"] * self.moments.get(name, 0)
        if key["optim.name"] == "sgd":
            self.moments[name] = velocity + g
            return rate * self.moments[name]
        adapts = not name.startswith("probe.") and ".bn" not in name
        trust = key["optim.trust_coefficient"] * w.norm() / g.norm() if adapts else 1
        self.moments[name] = velocity + rate * trust * g
        return self.moments[name]

    def objective(self, views, labels):
        """The loss, what METRICS names, and the features of each view."""
        if self.keys["model.bn_per_view"] == "on":
            features, rows = [], []
            for view in views:
                features.append(self.encode(view))
                rows.append(self.project(features[-1]))
        else:
            both = self.encode(torch.cat(views))
            features, rows = both.chunk(2), self.project(both).chunk(2)
        alignment, distribution, accuracy = self.contrast(*rows)
        loss = alignment + distribution
        return loss, (loss.item(), alignment.item(), distribution.item(), accuracy), features

    def after_update(self, step):
        pass

    def step(self, step, pixels, labels):
        views = [self.view(pixels, view, step) for view in range(2)]
        self.now = step
        loss, measured, features = self.objective(views, labels)
        probed = features if self.keys["model.probe_views"] == "both" else features[:1]
        logits = torch.cat([self.classify(x) for x in probed])
        targets = labels.repeat(len(probed))
        total = loss + F.cross_entropy(logits, targets)
        gradients = dict(zip(self.weights, torch.autograd.grad(total, list(self.weights.values()))))
        with torch.no_grad():
            for name, w in self.weights.items():
                gradients[name] += self.decay(name) * w
            for name, w in self.weights.items():
                self.weights[name] = (w - self.update(name, w, gradients[name], step)).requires_grad_()
            self.after_update(step)
        norm = torch.stack([g.norm() for g in gradients.values()]).norm()
        return torch.tensor((*measured, self.accuracy(logits, targets), norm.item(), self.rate(step)))

    def predictions(self, pixels):
        """Classes of whole images, by running statistics."""
        logits = self.classify(self.encode(self.with_bits(pixels.double().unsqueeze(1) / 255), training=False))
        self.accuracy(logits, logits.argmax(1))  # for the margin
        return logits.argmax(1)

    def tensors(self):
        return self.weights | self.state

    def samples(self):
        tensors = {name: t.detach() for name, t in self.tensors().items()}
        at = {name: torch.arange(min(SAMPLES, t.numel())) * PRIME % t.numel() for name, t in tensors.items()}
        return {name: t.reshape(-1)[at[name]].float() for name, t in tensors.items()}


def run_of(make, steps, data):
    """The run, and what the file says of it. `make` gives the run of a number of steps."""
    run = make(steps)
    rows, metrics = {"start": run.samples()}, []
    for step in range(steps):
        metrics.append(run.step(step, data["train_images"], data["train_labels"].long()))
        rows[f"step{step + 1}"] = run.samples()
    tensors = {f"{when}/{name}": value for when, values in rows.items() for name, value in values.items()}
    return run, tensors | {"metrics": torch.stack(metrics)}, run.predictions(data["test_images"])


def write_steps(path, cases):
    """cases: the class of the run, its keys and its number of steps, by name."""
    generator = torch.Generator().manual_seed(1)
    data = {f"{split}_images": images(EXAMPLES, generator) for split in ("train", "test")}
    data["train_labels"] = torch.randint(0, CLASSES, (EXAMPLES,), generator=generator).to(torch.uint8)
    about = {"torch": torch.__version__, "metrics": {}, "steps": {}, "cases": {}}
    tensors, predictions = {}, {}
    for case, (kind, keys, steps) in cases.items():
        for seed in itertools.count(1):
            run, results, predictions[case] = run_of(functools.partial(kind, keys, seed), steps, data)
            # Else rounding to f32 could decide which side of a kink an activation is on, or which class wins.
            if run.margin > 1e-5:
                break
        print(f"{case}: seed {seed}, {run.margin:.1e} from a tie")
        tensors |= {f"{case}/{name}": value for name, value in results.items()}
        about["steps"][case] = steps
        about["metrics"][case] = (*kind.METRICS, "probe_acc", "grad_norm", "lr")
        about["cases"][case] = [f"{key}={value}" for key, value in keys.items()] + [f"train.seed={seed}"]
    # Every case has some of the test images right: each image is of the class that one of the cases takes it for.
    all_cases = list(predictions.values())
    data["test_labels"] = torch.stack([all_cases[i % len(all_cases)][i] for i in range(EXAMPLES)]).to(torch.uint8)
    for case, predicted in predictions.items():
        tensors[f"{case}/probe_test_accuracy"] = (predicted == data["test_labels"]).float().mean()
    stored = {name: t.contiguous() for name, t in (data | tensors).items()}
    # One entry: the order of several is left to chance, and with it the bytes of the file.
    save_file(stored, path, {"about": json.dumps(about)})


def contrastive_step(directory):
    write_steps(directory / "contrastive_step.safetensors", {case: (Run, keys, 2) for case, keys in CASES.items()})


if __name__ == "__main__":
    contrastive_step(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "tests/golden"))
