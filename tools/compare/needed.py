"""Checks for what the comparisons need. If something is missing, one sentence says what and what to do; the exit code is 2."""

import importlib.util
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def refuse(sentence):
    print(f"{pathlib.Path(sys.argv[0]).name}: error: {sentence}", file=sys.stderr)
    sys.exit(2)


def need_torch():
    if importlib.util.find_spec("torch") is None:
        refuse(
            f"{sys.executable} has no PyTorch; python3 -m venv .venv && .venv/bin/pip install torch numpy "
            f"--index-url https://download.pytorch.org/whl/cpu, then begin this command with .venv/bin/python3"
        )


def need_torchvision():
    need_torch()
    if importlib.util.find_spec("torchvision") is None:
        refuse(
            f"{sys.executable} has no torchvision; .venv/bin/pip install torchvision pillow "
            f"--index-url https://download.pytorch.org/whl/cpu, then begin this command with .venv/bin/python3"
        )


def need_numpy():
    if importlib.util.find_spec("numpy") is None:
        refuse(
            f"{sys.executable} has no numpy; python3 -m venv .venv && .venv/bin/pip install numpy, then begin this command with "
            f".venv/bin/python3"
        )


def need_sklearn():
    if importlib.util.find_spec("sklearn") is None:
        refuse(
            f"{sys.executable} has no scikit-learn; python3 -m venv .venv && .venv/bin/pip install scikit-learn, then begin this "
            f"command with .venv/bin/python3"
        )


def need_program(path):
    if not os.access(path, os.X_OK):
        refuse(f"there is no program {path}; build it: cmake --preset cpu && cmake --build --preset cpu --target bench pretrain")


def need_mnist(folder):
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        if not any(os.path.isfile(os.path.join(folder, name + ending)) for ending in ("", ".gz")):
            refuse(f"{folder} has neither {name} nor {name}.gz; give with --data a directory with the four idx files of MNIST")


def output_of(command):
    """Returns a program's stdout; if it fails, the error shows the last line of its stderr."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace")
    if done.returncode == 0:
        return done.stdout
    why = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode} and said nothing"])[-1]
    refuse(f"`{' '.join(words)}` failed: {why}")
