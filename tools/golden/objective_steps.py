#!/usr/bin/env python3
"""Writes tests/golden/objective_steps.safetensors: what the first steps of other objectives must do.

Like contrastive_step.py, which has what all objectives share, for momentum contrast with its queue, BYOL, and
supervised classification.
"""

import math
import pathlib
import sys

import torch
import torch.nn.functional as F
from contrastive_step import EXAMPLES, Run, unit, write_steps
from draws import bits, key_order, sphere_rows

SGD = {
    "model.proj_dim": 16,
    "optim.name": "sgd",
    "optim.lr": 0.03,
    "optim.nesterov": "off",
    "optim.weight_decay": 0.01,
}


class MomentumRun(Run):
    """With a network whose weights are a moving average of the others."""

    def __init__(self, keys, seed, steps):
        super().__init__(keys, seed, steps)
        followed = {name: w for name, w in self.weights.items() if name.startswith(("encoder.", "projector."))}
        self.averages = {name: w.detach().clone() for name, w in followed.items()}
        self.statistics = {name: t.clone() for name, t in self.state.items() if name.startswith(("encoder.", "projector."))}

    def momentum_rows(self, images):
        """Unit projections by the averaged network, which trains its own statistics."""
        own = self.weights, self.state
        self.weights, self.state = self.averages, self.statistics
        with torch.no_grad():
            rows = self.project(self.encode(images))
        self.weights, self.state = own
        return rows

    def momentum(self, step):
        m = self.keys.get("momentum_encoder.momentum", 0.99)
        if self.keys.get("momentum_encoder.schedule") == "cosine":
            m = 1 - (1 - m) * (1 + math.cos(math.pi * step / self.steps)) / 2
        return m

    def after_update(self, step):
        m = self.momentum(step)
        for name in self.averages:
            self.averages[name] = m * self.averages[name] + (1 - m) * self.weights[name].detach()

    def tensors(self):
        momentum = {f"momentum.{name}": t for name, t in (self.averages | self.statistics).items()}
        return super().tensors() | momentum


class QueueRun(MomentumRun):
    METRICS = Run.METRICS

    def __init__(self, keys, seed, steps):
        super().__init__(keys, seed, steps)
        self.symmetric, self.groups = keys.get("queue.symmetric") == "on", keys.get("queue.batch_norm_groups", 1)
        queues, size, d = 1 + self.symmetric, keys["queue.size"], self.keys["model.proj_dim"]
        self.queues = torch.tensor(sphere_rows(seed, queues * size, d)).view(queues, size, d)

    def keys_of(self, view):
        order = torch.tensor(key_order(self.seed, self.now, EXAMPLES)) if self.groups > 1 else torch.arange(EXAMPLES)
        rows = torch.cat([self.momentum_rows(part) for part in view[order].chunk(self.groups)])
        return rows[order.argsort()]

    def queue_loss(self, q, keys, queue):
        own = (q * keys).sum(1, keepdim=True)
        logits = torch.cat([own, q @ queue.T], 1) / self.keys["loss.temperature"]
        accuracy = self.accuracy(logits, torch.zeros(len(q)).long())
        return -logits[:, 0].mean(), logits.logsumexp(1).mean(), accuracy

    def objective(self, views, labels):
        features, rows = [], []
        for view in views[: 1 + self.symmetric]:
            parts = [self.encode(part) for part in view.chunk(self.groups)]
            features.append(torch.cat(parts))
            rows.append(torch.cat([self.project(part) for part in parts]))
        self.keys_now = [self.keys_of(views[1])]
        if self.symmetric:
            self.keys_now.append(self.keys_of(views[0]))
        terms = [self.queue_loss(*each) for each in zip(rows, self.keys_now, self.queues)]
        alignment, distribution, accuracy = (sum(term) / len(terms) for term in zip(*terms))
        loss = alignment + distribution
        return loss, (loss.item(), alignment.item(), distribution.item(), accuracy), features

    def after_update(self, step):
        super().after_update(step)
        self.queues = self.queues.clone()
        first = step * EXAMPLES % self.queues.shape[1]
        for queue, keys in zip(self.queues, self.keys_now):
            queue[first : first + EXAMPLES] = keys

    def tensors(self):
        return super().tensors() | {"queue.keys": self.queues}


