#!/usr/bin/env python3
"""Compares two ranks of `pretrain` (mpirun) with two of PyTorch (torch.distributed, gloo) on one machine, one thread each.

    .venv/bin/python3 tools/compare/two_ranks.py
    .venv/bin/python3 tools/compare/two_ranks.py --parts check
    .venv/bin/python3 tools/compare/two_ranks.py --parts speed --precisions fp32 bf16 --repetitions 5

Both train SimCLR's ResNet-18 on crops of random images: batch norm over the images of all ranks, NT-Xent over the rows of all
ranks, sums of gradients, SGD with momentum (torch_rank.py).

check: from the same weights and on the same crops, the losses of ten steps must agree, and the first gradient's norm; prints all
losses and norms, and exits with 1 if one of those differs by more than 1e-4 of it. The learning rate is low (--lr): at 1e-3 a
difference by rounding grows threefold a step. Without timed algorithms, so that it repeats.

speed: both sides take turns, two processes each. A turn gives the median of its steps, without the first --warmup ones. Prints
images/s, the medians over the turns, their spread, and how much faster ours are than PyTorch's with each setting and size
of buckets. `pretrain` makes its crops within the step, PyTorch's are there before.
"""

import argparse
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from needed import ROOT, need_numpy, need_program, need_torch, output_of, refuse

HERE = pathlib.Path(__file__).resolve().parent
RANKS, CLASSES, BATCHES, TOLERANCE = 2, 10, 4, 1e-4
BLANK = f"blank(examples={RANKS}, test_examples={RANKS}, height=32, width=32, channels=3, classes={CLASSES})"
KEYS = {"losses": "loss", "norms": "grad_norm", "ms": "step_ms"}  # in metrics.jsonl
SETTINGS = ("channels_last", "contiguous", "channels_last compiled")


def need_mpirun():
    path = shutil.which("mpirun")
    if path is None:
        refuse("there is no mpirun; apt install openmpi-bin libopenmpi-dev, then build pretrain again")
    return path


def write_data(directory, examples, size):
    """Blobs with grain in colour, which no two images share; the test set, which no step sees, is small."""
    import numpy as np

    random = np.random.default_rng(1)
    directory.mkdir(exist_ok=True)
    for split, count in (("train", examples), ("test", RANKS)):
        coarse = random.random((count, 8, 8, 3), dtype=np.float32).repeat(-(-size // 8), 1).repeat(-(-size // 8), 2)
        x = 0.8 * coarse[:, :size, :size] + 0.2 * random.random((count, size, size, 3), dtype=np.float32)
        np.save(directory / f"{split}_images.npy", (255 * x).astype(np.uint8))
        np.save(directory / f"{split}_labels.npy", (np.arange(count) % CLASSES).astype(np.uint8))
    return directory


def output_of_all(name, commands):
    """Runs programs at the same time and returns the stdout of the first. Where one fails, what it said is the error."""
    with tempfile.TemporaryDirectory() as scratch:
        outputs = [pathlib.Path(scratch) / str(i) for i in range(len(commands))]
        programs = []
        for command, output in zip(commands, outputs):
            words = [str(word) for word in command]
            with output.open("w") as out, output.with_suffix(".err").open("w") as err:
                programs.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err))
        codes = [None]
        try:
            while None in codes and not any(codes):
                time.sleep(0.05)
                codes = [program.poll() for program in programs]
        finally:
            for program in programs:
                program.terminate()  # mpirun then ends its ranks
                program.wait()
        for code, output in zip(codes, outputs):
            if code:
                refuse(f"{name} failed: {reason(output.with_suffix('.err').read_text(errors='replace'), code)}")
        return outputs[0].read_text()


def reason(said, code):
    """The program's own error, or its last line; mpirun adds paragraphs."""
    lines = [line for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"[\w.]+: error: ", line)]
    return (errors or lines[-1:] or [f"it ended with {code} and said nothing"])[0]


