#!/usr/bin/env python3
"""Writes the golden values of tests/golden with PyTorch: tools/golden/generate.py [DIRECTORY].

Inputs are rounded to f32, everything is computed from them in double, and the results are stored as f32. Tensors are in
PyTorch's layout (NCHW, OIHW). Needs torch and safetensors; if torchvision is installed, the names of its ResNet-18 and
ResNet-50 are checked, too. Made with PyTorch 2.15.
"""

import itertools
import pathlib
import sys

try:
    import torch
    import torch.nn.functional as F
    from augmentation import augmentation
    from contrastive_step import contrastive_step
    from draws import latent_noise, unit_directions
    from objective_steps import objective_steps
    from resnets import training_pass
    from safetensors.torch import save_file
    from torch import nn
except ImportError as error:
    print(
        f"generate.py: error: {error}; python3 -m venv .venv && .venv/bin/pip install torch numpy safetensors, then "
        "begin this command with .venv/bin/python3",
        file=sys.stderr,
    )
    sys.exit(2)

DIRECTORY = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "tests" / "golden")


def values(*shape):
    """Standard normal values: doubles that are exact in f32."""
    return torch.randn(shape, dtype=torch.float32).double()


def save(name, tensors):
    stored = {key: (t if t.dtype == torch.int32 else t.detach().float()).contiguous() for key, t in tensors.items()}
    save_file(stored, DIRECTORY / f"{name}.safetensors", {"torch": torch.__version__})


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        if inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x, relu):
        y = relu(self.bn1(self.conv1(x)))
        return relu(self.bn2(self.conv2(y)) + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet18(nn.Module):
    """torchvision's resnet18 with any number of base channels."""

    def __init__(self, base, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, base, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        inputs = base
        for group in range(4):
            outputs = base << group
            stride = 1 if group == 0 else 2
            blocks = nn.Sequential(BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1))
            setattr(self, f"layer{group + 1}", blocks)
            inputs = outputs
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x, relu=F.relu):
        x = F.max_pool2d(relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for group in (self.layer1, self.layer2, self.layer3, self.layer4):
            for block in group:
                x = block(x, relu)
        return self.fc(x.mean((2, 3)))


def check_names(model):
    try:
        import torchvision
    except ImportError:
        return print("torchvision is not installed: names not checked")
    assert list(model.state_dict()) != [] and set(model.state_dict()) == set(torchvision.models.resnet18().state_dict())


def resnet18():
    """One training pass: logits, gradients of sum(logits * dlogits), running statistics after it."""
    torch.manual_seed(1)
    model = ResNet18(base=4, classes=5).double()
    check_names(model)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() == 4:
                p.copy_(values(*p.shape) * (2 / p[0].numel()) ** 0.5)
            elif name.endswith("weight") and p.dim() == 1:
                p.copy_(1 + 0.2 * values(*p.shape))
            else:
                p.copy_(0.2 * values(*p.shape))
            p.copy_(p.float().double())
    parameters = {name: p.clone() for name, p in model.named_parameters()}
    image, dlogits = values(4, 3, 40, 36), values(4, 5)
    margins = []

    def relu(x):
        margins.append(x.abs().min().item())
        return F.relu(x)

    logits = model.train()(image, relu)
    # Closer to 0, rounding to f32 could change an activation's sign and with it ReLU's gradient.
    assert min(margins) > 2e-5, f"an activation is {min(margins)} from 0: take another seed"
    (logits * dlogits).sum().backward()
    running = {f"after/{name}": b for name, b in model.named_buffers() if not name.endswith("tracked")}
    gradients = {f"gradient/{name}": p.grad for name, p in model.named_parameters()}
    save("resnet18", {"image": image, "logits": logits, "dlogits": dlogits, **parameters, **gradients, **running})


def resnet50():
    save("resnet50", training_pass(values, selective=False, size=(36, 44)))


def resnet50_selective():
    """On images of an odd size."""
    save("resnet50_selective", training_pass(values, selective=True, size=(45, 37)))


def conv2d():
    torch.manual_seed(2)
    tensors = {}
    for i, (n, c, h, w, k, size, stride, pad) in enumerate(
        [
            (2, 3, 9, 7, 5, 3, 1, 1),
            (1, 1, 1, 1, 1, 1, 1, 0),
            (3, 7, 11, 5, 13, 3, 2, 1),
            (2, 3, 15, 17, 4, 7, 2, 3),
            (2, 5, 8, 6, 11, 1, 2, 0),
            (1, 21, 5, 5, 2, 5, 3, 2),
        ]
    ):
        x, weight = values(n, c, h, w).requires_grad_(), values(k, c, size, size).requires_grad_()
        y = F.conv2d(x, weight, None, stride, pad)
        dy = values(*y.shape)
        y.backward(dy)
        case = {"x": x, "weight": weight, "y": y, "dy": dy, "dx": x.grad, "dweight": weight.grad}
        case["geometry"] = torch.tensor([stride, pad], dtype=torch.int32)
        tensors |= {f"{i}/{name}": t for name, t in case.items()}
    save("conv2d", tensors)


def conv2d_transpose():
    """PyTorch's weights are [K,C,R,S], as a convolution's from C to K channels; `more` is its output padding."""
    torch.manual_seed(10)
    tensors = {}
    for i, (n, k, p, q, c, size, stride, pad, more) in enumerate(
        [
            (2, 3, 5, 4, 2, 3, 2, 0, 1),
            (1, 1, 1, 1, 1, 1, 1, 0, 0),
            (3, 8, 6, 6, 5, 3, 2, 0, 0),
            (2, 5, 7, 3, 4, 3, 1, 1, 0),
            (2, 6, 4, 5, 7, 5, 3, 2, 2),
            (2, 16, 13, 13, 3, 3, 2, 0, 1),
        ]
    ):
        x, weight, bias = (values(*s).requires_grad_() for s in ((n, k, p, q), (k, c, size, size), (c,)))
        y = F.conv_transpose2d(x, weight, bias, stride, pad, more)
        dy = values(*y.shape)
        y.backward(dy)
        case = {"x": x, "weight": weight, "bias": bias, "y": y, "dy": dy}
        case |= {"dx": x.grad, "dweight": weight.grad, "dbias": bias.grad}
        case["geometry"] = torch.tensor([stride, pad], dtype=torch.int32)
        tensors |= {f"{i}/{name}": t for name, t in case.items()}
    save("conv2d_transpose", tensors)


def batch_norm():
    """Momentum 0.1 in PyTorch's definition; running mean and variance start at 0 and 1."""
    torch.manual_seed(3)
    x, gamma, beta = (t.requires_grad_() for t in (3 + 2 * values(3, 7, 5, 4), 1 + values(7), values(7)))
    mean, variance = torch.zeros(7).double(), torch.ones(7).double()
    y = F.batch_norm(x, mean, variance, gamma, beta, True, 0.1, 1e-5)
    dy = values(*y.shape)
    y.backward(dy)
    biased = 0.9 + 0.1 * x.var((0, 2, 3), unbiased=False)
    save(
        "batch_norm",
        {"x": x, "gamma": gamma, "beta": beta, "y": y, "dy": dy, "dx": x.grad, "dgamma": gamma.grad}
        | {"dbeta": beta.grad, "running_mean": mean, "running_var_unbiased": variance, "running_var_biased": biased},
    )


def max_pool():
    """3x3 with stride 2 and ties among the values; padded by one on every side, or only below and to the right."""
    torch.manual_seed(4)
    tensors = {}
    for name, before in (("symmetric", 1), ("after", 0)):
        x = (values(2, 5, 8, 6) * 2).round().requires_grad_()
        y = F.max_pool2d(F.pad(x, (before, 1, before, 1), value=-torch.inf), 3, 2)
        assert before == 0 or torch.equal(y, F.max_pool2d(x, 3, 2, 1))
        dy = values(*y.shape)
        y.backward(dy)
        tensors |= {f"{name}/{key}": t for key, t in {"x": x, "y": y, "dy": dy, "dx": x.grad}.items()}
    save("max_pool", tensors)


def nt_xent():
    """SimCLR's loss: the sum of both directions' cross-entropies, each a mean over the n images."""
    torch.manual_seed(5)
    tensors = {}
    for n, d in ((1, 3), (7, 5), (37, 24)):
        z = values(2 * n, d).requires_grad_()
        for temperature in (0.1, 0.5):
            u = F.normalize(z)
            logits = (u @ u.T / temperature).masked_fill(torch.eye(2 * n, dtype=torch.bool), -torch.inf)
            loss = 2 * F.cross_entropy(logits, torch.arange(2 * n).roll(n))
            (dz,) = torch.autograd.grad(loss, z)
            case = {"z": z, "loss": loss, "dz": dz, "temperature": torch.tensor(temperature)}
            tensors |= {f"{n}/{temperature}/{key}": t.clone() for key, t in case.items()}
    save("nt_xent", tensors)


def log_sum_exp():
    """The distribution term of the decoupled loss: over all rows, the row itself among them, less log d."""
    torch.manual_seed(6)
    tensors = {}
    for n, d in ((1, 4), (9, 7), (40, 16)):
        z = values(2 * n, d).requires_grad_()
        for temperature in (0.2, 1.0):
            u = F.normalize(z)
            loss = (u @ u.T / temperature).logsumexp(1).mean() - torch.tensor(float(d)).double().log()
            (dz,) = torch.autograd.grad(loss, z)
            case = {"z": z, "loss": loss, "dz": dz, "temperature": torch.tensor(temperature)}
            tensors |= {f"{n}/{temperature}/{key}": t.clone() for key, t in case.items()}
    save("log_sum_exp", tensors)


def queue():
    """MoCo's loss, and the same as its authors modify implicit features: label 0 among a key and the queue's rows."""
    torch.manual_seed(7)
    tensors = {}
    for n, length, d in ((1, 1, 3), (5, 11, 6), (33, 130, 20)):
        z = values(n, d).requires_grad_()
        keys, rows = (F.normalize(values(count, d)).float().double() for count in (n, length))
        for epsilon in (0.0, 0.1):
            q = F.normalize(z)
            positive, negative = (q * keys).sum(1, keepdim=True), q @ rows.T
            label = torch.zeros(n, dtype=torch.long)
            plain, moved = (F.cross_entropy(torch.cat((positive - e, negative + e), 1) / 0.2, label) for e in (0.0, epsilon))
            loss = (plain + moved) / 2
            (dz,) = torch.autograd.grad(loss, z)
            case = {"z": z, "keys": keys, "queue": rows, "loss": loss, "dz": dz, "epsilon": torch.tensor(epsilon)}
            tensors |= {f"{n}/{epsilon}/{key}": t.clone() for key, t in case.items()}
    save("queue", tensors)


def hard_negatives():
    """As its authors' code has it, but the sum of both directions instead of the mean over all anchors."""
    torch.manual_seed(8)
    tensors, clamped = {}, []
    for i, (n, d, temperature, beta, tau_plus, alike) in enumerate(
        [
            (7, 5, 0.5, 0.5, 0.0, 0.5),
            (7, 5, 0.5, 0.0, 0.1, 0.5),
            (24, 16, 0.5, 1.0, 0.1, 1.0),
            (24, 16, 0.2, 2.0, 0.2, 2.0),
        ]
    ):
        first = values(n, d)
        z = torch.cat((first, alike * first + values(n, d))).float().double().requires_grad_()
        u = F.normalize(z)
        others = ~(torch.eye(n, dtype=torch.bool).repeat(2, 2))
        negative = (u @ u.T / temperature).exp().masked_select(others).view(2 * n, -1)
        positive = (u * u.roll(n, 0)).sum(1).div(temperature).exp()
        count, weight = 2 * n - 2, negative.log().mul(beta).exp()
        debiased = ((weight * negative).sum(1) / weight.mean(1) - tau_plus * count * positive) / (1 - tau_plus)
        lowest = count * torch.tensor(-1 / temperature).double().exp()
        clamped.append((debiased < lowest).double().mean().item())
        loss = -2 * (positive / (positive + debiased.clamp(min=lowest.item()))).log().mean()
        (dz,) = torch.autograd.grad(loss, z)
        options = torch.tensor([temperature, beta, tau_plus])
        tensors |= {f"{i}/{key}": t for key, t in {"z": z, "loss": loss, "dz": dz, "options": options}.items()}
    assert clamped[0] == 0 and 0 < clamped[-1] < 1, f"clamped: {clamped}"
    save("hard_negatives", tensors)


def sliced_wasserstein():
    """Chen et al. 2021, Algorithm 1, along given directions (the columns of W, stored as rows) with given rows of the prior."""
    torch.manual_seed(9)
    tensors = {}
    for i, (n, d, k, normalised, scaling, ties) in enumerate(
        [
            (2, 1, 1, False, "notebook", False),
            (9, 5, 5, False, "paper", False),
            (40, 16, 7, True, "notebook", False),
            (258, 8, 8, True, "paper", False),
            (1030, 3, 3, False, "notebook", False),
            (70, 4, 4, False, "notebook", True),  # directions along the axes: equal numbers stay equal
        ]
    ):
        q, r = torch.linalg.qr(values(d, d))
        w = torch.eye(d).double() if ties else (q * r.diagonal().sign())[:, :k].float().double()
        z = (values(n, d).round() if ties else values(n, d)).requires_grad_()
        prior = values(n, d)
        x = F.normalize(z) if normalised else z
        h = (x @ w).sort(dim=0, stable=True).values
        loss = (h - (prior @ w).sort(0).values).square().sum() / (n * k if scaling == "notebook" else d * k)
        (dz,) = torch.autograd.grad(loss, z)
        case = {"z": z, "directions": w.T, "prior": prior, "loss": loss, "dz": dz}
        case["options"] = torch.tensor([normalised, scaling == "paper"], dtype=torch.int32)
        tensors |= {f"{i}/{key}": t for key, t in case.items()}
    save("sliced_wasserstein", tensors)


def directions(case, d):
    """On what Antipode projects rows in a step, [d, slices]; the case's seed, step and number of slices are stored with it."""
    seed, step, slices = case["draw"] = torch.tensor([4, 17, 40], dtype=torch.int32)
    return torch.tensor(unit_directions(int(seed), int(step), int(slices), d)).T


def sigreg():
    """LeJEPA's distribution term in the form of its public code: z [views, n, d], the mean over views and slices."""
    torch.manual_seed(6)
    tensors = {}
    for views, n, d in ((1, 5, 3), (2, 33, 8), (3, 16, 5)):
        case = {}
        z = (0.3 + 1.5 * values(views, n, d)).requires_grad_()
        t = torch.linspace(0, 3, 17, dtype=torch.float64)
        weights = torch.full_like(t, 2 * 3 / 16)
        weights[[0, -1]] = 3 / 16
        phi = (-t.square() / 2).exp()
        angles = (z @ directions(case, d)).unsqueeze(-1) * t
        error = (angles.cos().mean(1) - phi).square() + angles.sin().mean(1).square()
        loss = (n * (error @ (weights * phi))).mean()
        loss.backward()
        case |= {"z": z.flatten(0, 1), "loss": loss, "dz": z.grad.flatten(0, 1)}
        tensors |= {f"{views}/{key}": value for key, value in case.items()}
    save("sigreg", tensors)


def visreg():
    """VISReg's terms in the form of its public code, but for std + 1e-4 in place of max(std, 1e-6): z [views, n, d]."""
    torch.manual_seed(7)
    tensors = {}
    for views, n, d in ((1, 5, 3), (2, 33, 8), (3, 16, 5)):
        case = {}
        z = (0.3 + 1.5 * values(views, n, d)).requires_grad_()
        mean = z.mean(1, keepdim=True)
        centred = z - mean
        std = centred.square().mean(1, keepdim=True).sqrt()
        quantiles = torch.arange(1, n + 1).double() / (n + 1)
        target = torch.distributions.Normal(0.0, 1.0).icdf(quantiles)
        sorted_rows = (centred / (std.detach() + 1e-4) @ directions(case, d)).sort(1).values
        shape = (sorted_rows - target.view(1, n, 1)).square().mean()
        scale, centre = (1 - std).square().mean(), mean.square().mean()
        (shape + scale + centre).backward()
        case |= {"z": z.flatten(0, 1), "terms": torch.stack([shape, scale, centre]), "dz": z.grad.flatten(0, 1)}
        tensors |= {f"{views}/{key}": value for key, value in case.items()}
    save("visreg", tensors)


def vae_of(seed):
    """The values of `vae`, and how far the closest activation was from ReLU's kink."""
    torch.manual_seed(seed)
    n, features, latent, (height, width), planes, beta = 6, 10, 5, (13, 12), 3, 0.75
    shapes = {"linear1.weight": (192, latent), "linear2.weight": (384, 192), "conv1.weight": (32, 32, 3, 3)}
    shapes |= {"conv2.weight": (32, planes, 3, 3), "conv2.bias": (planes,)}
    for name in ("mean", "log_variance"):
        shapes |= {f"{name}.weight": (latent, features), f"{name}.bias": (latent,)}
    p = {name: 2 * values(*shape) / shape[0] ** 0.5 for name, shape in shapes.items()}
    for name, channels in {"bn1": 192, "bn2": 384, "bn3": 32}.items():
        p |= {f"{name}.weight": 1 + 0.2 * values(channels), f"{name}.bias": 0.2 * values(channels)}
    p = {name: t.float().double().requires_grad_() for name, t in p.items()}
    h = values(n, features).requires_grad_()
    targets = torch.rand(n, planes, height, width, dtype=torch.float32).double()
    margins = []

    def block(x, i):
        """Batch norm and ReLU."""
        y = F.batch_norm(x, None, None, p[f"bn{i}.weight"], p[f"bn{i}.bias"], True, 0.1, 1e-5)
        margins.append(y.abs().min().item())
        return F.relu(y)

    mean, log_variance = (F.linear(h, p[f"{name}.weight"], p[f"{name}.bias"]) for name in ("mean", "log_variance"))
    draw = torch.tensor([4, 17], dtype=torch.int32)
    z = mean + (log_variance / 2).exp() * torch.tensor(latent_noise(4, 17, n, latent))
    x = block(F.linear(block(F.linear(z, p["linear1.weight"]), 1), p["linear2.weight"]), 2)
    x = x.view(n, 4, 3, 32).permute(0, 3, 1, 2)  # our rows of activations have the channels last
    x = block(F.conv_transpose2d(x, p["conv1.weight"], None, 2, 1, (0, 1)), 3)
    logits = F.conv_transpose2d(x, p["conv2.weight"], p["conv2.bias"], 2, 1, (0, 1))
    nll = F.binary_cross_entropy_with_logits(logits, targets, reduction="sum") / n
    kl = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum() / n
    loss = nll + beta * kl
    loss.backward()
    tensors = {"features": h, "targets": targets, "beta": torch.tensor(beta), "draw": draw, **p}
    tensors |= {"z": z, "kl": kl, "nll": nll, "loss": loss, "dfeatures": h.grad}
    return tensors | {f"gradient/{name}": t.grad for name, t in p.items()}, min(margins)


def vae():
    """The negative evidence lower bound of images with bit planes, from features through two linear layers, the noise of a
    step and the decoder of models/decoder.h; every parameter's gradient. Batch norm over the batch."""
    for seed in itertools.count(11):
        tensors, margin = vae_of(seed)
        if margin > 5e-6:  # closer, rounding to f32 could change an activation's sign and with it ReLU's gradient
            return save("vae", tensors)


if __name__ == "__main__":
    for generate in (
        resnet18,
        resnet50,
        resnet50_selective,
        conv2d,
        conv2d_transpose,
        batch_norm,
        max_pool,
        nt_xent,
        log_sum_exp,
        queue,
        hard_negatives,
        sliced_wasserstein,
        sigreg,
        visreg,
        vae,
    ):
        generate()
    augmentation(DIRECTORY)
    contrastive_step(DIRECTORY)
    objective_steps(DIRECTORY)
