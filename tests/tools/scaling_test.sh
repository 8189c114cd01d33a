#!/usr/bin/env bash
# tools/scaling: networks of known size, terms that can be computed by hand, profiles, and what it refuses. $1: source tree.
set -euo pipefail
command -v python3 >/dev/null || { echo "[skipped] there is no python3"; exit; }
python3 -c "import tomllib" 2>/dev/null || { echo "[skipped] python3 is older than 3.11"; exit; }
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$1/tools"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cat >"$scratch/profile.txt" <<'PROFILE'
kernel                                    calls         ms       GB/s    GFLOP/s      share
conv2d_forward                               40      600.0        0.1        5.1     60.0%
lars                                          2       20.0       27.1        8.1      2.0%
similarity_forward                            2        8.0        0.2        1.8      0.8%
all_reduce                                    2      900.0        0.2        1.8      0.8%
(outside kernels)                                     40.0                            4.0%

layer                                forward msbackward ms    GFLOP/s      share
encoder.conv1                             300.0      300.0        0.8      1.7%
simclr step, resnet18, 32 images of 64x64x3 in two views: median 334.000 ms, minimum 1.0 ms, maximum 1.0 ms, 1.0 images/s, 1 MiB
PROFILE

python3 - "$scratch" <<'PYTHON'
import dataclasses
import math
import sys
from pathlib import Path

from scaling_model import machine
from scaling_model.compute import ProfileError, parse_profile
from scaling_model.machine import Device, Links, Machine, Measured, Nccl
from scaling_model.measure import description
from scaling_model.network import network
from scaling_model.step import Options, sent_bytes, step

scratch = Path(sys.argv[1])


def close(a, b, tolerance=1e-9):
    assert math.isclose(a, b, rel_tol=tolerance, abs_tol=1e-15), f"expected {b}, got {a}"


def refused(call, text):
    try:
        call()
    except (ProfileError, ValueError) as error:
        assert text in str(error), f"expected '{text}' in: {error}"
    else:
        raise AssertionError(f"expected an error with '{text}'")


# He et al. 2016: ResNet-50 has 23.5 million parameters without its classifier, and 4.1 billion multiplications at 224 pixels.
resnet50 = network("resnet50", 224, 128, 3)
encoder = [layer for layer in resnet50 if not layer.name.startswith("projector")]
assert sum(layer.parameters for layer in encoder) == 23_508_032
assert len(encoder) == 53 and sum(layer.channels for layer in encoder) == 26_560
close(sum(layer.products for layer in encoder), 4.087e9, 1e-3)
# What `pretrain --recipe simclr-mnist --set model.stem=imagenet --dry-run` counts.
resnet18 = network("resnet18", 64, 64, 2)
assert sum(layer.parameters for layer in resnet18) == 11_180_736 + 296_000

# A machine of 2 devices and steps of whole seconds.
links = Links(ring_step_s=1, tree_step_s=3, bytes_per_s=10), Links(ring_step_s=10, tree_step_s=20, bytes_per_s=5)
pairs = Nccl(2, 100, *links)
close(pairs.all_gather(50, 2), 100 + 1 + 50 / 10)
close(pairs.all_gather(50, 4), 100 + 2 * 1 + 10 + 150 / 10)  # inside: 150 bytes to each; between: 100 to each pair
close(dataclasses.replace(pairs, gathers="levels").all_gather(50, 8), 100 + 1 + 2 * 20 + 350 / 10)
close(pairs.all_reduce(100, 2), 100 + 2 * 1 + 2 * 50 / 10)
close(pairs.all_reduce(100, 8), 100 + 2 * min(3 + 2 * 20, 4 * 1 + 3 * 10) + 2 * 100 * 7 / 8 / 10)