def pretrain(options, run, data, batch, steps, lr, *more):
    """Two ranks of our program; `run` becomes the run directory."""
    shutil.rmtree(run, ignore_errors=True)
    flags = {
        "--data": data,
        "--shuffle": "off",
        "--augment": "crop",
        "--arch": "resnet18",
        "--loss": "nt-xent",
        "--temperature": 0.5,
        "--proj-layers": 2,
        "--proj-dim": 128,
        "--optimizer": "sgd",
        "--lr": lr,
        "--batch-size": batch,
        "--steps": steps,
        "--seed": 1,
        "--threads": 1,
        "--workers": 1,
        "--log-every": 1,
        "--ckpt-every": 0,
        "--tensorboard": "off",
        "--report": "off",
        "--out": run,
    }
    keys = ("model.stem=imagenet", "data.crop_area_min=0.3", "optim.momentum=0.9", "optim.nesterov=off")
    command = [need_mpirun(), "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", RANKS, options.pretrain]
    command += [word for pair in flags.items() for word in pair]
    command += [word for key in keys for word in ("--set", key)]
    output_of_all("two ranks of pretrain", [[*command, *more]])
    return run


def initial_weights(options, scratch):
    """What a seed's weights are before the first step: at this rate a step changes none but zeros, by less than 1e-30."""
    run = pretrain(options, scratch / "run", BLANK, RANKS, 1, 1e-37, "--plans", "off")
    step = (run / "checkpoints/latest").read_text().strip()
    return (run / "checkpoints" / step / "model.safetensors").rename(scratch / "model.safetensors")


class Work:
    """Some steps of both programs, with a batch of all ranks."""

    def __init__(self, options, scratch, weights, batch, steps):
        self.options, self.scratch, self.weights, self.batch, self.steps = options, scratch, weights, batch, steps
        self.data = write_data(scratch / f"data-{batch}", BATCHES * batch, options.image_size)

    def ours(self, precision, plans="timed"):
        """Of each step the loss, the norm of the gradient, and how many milliseconds it took."""
        more = "--precision", precision, "--plans", plans
        run = pretrain(self.options, self.scratch / "run", f"npy:{self.data}", self.batch, self.steps, self.options.lr, *more)
        records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        training = [record for record in records if record["phase"] == "train"]
        return {name: [record[key] for record in training] for name, key in KEYS.items()}

    def theirs(self, precision, setting, bucket_mib):
        meeting = self.scratch / "meeting"
        meeting.unlink(missing_ok=True)
        flags = {
            "--ranks": RANKS,
            "--meeting": meeting,
            "--data": self.data,
            "--weights": self.weights,
            "--batch-size": self.batch,
            "--steps": self.steps,
            "--lr": self.options.lr,
            "--precision": precision,
            "--setting": setting,
            "--bucket-mib": bucket_mib,
        }
        command = [sys.executable, HERE / "torch_rank.py", *(word for pair in flags.items() for word in pair)]
        return json.loads(output_of_all("two ranks of PyTorch", [[*command, "--rank", rank] for rank in range(RANKS)]))


def difference(a, b):
    return abs(a - b) / abs(b)


def check(options, scratch, weights):
    """Whether the losses agree, and the first gradients."""
    work = Work(options, scratch, weights, options.check_batch_size, options.check_steps)
    ours, theirs = work.ours("fp32", plans="off"), work.theirs("fp32", options.settings[0], options.bucket_mib[0])
    print(f"\n{work.steps} steps, {work.batch} images of {options.image_size}x{options.image_size} on {RANKS} ranks, fp32")
    print("          loss                               norm of the gradient")
    print("  step    antipode     PyTorch   difference    antipode     PyTorch   difference")
    differences = {name: [difference(a, b) for a, b in zip(ours[name], theirs[name])] for name in ("losses", "norms")}
    for step in range(work.steps):
        columns = [f"{side[name][step]:10.6f}" for name in differences for side in (ours, theirs)]
        errors = [f"{differences[name][step]:10.1e}" for name in differences]
        print(f"  {step + 1:4d}  {columns[0]}  {columns[1]}   {errors[0]}  {columns[2]}  {columns[3]}   {errors[1]}")
    loss, norm = max(differences["losses"]), differences["norms"][0]
    agrees = max(loss, norm) <= TOLERANCE
    print(f"largest relative difference of a loss {loss:.1e}, of the first norm {norm:.1e}: ", end="")
    print("not above" if agrees else "ABOVE", TOLERANCE, flush=True)
    return agrees


