"""Machines, as files of TOML describe them, and how long their collective operations take.

A collective takes alpha + beta * bytes (Hockney 1994), where alpha depends on the number of ranks as its algorithm does:
`nccl`: rings and trees over the links of a machine and between machines, with the latencies per step that NCCL's own model
of its algorithms uses (src/graph/tuning.cc). `measured`: alpha and beta of each number of ranks, timed by `bench collectives`.
"""

import itertools
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path

MACHINES = Path(__file__).resolve().parent / "machines"


@dataclass(frozen=True)
class Links:
    ring_step_s: float
    tree_step_s: float
    bytes_per_s: float  # of one device, in each direction


@dataclass(frozen=True)
class Nccl:
    devices: int  # of one machine
    start_s: float
    inside: Links
    between: Links
    gathers: str = "ring"

    def _shape(self, ranks):
        machines = -(-ranks // self.devices)
        return machines, min(ranks, self.devices)

    def _tree_s(self, ranks):
        machines, local = self._shape(ranks)
        return (local - 1) * self.inside.tree_step_s + math.ceil(math.log2(machines)) * self.between.tree_step_s

    def _ring_s(self, ranks):
        machines, _ = self._shape(ranks)
        return (ranks - machines) * self.inside.ring_step_s + (machines - 1) * self.between.ring_step_s

    def _bytes_s(self, received_inside, received_between):
        return max(received_inside / self.inside.bytes_per_s, received_between / self.between.bytes_per_s)

    def all_reduce(self, size, ranks):
        """A ring or a tree, whichever is faster; either way each link carries every byte twice, but for its own share."""
        machines, local = self._shape(ranks)
        moved = self._bytes_s(2 * size * (ranks - 1) / ranks, 2 * size / local * (machines - 1) / machines)
        return self.start_s + 2 * min(self._tree_s(ranks), self._ring_s(ranks)) + moved

    def all_gather(self, part, ranks):
        """`part`: bytes of each rank. NCCL has only a ring for several devices per machine; `levels`: a ring within a machine,
        and between machines one step for each doubling."""
        machines, local = self._shape(ranks)
        moved = self._bytes_s((ranks - 1) * part, (ranks - local) * part / local)
        between = math.ceil(math.log2(machines)) * self.between.tree_step_s
        steps = self._ring_s(ranks) if self.gathers == "ring" else (local - 1) * self.inside.ring_step_s + between
        return self.start_s + steps + moved


@dataclass(frozen=True)
class Measured:
    curves: dict  # (name, ranks): [(bytes, seconds), ...] in rising order

    def _seconds(self, name, size, ranks):
        if (name, ranks) not in self.curves:
            raise ValueError(f"the machine's file has no measured {name} of {ranks} ranks; run tools/scaling --measure with them")
        curve = self.curves[name, ranks]
        for (low, low_s), (high, high_s) in itertools.pairwise(curve):
            if size <= high or high == curve[-1][0]:
                return max(curve[0][1], low_s + (size - low) * (high_s - low_s) / (high - low))
        raise ValueError(f"the machine's file has fewer than two sizes of {name} with {ranks} ranks")

    def all_reduce(self, size, ranks):
        return self._seconds("all_reduce", size, ranks)

    def all_gather(self, part, ranks):
        return self._seconds("all_gather", part, ranks)


@dataclass(frozen=True)
class Device:
    """`processors`: that the ranks of a machine share, each with one thread; 0: every rank has a device of its own."""

    flops: float = 0
    convolution_share: float = 0
    loss_share: float = 0
    bytes_per_s: float = 0
    bytes_share: float = 0
    kernel_s: float = 0
    memory_bytes: float = math.inf
    processors: int = 0
    beside_others: float = 1  # slowdown of a rank while all processors compute

    def seconds(self, flops, size):
        return self.kernel_s + max(flops / (self.flops * self.convolution_share), size / (self.bytes_per_s * self.bytes_share))

    def slowdown(self, ranks):
        if self.processors == 0 or ranks == 1:
            return 1
        return self.beside_others * max(1, ranks / self.processors)


@dataclass(frozen=True)
class Machine:
    name: str
    device: Device
    network: object


def load(path, gathers="ring"):
    """`path`: a file, or the name of one of `machines/`. `gathers`: of `nccl`."""
    file = Path(path) if Path(path).suffix else MACHINES / f"{path}.toml"
    with open(file, "rb") as text:
        table = tomllib.load(text)
    collectives = table["collectives"]
    if collectives["kind"] == "nccl":
        network = Nccl(
            collectives["devices"],
            collectives["start_s"],
            Links(**collectives["inside"]),
            Links(**collectives["between"]),
            gathers,
        )
    elif gathers != "ring":
        raise ValueError(f"{file} describes gathers as they were measured, so they cannot be other ones: leave out --gathers")
    elif collectives["kind"] == "measured":
        curves = {(c["name"], c["ranks"]): list(zip(c["bytes"], c["seconds"])) for c in collectives["curves"]}
        network = Measured(curves)
    else:
        raise ValueError(f"{file}: collectives.kind must be nccl or measured, got {collectives['kind']}")
    return Machine(table["name"], Device(**table["device"]), network)
