#!/usr/bin/env python3
"""Times single steps against PyTorch: ours and each of its settings in turn, again and again.

    python3 tools/compare/steps.py --data datasets/mnist --repetitions 5

Works: resnet18 (a supervised step, 64 images of 112x112), convn (a contrastive step of `pretrain --recipe randbits-mnist`: 1000 images,
two views, with crops and resizing; needs --data), nt-xent at several sizes (forward and backward, 128 columns). Every figure is the
median over the steps of a process; printed are the medians over the processes, the spread, and the ratio to PyTorch's best setting.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent


def output(command, **options):
    words = [str(word) for word in command]
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, **options).stdout


class Bench:
    """A work that `bench` and torch_work.py both have."""

    def __init__(self, name, arguments, settings):
        self.name, self.arguments, self.settings = name, arguments, settings

    def ours(self, options, scratch):
        result = json.loads(output([options.bin / "bench", *self.arguments, "--threads", options.threads, "--repetitions", options.steps]))
        return statistics.median(result["ms"]), result["peak_bytes"]

    def theirs(self, setting, options, scratch):
        result = json.loads(output([sys.executable, HERE / "torch_work.py", *self.arguments, "--setting", setting, "--threads",
                                    options.threads, "--repetitions", options.steps]))
        return statistics.median(result["ms"]), result["peak_bytes"]


class ConvN:
    """Contrastive steps of both whole programs."""

    name, settings = "convn, 1000 images, two views", ["channels_last", "contiguous"]

    def __init__(self, data):
        self.data = data

    def ours(self, options, scratch):
        run = scratch / "run"
        output(["rm", "-rf", run])
        output([options.bin / "pretrain", "--recipe", "randbits-mnist", "--data", f"mnist:{self.data}", "--steps", 3 * options.steps,
                "--log-every", 1, "--threads", options.threads, "--out", run, "--report", "off"])
        records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        training = [record for record in records if record["phase"] == "train"][2:]
        return statistics.median(record["step_ms"] for record in training), training[-1]["mem_peak_bytes"]

    def theirs(self, setting, options, scratch):
        file = scratch / "torch.json"
        output([sys.executable, HERE / "randbits_mnist.py", "--data", self.data, "--steps", 3 * options.steps, "--threads",
                options.threads, "--channels-last", "on" if setting == "channels_last" else "off", "--json", file])
        result = json.loads(file.read_text())
        return result["step_ms"] + result["data_ms"], None


def spread(values):
    return f"{statistics.median(values):8.1f} ms ({min(values):.1f} to {max(values):.1f})"


def memory(bytes_):
    return "" if bytes_ is None else f"  {bytes_ / 2**20:7.1f} MiB"


def compare(work, options, scratch):
    ours, theirs = [], {setting: [] for setting in work.settings}
    for _ in range(options.repetitions):
        ours.append(work.ours(options, scratch))
        for setting in work.settings:
            theirs[setting].append(work.theirs(setting, options, scratch))
    print(f"\n{work.name}")
    times = [ms for ms, _ in ours]
    print(f"  {'antipode':<28}{spread(times)}{memory(ours[-1][1])}")
    for setting, results in theirs.items():
        theirs_ms = [ms for ms, _ in results]
        ratio, ratio_of_minima = statistics.median(theirs_ms) / statistics.median(times), min(theirs_ms) / min(times)
        print(f"  {'PyTorch ' + setting:<28}{spread(theirs_ms)}{memory(results[-1][1])}   {ratio:.2f}x, minima {ratio_of_minima:.2f}x",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="directory of MNIST's idx files; without it convn is left out")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/cpu/bin", help="directory of bench and pretrain")
    parser.add_argument("--repetitions", type=int, default=5, help="processes of each kind, alternating")
    parser.add_argument("--steps", type=int, default=10, help="timed steps per process")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compiled", action="store_true", help="torch.compile too; its compilation takes a while")
    options = parser.parse_args()

    extra = lambda settings: settings + [f"{settings[-1]} compiled"] if options.compiled else settings
    works = [Bench("resnet18 step, 64 images of 112x112x3", ["resnet18"], extra(["contiguous", "channels_last"]))]
    if options.data:
        works.append(ConvN(options.data))
    for rows in (2048, 4096, 8192):
        works.append(Bench(f"nt-xent forward and backward, {rows} rows of 128", ["nt-xent", "--rows", rows],
                           extra(["cross_entropy", "logsumexp"])))
    version = output([sys.executable, "-c", "import torch; print(torch.__version__)"]).strip()
    print(f"PyTorch {version}, fp32, {options.threads} threads, {options.repetitions} alternating processes of {options.steps} steps")
    with tempfile.TemporaryDirectory() as scratch:
        for work in works:
            compare(work, options, pathlib.Path(scratch))


if __name__ == "__main__":
    main()
