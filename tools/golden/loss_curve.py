#!/usr/bin/env python3
"""Records tests/golden/loss_curve.jsonl: tools/golden/loss_curve.py [PRETRAIN].

The losses of 60 steps on the built-in digits, as the program itself computes them: a change that moves them is seen,
wanted or not. The file begins with the arguments that made it, which the test gives to the program again. Record it
anew only for a change that means to move the curve, and say so in its commit message.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
PRETRAIN = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "cpu" / "bin" / "pretrain"
KEYS = ("step", "loss", "loss_align", "loss_dist")
SETTINGS = {
    "data.source": "digits:",
    "data.crop_area_min": 0.5,
    "model.arch": "convn",
    "model.proj_layers": 2,
    "model.proj_hidden": 256,
    "model.proj_dim": 64,
    "model.proj_output_bn": "off",
    "loss.name": "nt-xent",
    "loss.temperature": 0.2,
    "optim.name": "adam",
    "optim.lr": 1e-3,
    "optim.schedule": "cosine",
    # The rate grows slowly from 0: rounding, which differs between processors, has no effect for the first steps.
    "optim.warmup_epochs": 0.04,
    "train.batch_size": 128,
    "train.steps": 60,
    "train.seed": 1,
}
ARGUMENTS = [part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}")]

with tempfile.TemporaryDirectory() as directory:
    run = pathlib.Path(directory) / "run"
    how = ["--out", run, "--threads", "1", "--plans", "off", "--report", "off", "--log-every", "1"]
    subprocess.run([PRETRAIN, *ARGUMENTS, *how], check=True)
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
lines = [{"arguments": ARGUMENTS}]
lines += [{key: record[key] for key in KEYS} for record in records if record["phase"] == "train"]
path = ROOT / "tests" / "golden" / "loss_curve.jsonl"
path.write_text("".join(json.dumps(line) + "\n" for line in lines))
