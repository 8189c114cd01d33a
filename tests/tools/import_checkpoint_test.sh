#!/usr/bin/env bash
# tools/import_checkpoint: a PyTorch state dict becomes safetensors; errors are one sentence, with exit code 2. $1: source tree.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
command -v python3 >/dev/null || { echo "[skipped] there is no python3"; exit; }
export PYTHONDONTWRITEBYTECODE=1
tool="$1/tools/import_checkpoint"
expect() {  # the text that the error must contain, then the checkpoint
  local said code=0
  said=$(python3 ${isolated:-} "$tool" "$2" "$scratch/out.safetensors" 2>&1 >/dev/null) || code=$?
  case "$code $said" in
    "2 import_checkpoint: error: "*"$1"*) ;;
    *) echo "$2: expected exit code 2 and '$1', got $code and: $said"; exit 1 ;;
  esac
  [ "$(wc -l <<<"$said")" -eq 1 ] || { echo "$2: expected one line, got: $said"; exit 1; }
  [ ! -e "$scratch/out.safetensors" ] || { echo "$2: a file was written"; exit 1; }
}
isolated=-S  # without the installed packages
expect "this needs PyTorch, which this Python lacks; " "$scratch/any.pth"
isolated=

# With a fake torch: what it loads is a pickle of objects that are like tensors.
cat >"$scratch/torch.py" <<'FAKE'
import pickle


class Tensor:
    def __init__(self, numbers):
        self.numbers, self.dtype, self.shape = numbers, "u8", [len(numbers)]

    def element_size(self):
        return 1

    numel = lambda self: len(self.numbers)
    detach = contiguous = numpy = lambda self: self
    reshape = view = lambda self, _: self
    tobytes = lambda self: bytes(self.numbers)


float32, float64, float16, bfloat16, int64, int32, int16, int8, uint8, bool = "f4", "f8", "f2", "b2", "i8", "i4", "i2", "i1", "u8", "b1"


def load(path, map_location, weights_only):
    assert map_location == "cpu" and weights_only is True
    return pickle.load(open(path, "rb"))
FAKE
cat >"$scratch/make.py" <<'MAKE'
import pickle
import sys

import torch

t = torch.Tensor
plain = {"conv1.weight": t([1, 2]), "layer1.0.conv1.weight": t([3]), "fc.bias": t([4, 5])}
files = {
    "plain": plain,
    "nested": {"epoch": 3, "state_dict": {"module.backbone." + name: value for name, value in plain.items()}},
    "head": {**{"encoder." + name: value for name, value in plain.items()}, "head.weight": t([6]), "step": 9},
    "twice": {"module.conv1.weight": t([1]), "conv1.weight": t([2])},
    "list": [1, 2],
    "numbers": {"lr": 0.1},
}
for name, contents in files.items():
    pickle.dump(contents, open(f"{sys.argv[1]}/{name}.pth", "wb"))
MAKE
export PYTHONPATH="$scratch"
python3 "$scratch/make.py" "$scratch"
expect "there is no file $scratch/nowhere.pth" "$scratch/nowhere.pth"
expect "holds a list, and a state dict was expected" "$scratch/list.pth"
expect "holds no tensors by name, but lr" "$scratch/numbers.pth"
expect 'another tensor would both be named "conv1.weight"' "$scratch/twice.pth"
echo "not a pickle" >"$scratch/damaged.pth"
expect "damaged.pth is no PyTorch file of weights alone (" "$scratch/damaged.pth"

imports() {  # what it says, and the file that it makes
  local said
  said=$(python3 "$tool" "$scratch/$1.pth" "$scratch/$1.safetensors")
  [ "$said" = "$scratch/$1.safetensors: $2" ] || { echo "$1: expected '$2', got: $said"; exit 1; }
}
imports plain "3 tensors"
imports nested '3 tensors; took "state_dict"; removed "module." from 3 of 3 names; removed "backbone." from 3 of 3 names'
imports head '4 tensors; left out 1 entries that are no tensors; removed "encoder." from 3 of 4 names'
cmp "$scratch/plain.safetensors" "$scratch/nested.safetensors"
python3 - "$scratch/plain.safetensors" <<'CHECK'
import json
import struct
import sys

data = open(sys.argv[1], "rb").read()
length = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8 : 8 + length])
assert length % 8 == 0 and header.pop("__metadata__") == {"format": "pt"}
assert header["fc.bias"] == {"dtype": "U8", "shape": [2], "data_offsets": [3, 5]}, header
assert data[8 + length :] == bytes([1, 2, 3, 4, 5])
CHECK
