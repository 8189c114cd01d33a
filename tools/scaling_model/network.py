"""SimCLR's networks as lists of layers: what each computes, keeps and sums over the ranks."""

from dataclasses import dataclass

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


@dataclass(frozen=True)
class Layer:
    """A convolution or linear layer with the batch norm that follows it; numbers are of one image in one view."""

    name: str
    products: int  # multiplications, each with an addition
    weights: int
    inputs: int
    outputs: int
    channels: int  # of its batch norm, 0 without one
    residual: bool = False  # the batch norm adds a shortcut
    trained_offset: bool = True  # the batch norm has a beta

    @property
    def parameters(self):
        return self.weights + self.channels * (2 if self.trained_offset else 1)


def _conv(name, inputs, outputs, kernel, size_in, size_out, residual=False):
    weights = kernel * kernel * inputs * outputs
    return Layer(
        name,
        products=weights * size_out * size_out,
        weights=weights,
        inputs=inputs * size_in * size_in,
        outputs=outputs * size_out * size_out,
        channels=outputs,
        residual=residual,
    )


def _linear(name, inputs, outputs, offset):
    return Layer(name, inputs * outputs, inputs * outputs, inputs, outputs, channels=outputs, trained_offset=offset)


def resnet(depth, image_size, projection=(2048, 128), stem="imagenet", channels=3):
    """SimCLR's variant (a projection shortcut in every group), then its head: linear layers with batch norm."""
    size = image_size if stem == "cifar" else -(-image_size // 2)
    layers = [_conv("stem", channels, 64, 3 if stem == "cifar" else 7, image_size, size)]
    if stem == "imagenet":
        size = -(-size // 2)
    width, bottleneck = 64, depth >= 50
    for group, blocks in enumerate(BLOCKS[depth]):
        inner = 64 << group
        outer = 4 * inner if bottleneck else inner
        for block in range(blocks):
            name = f"group{group + 1}.{block}"
            stride = 2 if group > 0 and block == 0 else 1
            after = -(-size // stride)
            if block == 0:
                layers.append(_conv(f"{name}.shortcut", width, outer, 1, size, after))
            if bottleneck:
                layers.append(_conv(f"{name}.1", width, inner, 1, size, size))
                layers.append(_conv(f"{name}.2", inner, inner, 3, size, after))
                layers.append(_conv(f"{name}.3", inner, outer, 1, after, after, residual=True))
            else:
                layers.append(_conv(f"{name}.1", width, inner, 3, size, after))
                layers.append(_conv(f"{name}.2", inner, outer, 3, after, after, residual=True))
            width, size = outer, after
    for number, outputs in enumerate(projection, 1):
        layers.append(_linear(f"projector.{number}", width, outputs, offset=number < len(projection)))
        width = outputs
    return layers


NETWORKS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")


def network(name, image_size, dim, head_layers, stem="auto"):
    """As `pretrain` makes it with --arch, --proj-dim, --proj-layers and model.stem."""
    depth = int(name.removeprefix("resnet"))
    features = 2048 if depth >= 50 else 512
    if stem == "auto":
        stem = "cifar" if image_size <= 32 else "imagenet"
    return resnet(depth, image_size, (*[features] * (head_layers - 1), dim), stem)
