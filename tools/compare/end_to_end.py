#!/usr/bin/env python3
"""Times whole runs of `pretrain --recipe randbits-mnist` and of the same program in PyTorch (randbits_mnist.py) in turn.

    python3 tools/compare/end_to_end.py --data datasets/mnist --repetitions 3

Both run with the same number of threads and are timed from the start of the process to its end. Prints each time, the medians,
and their ratio.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import time

from needed import ROOT, need_mnist, need_program, need_torch, output_of


def timed(command):
    begin = time.monotonic()
    out = output_of(command)
    return time.monotonic() - begin, out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="directory of MNIST's idx files")
    parser.add_argument("--pretrain", default=ROOT / "build/cpu/bin/pretrain", help="the program to time")
    parser.add_argument("--bits", type=int, default=0)
    parser.add_argument("--temperature", type=float, default=0.1)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    need_torch()
    need_program(options.pretrain)
    need_mnist(options.data)

    common = [
        "--bits",
        options.bits,
        "--temperature",
        options.temperature,
        "--steps",
        options.steps,
        "--threads",
        options.threads,
    ]
    common = [str(word) for word in common]
    ours, theirs = [], []
    for repetition in range(options.repetitions):
        seed = ["--seed", str(repetition + 1)]
        with tempfile.TemporaryDirectory() as directory:
            seconds, out = timed(
                [
                    str(options.pretrain),
                    "--recipe",
                    "randbits-mnist",
                    "--data",
                    f"mnist:{options.data}",
                    "--out",
                    f"{directory}/run",
                    "--report",
                    "off",
                    *common,
                    *seed,
                ]
            )
            ours.append(seconds)
            accuracy = json.loads(out)["probe_test_accuracy"]
            print(f"antipode {seconds:7.1f} s  probe {accuracy:.4f}", flush=True)
            result = pathlib.Path(directory) / "torch.json"
            seconds, _ = timed(
                [
                    sys.executable,
                    str(ROOT / "tools/compare/randbits_mnist.py"),
                    "--data",
                    options.data,
                    "--json",
                    str(result),
                    *common,
                    *seed,
                ]
            )
            theirs.append(seconds)
            accuracy = json.loads(result.read_text())["accuracy"]
            print(f"pytorch  {seconds:7.1f} s  probe {accuracy:.4f}", flush=True)
    a, b = statistics.median(ours), statistics.median(theirs)
    print(
        f"median: antipode {a:.1f} s, pytorch {b:.1f} s, ratio {b / a:.2f}; minimum: {min(ours):.1f} s, {min(theirs):.1f} s, "
        f"ratio {min(theirs) / min(ours):.2f}"
    )


if __name__ == "__main__":
    main()
