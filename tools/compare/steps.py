#!/usr/bin/env python3
"""Times single steps of our programs and of PyTorch in each of its settings; all take turns.

    python3 tools/compare/steps.py --data datasets/mnist --repetitions 5
    python3 tools/compare/steps.py --works resnet18 --precisions fp32 bf16 --compiled

Works: resnet18 (a supervised step, 64 images of 112x112), resnet50 (the same, 16 images of 224x224), convn (a contrastive
step of `pretrain --recipe randbits-mnist`: 1000 images, two views, with crops and resizing; needs --data), and losses at
several sizes (forward and backward, 128 columns, always fp32): nt-xent; swd (the sliced Wasserstein distance to a sphere),
sigreg and visreg (the distribution terms of LeJEPA and VISReg), each with what it draws. A process reports the median of its
steps. Prints the medians over the processes, their spread, and the ratios of each of PyTorch's settings to each of ours.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import sys
import tempfile

from needed import ROOT, need_mnist, need_program, need_torch, output_of

HERE = pathlib.Path(__file__).resolve().parent


class Bench:
    """A benchmark that `bench` and torch_work.py both have."""

    def __init__(self, name, arguments, precisions, settings):
        self.name, self.arguments, self.precisions, self.settings = name, arguments, precisions, settings

    def ours(self, precision, options, scratch):
        result = json.loads(
            output_of(
                [
                    options.bin / "bench",
                    *self.arguments,
                    "--precision",
                    precision,
                    "--threads",
                    options.threads,
                    "--repetitions",
                    options.steps,
                ]
            )
        )
        return statistics.median(result["ms"]), result["peak_bytes"]

    def theirs(self, setting, options, scratch):
        result = json.loads(
            output_of(
                [
                    sys.executable,
                    HERE / "torch_work.py",
                    *self.arguments,
                    "--setting",
                    setting,
                    "--threads",
                    options.threads,
                    "--repetitions",
                    options.steps,
                ]
            )
        )
        return statistics.median(result["ms"]), result["peak_bytes"]


class ConvN:
    """Contrastive steps, timed within whole runs of both programs; PyTorch's is in fp32."""

    name, settings = "convn, 1000 images, two views", ["channels_last", "contiguous"]

    def __init__(self, data, precisions):
        self.data, self.precisions = data, precisions

    def ours(self, precision, options, scratch):
        run = scratch / "run"
        shutil.rmtree(run, ignore_errors=True)
        output_of(
            [
                options.bin / "pretrain",
                "--recipe",
                "randbits-mnist",
                "--data",
                f"mnist:{self.data}",
                "--steps",
                3 * options.steps,
                "--log-every",
                1,
                "--threads",
                options.threads,
                "--out",
                run,
                "--report",
                "off",
                "--precision",
                precision,
            ]
        )
        records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        training = [record for record in records if record["phase"] == "train"][2:]
        return statistics.median(record["step_ms"] for record in training), training[-1]["mem_peak_bytes"]

    def theirs(self, setting, options, scratch):
        file = scratch / "torch.json"
        output_of(
            [
                sys.executable,
                HERE / "randbits_mnist.py",
                "--data",
                self.data,
                "--steps",
                3 * options.steps,
                "--threads",
                options.threads,
                "--channels-last",
                "on" if setting == "channels_last" else "off",
                "--json",
                file,
            ]
        )
        result = json.loads(file.read_text())
        return result["step_ms"] + result["data_ms"], None


WORKS = ("resnet18", "resnet50", "convn", "nt-xent", "decoupled", "queue", "swd", "sigreg", "visreg")


def line(name, results):
    times, memory = [ms for ms, _ in results], results[-1][1]
    text = f"  {name:<36}{statistics.median(times):8.1f} ms ({min(times):.1f} to {max(times):.1f})"
    return text + ("" if memory is None else f"  {memory / 2**20:7.1f} MiB")


