"""ResNets with bottlenecks, in PyTorch and in double: torchvision's ResNet-50, and SimCLR v2's with selective kernels."""

import torch
import torch.nn.functional as F
from torch import nn

DEPTH = (3, 4, 6, 3)
EXPANSION = 4
# Closer to 0, rounding to f32 could change an activation's sign and with it ReLU's gradient.
MARGIN = 1e-5


def conv_bn(inputs, outputs, size, stride=1):
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs)


class Average(nn.Module):
    """ResNet-D's 2x2 average: with stride 2 its padding counts as zeros, with stride 1 it does not count."""

    def __init__(self, stride):
        super().__init__()
        self.stride = stride

    def forward(self, x):
        y = F.avg_pool2d(F.pad(x, (0, 1, 0, 1)), 2, self.stride)
        if self.stride == 1:
            y = y / F.avg_pool2d(F.pad(torch.ones_like(x), (0, 1, 0, 1)), 2, 1)
        return y


class Select(nn.Module):
    """The weights of two streams for every image and channel, from the mean of their sum."""

    def __init__(self, channels):
        super().__init__()
        reduced = max(channels // 16, 32)
        self.reduce = nn.Linear(channels, reduced, bias=False)
        self.bn = nn.BatchNorm1d(reduced)
        self.expand = nn.Linear(reduced, 2 * channels, bias=False)

    def forward(self, both, relu):
        streams = torch.stack(both.chunk(2, 1))
        logits = self.expand(relu(self.bn(self.reduce(streams.sum(0).mean((2, 3))))))
        weights = torch.stack(logits.chunk(2, 1)).softmax(0)
        return (streams * weights[..., None, None]).sum(0)


class Bottleneck(nn.Module):
    def __init__(self, inputs, channels, stride, selective):
        super().__init__()
        outputs = EXPANSION * channels
        self.conv1, self.bn1 = conv_bn(inputs, channels, 1)
        self.conv2, self.bn2 = conv_bn(channels, 2 * channels if selective else channels, 3, stride)
        if selective:
            self.select = Select(channels)
        self.conv3, self.bn3 = conv_bn(channels, outputs, 1)
        if inputs != outputs:
            pool = [Average(stride)] if selective else []
            self.downsample = nn.Sequential(*pool, *conv_bn(inputs, outputs, 1, 1 if selective else stride))

    def forward(self, x, relu):
        y = relu(self.bn1(self.conv1(x)))
        y = relu(self.bn2(self.conv2(y)))
        if hasattr(self, "select"):
            y = self.select(y, relu)
        return relu(self.bn3(self.conv3(y)) + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet50(nn.Module):
    """torchvision's resnet50, or SimCLR v2's with selective kernels and ResNet-D's stem and shortcuts."""

    def __init__(self, base, classes, selective):
        super().__init__()
        self.selective = selective
        if selective:
            first, second, last = conv_bn(3, base // 2, 3, 2), conv_bn(base // 2, base // 2, 3), conv_bn(base // 2, base, 3)
            self.conv1 = nn.Sequential(*first, nn.ReLU(), *second, nn.ReLU(), last[0])
            self.bn1 = last[1]
        else:
            self.conv1, self.bn1 = conv_bn(3, base, 7, 2)
        inputs = base
        for group, blocks in enumerate(DEPTH):
            layer = nn.Sequential()
            for block in range(blocks):
                stride = 2 if group > 0 and block == 0 else 1
                layer.append(Bottleneck(inputs, base << group, stride, selective))
                inputs = EXPANSION * (base << group)
            setattr(self, f"layer{group + 1}", layer)
        self.fc = nn.Linear(inputs, classes)

    def stem(self, x, relu):
        if not self.selective:
            return F.max_pool2d(relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for layer in self.conv1:
            x = relu(x) if isinstance(layer, nn.ReLU) else layer(x)
        x = relu(self.bn1(x))
        # TensorFlow's SAME.
        padding = [max(0, (-(-size // 2) - 1) * 2 + 3 - size) for size in (x.shape[3], x.shape[2])]
        sides = [side for total in padding for side in (total // 2, total - total // 2)]
        return F.max_pool2d(F.pad(x, sides, value=-torch.inf), 3, 2)

    def forward(self, x, relu=F.relu):
        x = self.stem(x, relu)
        for group in (self.layer1, self.layer2, self.layer3, self.layer4):
            for block in group:
                x = block(x, relu)
        return self.fc(x.mean((2, 3)))


def set_parameters(model, values):
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() > 1:
                p.copy_(values(*p.shape) * (2 / p[0].numel()) ** 0.5)
            elif name.endswith("weight"):
                # Small residual branches: otherwise rounding to f32 would grow from block to block.
                p.copy_((0.3 if name.endswith("bn3.weight") else 1) * (1 + 0.2 * values(*p.shape)))
            else:
                p.copy_(0.2 * values(*p.shape))
            p.copy_(p.float().double())


def check_names(model):
    try:
        import torchvision
    except ImportError:
        return print("torchvision is not installed: names not checked")
    assert set(model.state_dict()) == set(torchvision.models.resnet50().state_dict())


def training_pass(values, selective, size):
    """Logits, gradients of sum(logits * dlogits), running statistics after it, and the logits that these give."""
    for seed in range(100):
        torch.manual_seed(seed)
        model = ResNet50(base=2, classes=5, selective=selective).double()
        if not selective:
            check_names(model)
        set_parameters(model, values)
        parameters = {name: p.detach().clone() for name, p in model.named_parameters()}
        image, dlogits = values(8, 3, *size), values(8, 5)
        margins = []

        def relu(x, margins=margins):
            margins.append(x.abs().min().item())
            return F.relu(x)

        logits = model.train()(image, relu)
        if min(margins) > MARGIN:
            break
    else:
        raise AssertionError("no seed keeps all activations away from 0")
    (logits * dlogits).sum().backward()
    return {
        "image": image,
        "logits": logits,
        "dlogits": dlogits,
        **parameters,
        **{f"gradient/{name}": p.grad for name, p in model.named_parameters()},
        **{f"after/{name}": b for name, b in model.named_buffers() if not name.endswith("tracked")},
        "inference/logits": model.eval()(image),
    }
