"""The time of one SimCLR step of several ranks, term by term."""

from dataclasses import dataclass

from scaling_model import compute

MOMENT_BYTES = 24  # count, mean and squared deviations of a channel in f64
SUM_BYTES = 8  # two f32 sums of a channel
GRADIENT_BYTES = {"fp32": 4, "bf16": 2}


@dataclass(frozen=True)
class Options:
    dim: int = 128
    sent_gradients: str = "fp32"
    bucket_bytes: int = 0  # 0: one sum when the backward pass is done
    sync_bn: int = -1  # ranks that share batch norm; -1: all
    moments: str = "gather"  # or "sum": a tree
    probes: int = 1


@dataclass(frozen=True)
class Step:
    """Seconds."""

    images: float  # computing, but for the starts of kernels
    kernels: float  # their starts
    batch_norm: float  # moments and sums of all ranks
    loss: float  # similarities, and the rows and numbers of all ranks
    gradients: float  # their sum, where nothing hides it
    hidden: float  # behind the backward pass
    update: float
    others: float  # averages of scalars, and whether a signal came
    memory_bytes: float

    TERMS = ("images", "kernels", "batch_norm", "loss", "gradients", "update", "others")

    @property
    def seconds(self):
        return sum(getattr(self, term) for term in self.TERMS)

    @property
    def limit(self):
        return max(self.TERMS, key=lambda term: getattr(self, term))


def memory_bytes(layers, options, images, batch):
    """What the backward pass reads: the output of each convolution and of its batch norm, and the rows of the loss."""
    kept = 2 * sum(layer.outputs for layer in layers) * compute.ACTIVATION_BYTES * 2 * images
    return kept + 22 * sum(layer.parameters for layer in layers) + 2 * batch * options.dim * 4


def step(machine, layers, options, batch, ranks, profiles=()):
    images = batch / ranks
    if profiles:
        work = compute.of_profiles(profiles, layers, images, batch)
    else:
        work = compute.of_device(machine.device, layers, options, images, batch)
    slow = machine.device.slowdown(ranks)
    network, group = machine.network, min(ranks, options.sync_bn) if options.sync_bn > 0 else ranks

    def all_reduce(size, among=ranks):
        return network.all_reduce(size, among) if among > 1 else 0

    def all_gather(part, among=ranks):
        return network.all_gather(part, among) if among > 1 else 0

    def moments(channels):
        if options.moments == "sum":
            return all_reduce(MOMENT_BYTES * channels, group)
        merged = group * MOMENT_BYTES * channels
        merge_s = merged / (machine.device.bytes_per_s * machine.device.bytes_share) if machine.device.bytes_per_s else 0
        return all_gather(MOMENT_BYTES * channels, group) + (merge_s if group > 1 else 0)

    forward_norms = sum(moments(layer.channels) for layer in layers if layer.channels)
    # Backward: gradients are summed, a bucket at a time, while earlier layers compute theirs.
    now = backward_norms = summed = done = pending = 0.0
    for layer, seconds in zip(reversed(layers), reversed(work.backward)):
        norm = all_reduce(SUM_BYTES * layer.channels, group) if layer.channels else 0
        now += seconds * slow + norm
        backward_norms += norm
        pending += layer.parameters * GRADIENT_BYTES[options.sent_gradients]
        if 0 < options.bucket_bytes <= pending:
            taken = all_reduce(pending)
            done, summed, pending = max(done, now) + taken, summed + taken, 0.0
    taken = all_reduce(pending) if pending else 0
    done, summed = max(done, now) + taken, summed + taken
    exposed = min(summed, max(0.0, done - now))

    row = 4 * options.dim * images
    loss = work.loss * slow + 2 * all_gather(row) + 2 * all_gather(4 * images) + all_reduce(16)
    computing = (sum(work.forward) + sum(work.backward)) * slow
    starts = work.starts * slow
    return Step(
        images=computing - starts,
        kernels=starts,
        batch_norm=forward_norms + backward_norms,
        loss=loss,
        gradients=exposed,
        hidden=summed - exposed,
        update=work.update * slow,
        others=2 * options.probes * all_reduce(4) + all_reduce(8),
        memory_bytes=memory_bytes(layers, options, images, batch),
    )


def sent_bytes(layers, options, batch, ranks):
    """Of each rank by kernels/mpi, as in docs/distributed.md: {what: bytes}."""
    others, channels = ranks - 1, sum(layer.channels for layer in layers)
    parameters = sum(layer.parameters for layer in layers)
    rows = 2 * batch // ranks
    return {
        "gradients": 2 * others * GRADIENT_BYTES[options.sent_gradients] * parameters // ranks,
        "moments": others * MOMENT_BYTES * channels,
        "sums of batch norm": others * SUM_BYTES * channels,
        "rows": others * rows * 4 * options.dim,
        "log-sum-exps": others * rows * 4,
        "scalars": others * (16 + 8 * options.probes + 8),
    }