# Nothing to compute: each term is what its collectives take. Buckets hide what comes before the last one.
free = Machine("free", Device(flops=1e30, convolution_share=1, loss_share=1, bytes_per_s=1e30, bytes_share=1), pairs)
layers = resnet18
norms = [layer.channels for layer in layers]
one = step(free, layers, Options(dim=64), 32, 4)
close(one.batch_norm, sum(pairs.all_gather(24 * c, 4) + pairs.all_reduce(8 * c, 4) for c in norms), 1e-6)
close(one.gradients, pairs.all_reduce(4 * sum(layer.parameters for layer in layers), 4))
close(one.loss, 2 * pairs.all_gather(4 * 64 * 8, 4) + 2 * pairs.all_gather(4 * 8, 4) + pairs.all_reduce(16, 4), 1e-6)
assert one.hidden == 0 and one.limit == "gradients"
alone = step(free, layers, Options(dim=64), 32, 1)
assert alone.seconds < 1e-9
buckets = step(free, layers, Options(dim=64, bucket_bytes=1 << 20), 32, 4)
assert buckets.gradients < one.gradients and buckets.hidden > 0
assert step(free, layers, Options(dim=64, sync_bn=1), 32, 4).batch_norm == 0
in_pairs = step(free, layers, Options(dim=64, sync_bn=2), 32, 4)
close(in_pairs.batch_norm, sum(pairs.all_gather(24 * c, 2) + pairs.all_reduce(8 * c, 2) for c in norms), 1e-6)
halved = step(free, layers, Options(dim=64, sent_gradients="bf16"), 32, 4)
close(halved.gradients - 134, (one.gradients - 134) / 2, 0.5)
assert step(free, layers, Options(dim=64, moments="sum"), 32, 4).batch_norm != one.batch_norm

# A profile: 2 steps of 32 images; waiting for ranks is left out, and what is proportional to images, pairs and parameters differs.
profile = parse_profile((scratch / "profile.txt").read_text())
close(profile.by_images, 0.32)
close(profile.by_parameters, 0.01)
close(profile.by_pairs, 0.004)
shared = dataclasses.replace(free, device=Device(processors=2, beside_others=1.25))
half = step(shared, layers, Options(dim=64), 32, 4, [profile])
close(half.images, 0.32 / 4 * 1.25 * 2)
close(half.update, 0.01 * 1.25 * 2)
twice = dataclasses.replace(profile, images=16, by_images=0.2)
close(step(shared, layers, Options(dim=64), 24, 1, [profile, twice]).images, 0.26)
refused(lambda: parse_profile("nothing"), "expected the table and the last line of `bench simclr --profile")
text = (scratch / "profile.txt").read_text()
refused(lambda: parse_profile(text.replace("lars", "fill")), "no optimizer's kernel")
refused(lambda: parse_profile(text.replace("similarity_forward", "batch_norm_running")), "evaluations")

# A measured machine: what is written can be read, and is interpolated.
points = [{"name": "all_gather", "bytes": b, "median_ms": ms} for b, ms in ((8, 1.0), (108, 2.0), (1008, 20.0))]
(scratch / "measured.toml").write_text(description("here", 2, 1.25, {2: points}))
here = machine.load(scratch / "measured.toml")
assert here.device.slowdown(1) == 1 and here.device.slowdown(4) == 2.5
for size, ms in ((1, 1.0), (58, 1.5), (1008, 20.0), (2008, 40.0)):
    close(here.network.all_gather(size, 2), ms / 1e3)
refused(lambda: machine.load(scratch / "measured.toml", "levels"), "leave out --gathers")
refused(lambda: here.network.all_gather(8, 3), "no measured all_gather of 3 ranks")

sent = sent_bytes(layers, Options(dim=64), 32, 2)
assert sent["rows"] == 32 * 4 * 64 and sent["moments"] == 24 * sum(norms)
PYTHON

"$1/tools/scaling" >"$scratch/table"
[ "$(grep -c '^| \(4096\|16384\|65536\) | [0-9]* | ' "$scratch/table")" = 12 ] || { echo "expected 12 rows"; cat "$scratch/table"; exit 1; }
grep -q '^| 4096 | 8 | 512 | .* | 100 % | .* | computing |$' "$scratch/table" || { echo "expected 8 to be the measure"; exit 1; }
grep -q '^| 65536 | 4096 | .* | batch norm over the ranks |$' "$scratch/table" || { echo "expected batch norm"; exit 1; }
if "$1/tools/scaling" --profile "$scratch/nowhere" 2>"$scratch/said"; then echo "expected an error"; exit 1; fi
grep -q '^scaling: error: .*nowhere' "$scratch/said"