def ratios(ours, theirs):
    """The ratios of the medians and of the minima; a busy machine disturbs the minima less."""
    of = lambda measure: measure(ms for ms, _ in theirs) / measure(ms for ms, _ in ours)
    return f"{of(statistics.median):.2f}x, minima {of(min):.2f}x"


def compare(work, options, scratch):
    ours, theirs = {precision: [] for precision in work.precisions}, {setting: [] for setting in work.settings}
    for _ in range(options.repetitions):
        for precision in ours:
            ours[precision].append(work.ours(precision, options, scratch))
        for setting in theirs:
            theirs[setting].append(work.theirs(setting, options, scratch))
    print(f"\n{work.name}")
    for precision, results in ours.items():
        print(line(f"antipode {precision}", results))
    for setting, results in theirs.items():
        print(line(f"PyTorch {setting}", results) + "".join(f"   {p}: {ratios(r, results)}" for p, r in ours.items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="directory of MNIST's idx files; without it convn is left out")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/cpu/bin", help="directory of bench and pretrain")
    parser.add_argument("--works", nargs="+", choices=WORKS, default=WORKS)
    parser.add_argument("--precisions", nargs="+", choices=("fp32", "bf16"), default=("fp32",), help="of our networks")
    parser.add_argument("--repetitions", type=int, default=5, help="processes of each kind, alternating")
    parser.add_argument("--steps", type=int, default=10, help="timed steps per process")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compiled", action="store_true", help="torch.compile too; its compilation takes a while")
    options = parser.parse_args()
    need_torch()
    need_program(options.bin / "bench")
    if options.data:
        need_program(options.bin / "pretrain")
        need_mnist(options.data)

    extra = lambda settings: [*settings, f"{settings[-1]} compiled"] if options.compiled else settings
    works = []
    for name, batch, size in (("resnet18", 64, 112), ("resnet50", 16, 224)):
        if name not in options.works:
            continue
        settings = extra(["contiguous", "channels_last"])
        if "bf16" in options.precisions:
            settings += extra(["channels_last pure_bf16", "channels_last autocast"])
        arguments = [name, "--batch-size", batch, "--image-size", size]
        works.append(Bench(f"{name} step, {batch} images of {size}x{size}x3", arguments, options.precisions, settings))
    if "convn" in options.works and options.data:
        works.append(ConvN(options.data, options.precisions))
    if "nt-xent" in options.works:
        for rows in (2048, 4096, 8192):
            works.append(
                Bench(
                    f"nt-xent forward and backward, {rows} rows of 128",
                    ["nt-xent", "--rows", rows],
                    ["fp32"],
                    extra(["cross_entropy", "logsumexp"]),
                )
            )
    for name, sizes in (("decoupled", (2048, 8192)), ("queue", (512, 2048))):
        for rows in sizes if name in options.works else ():
            title = f"{name} forward and backward, {rows} rows of 128"
            works.append(Bench(title, [name, "--rows", rows], ["fp32"], extra(["eager"])))
    if "swd" in options.works:
        for rows in (2048, 8192):
            title = f"swd forward and backward, {rows} rows of 128"
            works.append(Bench(title, ["swd", "--rows", rows], ["fp32"], extra(["columns", "slices"])))
    for name in ("sigreg", "visreg"):
        for rows in (512, 2048) if name in options.works else ():
            title = f"{name} forward and backward, {rows} rows of 128"
            works.append(Bench(title, [name, "--rows", rows], ["fp32"], extra(["eager"])))
    version = output_of([sys.executable, "-c", "import torch; print(torch.__version__)"]).strip()
    print(f"PyTorch {version}, {options.threads} threads, {options.repetitions} alternating processes of {options.steps} steps")
    with tempfile.TemporaryDirectory() as scratch:
        for work in works:
            compare(work, options, pathlib.Path(scratch))


if __name__ == "__main__":
    main()
