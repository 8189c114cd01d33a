"""Measures a machine whose ranks share its processors (MPI, one thread each), and holds the model against runs on it."""

import json
import os
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scaling_model import machine
from scaling_model.compute import parse_profile
from scaling_model.network import network
from scaling_model.step import Options, step

RANKS = (1, 2, 4)
# Ranks of this machine may be more than its processors, and in a container the user may be root.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
}


class MeasureError(Exception):
    pass


@dataclass(frozen=True)
class Sizes:
    """A batch of ResNet-18's steps, that takes 60 to 300 ms on a processor of 2023."""

    batch: int = 32
    image: int = 64
    steps: int = 14
    repetitions: int = 9
    turns: int = 3


REHEARSAL = Sizes(batch=8, image=32, steps=3, repetitions=2, turns=1)
DIM, HEAD_LAYERS = 64, 2  # of recipe simclr-mnist


class Programs:
    def __init__(self, bin_directory, sizes, scratch):
        self.bin, self.sizes, self.scratch = bin_directory.resolve(), sizes, Path(scratch)
        self.environment = {**os.environ, **ENVIRONMENT, "XDG_CACHE_HOME": str(self.scratch / "cache")}

    def start(self, *command):
        pipe = subprocess.PIPE
        return subprocess.Popen([str(c) for c in command], stdout=pipe, stderr=pipe, text=True, env=self.environment)

    def result(self, process):
        out, err = process.communicate()
        if process.returncode != 0:
            line = (err.strip().splitlines() or ["nothing was said"])[-1]
            raise MeasureError(f"{' '.join(process.args)} ended with {process.returncode}: {line}")
        return json.loads(out.strip().splitlines()[-1]), err

    def bench(self, *arguments):
        return self.start(self.bin / "bench", *arguments, "--repetitions", self.sizes.repetitions, "--threads", 1)

    def bench_step(self, *arguments):
        size = self.sizes
        sizes = ("--batch-size", size.batch, "--image-size", size.image)
        return self.bench("simclr", *sizes, "--warmup", 2, "--plans", "machine", *arguments)

    def ranks(self, ranks, program, *arguments):
        return ("mpirun", "--bind-to", "none", "-n", ranks, self.bin / program, *arguments)

    def collectives(self, ranks):
        arguments = self.ranks(ranks, "bench", "collectives", "--threads", 1, "--repetitions", self.sizes.repetitions)
        found, _ = self.result(self.start(*arguments))
        return found["collectives"]

    def step_ms(self, ranks, turn):
        """The median step of a run, without the first three, which also time algorithms."""
        size, out = self.sizes, self.scratch / f"run-{ranks}-{turn}"
        images = f"blank(examples={4 * size.batch}, height={size.image}, width={size.image}, channels=3, classes=10)"
        run = ["--recipe", "simclr-mnist", "--set", "model.stem=imagenet", "--data", images, "--batch-size", size.batch]
        run += ["--steps", size.steps + 3, "--log-every", 1, "--eval-every", 0, "--threads", 1, "--tensorboard", "off"]
        run += ["--report", "off", "--out", out]
        self.result(self.start(*self.ranks(ranks, "pretrain", *run)))
        records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        return statistics.median(r["step_ms"] for r in records if r["phase"] == "train" and r["step"] > 3)


def description(name, processors, beside_others, collectives):
    """The TOML of a machine: `collectives` of each number of ranks."""
    lines = [f"name = {json.dumps(name)}", "", "[device]", f"processors = {processors}", f"beside_others = {beside_others:.3f}"]
    lines += ["", "[collectives]", 'kind = "measured"']
    for ranks, measured in collectives.items():
        for called in dict.fromkeys(one["name"] for one in measured):
            points = [one for one in measured if one["name"] == called]
            lines += ["", "[[collectives.curves]]", f'name = "{called}"', f"ranks = {ranks}"]
            lines.append(f"bytes = {[one['bytes'] for one in points]}")
            lines.append(f"seconds = {[float(format(one['median_ms'] / 1e3, '.3g')) for one in points]}")
    return "\n".join(lines) + "\n"


def run(bin_directory, file, rehearse):
    sizes = REHEARSAL if rehearse else Sizes()
    processors = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as scratch:
        programs = Programs(bin_directory, sizes, scratch)
        programs.result(programs.bench_step())  # times algorithms, which later processes then know
        alone, _ = programs.result(programs.bench_step())
        profile_file = file.with_suffix(".profile.txt")
        _, text = programs.result(programs.bench_step("--profile"))
        profile_file.write_text(text)
        together = [programs.result(process)[0] for process in [programs.bench_step() for _ in range(processors)]]
        slowest = max(one["median_ms"] for one in together)
        collectives = {ranks: programs.collectives(ranks) for ranks in RANKS if ranks > 1}
        name = f"{processors} processors shared by the ranks, MPI"
        file.write_text(description(name, processors, max(1.0, slowest / alone["median_ms"]), collectives))

        measured = {ranks: [] for ranks in RANKS}
        for turn in range(sizes.turns):
            for ranks in RANKS:
                measured[ranks].append(programs.step_ms(ranks, turn))
    here, profile = machine.load(file), parse_profile(text, profile_file)
    layers = network("resnet18", sizes.image, DIM, HEAD_LAYERS, stem="imagenet")
    print(f"ResNet-18, {sizes.batch} images of {sizes.image} pixels in two views; {here.name}")
    print(f"alone {alone['median_ms']:.1f} ms, {processors} at once {slowest:.1f} ms; written: {file}, {profile_file}\n")
    print("| ranks | predicted ms | computing | batch norm | gradients | the rest | measured ms | measured / predicted |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for ranks in RANKS:
        # Nothing is hidden: processors copy what ranks send each other in memory, in the time in which they could compute.
        one = step(here, layers, Options(dim=DIM), sizes.batch, ranks, [profile])
        rest = one.seconds - one.images - one.batch_norm - one.gradients
        ms, found = 1e3 * one.seconds, measured[ranks]
        terms = " | ".join(f"{1e3 * term:.1f}" for term in (one.images, one.batch_norm, one.gradients, rest))
        median = statistics.median(found)
        spread = f"{median:.1f} ({min(found):.1f} to {max(found):.1f})"
        print(f"| {ranks} | {ms:.1f} | {terms} | {spread} | {median / ms:.2f} |")
    if max(RANKS) > processors:
        print(f"\nMore ranks than the {processors} processors: their computing takes turns.")