def line(name, speeds):
    return f"  {name:<36}{statistics.median(speeds):8.2f} images/s ({min(speeds):.2f} to {max(speeds):.2f})"


def ratios(ours, theirs):
    """The ratios of the medians and of the best turns, which a busy machine disturbs less."""
    return f"{statistics.median(ours) / statistics.median(theirs):.2f}x, best turns {max(ours) / max(theirs):.2f}x"


def speed(options, scratch, weights):
    work = Work(options, scratch, weights, options.batch_size, options.warmup + options.steps)
    of_turn = lambda turn: 1e3 * work.batch / statistics.median(turn["ms"][options.warmup :])
    variants = [(setting, mib) for setting in options.settings for mib in options.bucket_mib]
    for precision in options.precisions:
        ours, theirs = [], {variant: [] for variant in variants}
        for _ in range(options.repetitions):
            ours.append(of_turn(work.ours(precision)))
            for variant, speeds in theirs.items():
                speeds.append(of_turn(work.theirs(precision, *variant)))
        print(
            f"\n{work.batch} images of {options.image_size}x{options.image_size} on {RANKS} ranks, {precision}: "
            f"{options.repetitions} alternating turns of {options.steps} steps"
        )
        print(line("antipode", ours))
        for (setting, mib), speeds in theirs.items():
            print(f"{line(f'PyTorch {setting}, {mib:g} MiB', speeds)}   {ratios(ours, speeds)}")
        print(f"  ratio to the fastest of PyTorch's: {ratios(ours, max(theirs.values(), key=statistics.median))}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pretrain", type=pathlib.Path, default=ROOT / "build/cpu/bin/pretrain", help="the program, with MPI")
    parser.add_argument("--parts", nargs="+", choices=("check", "speed"), default=("check", "speed"))
    parser.add_argument("--batch-size", type=int, default=64, help="images of both ranks")
    parser.add_argument("--image-size", type=int, default=112, help="pixels a side, a multiple of 4")
    parser.add_argument("--steps", type=int, default=5, help="timed steps of a turn")
    parser.add_argument("--warmup", type=int, default=2, help="steps before them")
    parser.add_argument("--repetitions", type=int, default=3, help="turns of each side")
    parser.add_argument("--precisions", nargs="+", choices=("fp32", "bf16"), default=("fp32",), help="bf16: autocast in PyTorch")
    parser.add_argument(
        "--settings", nargs="+", choices=SETTINGS, default=SETTINGS[:1], help="of PyTorch; the first one is checked"
    )
    parser.add_argument(
        "--bucket-mib",
        nargs="+",
        type=float,
        default=(25, 100),
        help="of PyTorch's DistributedDataParallel: 25 is its default, 100 holds all gradients",
    )
    parser.add_argument("--check-batch-size", type=int, default=16)
    parser.add_argument("--check-steps", type=int, default=10)
    parser.add_argument("--lr", type=float, default=2e-4, help="of SGD, in all steps")
    options = parser.parse_args()
    need_torch()
    need_numpy()
    for flag, number in (("--batch-size", options.batch_size), ("--check-batch-size", options.check_batch_size)):
        if number < 2 or number % RANKS:
            refuse(f"{flag} {number} are images of {RANKS} ranks; give an even number")
    if options.image_size < 32 or options.image_size % 4:
        refuse(f"--image-size {options.image_size} is not halved twice; give a multiple of 4 from 32 on")
    need_program(options.pretrain)
    need_mpirun()
    version = output_of([sys.executable, "-c", "import torch; print(torch.__version__)"]).strip()
    print(f"PyTorch {version}, gloo; {RANKS} ranks of one thread each", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        scratch = pathlib.Path(directory)
        weights = initial_weights(options, scratch)
        agrees = "check" not in options.parts or check(options, scratch, weights)
        if "speed" in options.parts:
            speed(options, scratch, weights)
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