class ByolRun(MomentumRun):
    METRICS = ("loss",)

    def add_heads(self):
        super().add_heads()
        d, hidden = self.keys["model.proj_dim"], self.keys["byol.predictor_hidden"]
        self.add_linear("predictor.linear1", d, hidden)
        self.add_batch_norm("predictor.bn1", hidden)
        self.add_linear("predictor.linear2", hidden, d)

    def project(self, x):
        return self.outputs(x)  # the predictor takes them as they are

    def predict(self, x):
        x = self.relu(self.batch_norm(x @ self.weights["predictor.linear1.weight"].T, "predictor.bn1", True))
        return unit(x @ self.weights["predictor.linear2.weight"].T)

    def objective(self, views, labels):
        passes = views if self.keys["model.bn_per_view"] == "on" else [torch.cat(views)]
        features = [self.encode(images) for images in passes]
        projected = [self.project(x) for x in features]
        targets = torch.cat([unit(self.momentum_rows(images)) for images in passes]).chunk(2)
        predictions = torch.cat([self.predict(x) for x in projected]).chunk(2)
        loss = sum((p - t).square().sum(1).mean() for p, t in zip(predictions, targets[::-1]))
        return loss, (loss.item(),), torch.cat(features).chunk(2)


class SupervisedRun(Run):
    METRICS = ("loss", "class_acc")

    def add_heads(self):
        self.classes = 2 * self.keys["data.bits"] if self.keys.get("supervised.labels") == "bits" else 10
        self.add_linear("classifier", 128, self.classes)
        self.weights["classifier.bias"] = torch.zeros(self.classes).numpy()

    def targets(self, labels):
        if self.keys.get("supervised.labels") != "bits":
            return F.one_hot(labels, self.classes).double()
        count = self.keys["data.bits"]
        classes = torch.tensor([[2 * j + bit for j, bit in enumerate(bits(i, count))] for i in range(EXAMPLES)])
        return F.one_hot(classes, self.classes).double().mean(1)

    def objective(self, views, labels):
        features = self.encode(views[0])
        logits = features @ self.weights["classifier.weight"].T + self.weights["classifier.bias"]
        targets, smoothing = self.targets(labels), self.keys.get("supervised.label_smoothing", 0)
        smoothed = (1 - smoothing) * targets + smoothing / self.classes
        loss = -(smoothed * logits.log_softmax(1)).sum(1).mean()
        best = targets.gather(1, logits.argmax(1, keepdim=True))[:, 0] == targets.max(1).values
        self.accuracy(logits, logits.argmax(1))  # for the margin
        return loss, (loss.item(), best.double().mean().item()), [features]


# Statistics of few images magnify rounding: such cases have fewer steps.
CASES = {
    "queue": (
        QueueRun,
        SGD
        | {
            "objective.name": "queue",
            "queue.size": 16,
            "loss.temperature": 0.2,
            "momentum_encoder.momentum": 0.5,
        },
        3,
    ),
    # Two queues, keys in a random order, statistics in parts of the batch.
    "queue-symmetric": (
        QueueRun,
        SGD
        | {
            "objective.name": "queue",
            "queue.size": 24,
            "optim.lr": 0.04,
            "queue.symmetric": "on",
            "queue.batch_norm_groups": 2,
            "loss.temperature": 0.5,
            "momentum_encoder.momentum": 0.05,
        },
        1,
    ),
    "byol": (
        ByolRun,
        SGD
        | {
            "objective.name": "byol",
            "byol.predictor_hidden": 32,
            "momentum_encoder.momentum": 0.5,
            "momentum_encoder.schedule": "cosine",
            "model.proj_output_bn": "off",
        },
        3,
    ),
    "byol-per-view": (
        ByolRun,
        SGD
        | {
            "objective.name": "byol",
            "byol.predictor_hidden": 24,
            "momentum_encoder.momentum": 0.25,
            "model.bn_per_view": "on",
            "model.proj_output_bn": "off",
        },
        2,
    ),
    "supervised": (SupervisedRun, SGD | {"objective.name": "supervised", "supervised.label_smoothing": 0.1}, 3),
    # Three labels per image: soft targets.
    "supervised-bits": (
        SupervisedRun,
        SGD | {"objective.name": "supervised", "supervised.labels": "bits", "data.bits": 3},
        3,
    ),
}
for name in ("supervised", "supervised-bits"):
    del CASES[name][1]["model.proj_dim"]


def objective_steps(directory):
    write_steps(directory / "objective_steps.safetensors", CASES)


if __name__ == "__main__":
    objective_steps(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "tests/golden"))
