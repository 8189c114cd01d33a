#!/usr/bin/env bash
# tools/compare: if something is missing, the error is one sentence and the exit code is 2. $1: source tree.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
command -v python3 >/dev/null || { echo "[skipped] there is no python3"; exit; }
export PYTHONDONTWRITEBYTECODE=1
python3=$(python3 -c 'import sys; print(sys.executable)')
expect() {  # the text that the error must contain, then a script and its arguments
  local text="$1" said code=0
  shift
  said=$(PATH="${path:-$PATH}" "$python3" ${isolated:-} "$tools/$1" "${@:2}" 2>&1 >/dev/null) || code=$?
  case "$code $said" in
    2*"$text"*) ;;
    *) echo "$*: expected exit code 2 and '$text', got $code and: $said"; exit 1 ;;
  esac
  [ "$(wc -l <<<"$said")" -eq 1 ] || { echo "$*: expected one line, got: $said"; exit 1; }
}
tools="$1/tools/compare"
mnist=(--data "$scratch/mnist")
isolated=-S  # without the installed packages
expect "torch_work.py: error: " torch_work.py nt-xent
expect " has no PyTorch; python3 -m venv .venv" torch_work.py nt-xent
expect " has no PyTorch; " randbits_mnist.py "${mnist[@]}"
expect " has no PyTorch; " steps.py
expect " has no PyTorch; " end_to_end.py "${mnist[@]}"
expect " has no PyTorch; " two_ranks.py
expect " has no PyTorch; " torch_rank.py --rank 0
expect " has no PyTorch; " loading.py
expect " has no PyTorch; " augmentation.py
expect " has no numpy; python3 -m venv .venv" canvases.py
expect " has no numpy; python3 -m venv .venv" kmeans.py results features
expect " has no scikit-learn; python3 -m venv .venv" evaluation.py --raw --data digits:
tools="$1/tools/golden"
expect "generate.py: error: No module named 'torch'; python3 -m venv .venv" generate.py "$scratch"
expect "scenes.py: error: No module named 'numpy'; python3 -m venv .venv" scenes.py "$scratch/scenes.txt"

# With a fake torch, the checks for other missing things are reached.
isolated=
tools="$1/tools/compare"
mkdir "$scratch/torch"
touch "$scratch/torch/__init__.py"
export PYTHONPATH="$scratch"
expect "there is no program $scratch/bench; build it: cmake " steps.py --bin "$scratch"
expect "there is no program $scratch/pretrain; build it: cmake " end_to_end.py "${mnist[@]}" --pretrain "$scratch/pretrain"
for name in bench pretrain; do
  printf '#!/bin/sh\necho loading >&2\necho "%s: error: the disk is full" >&2\nexit 1\n' "$name" >"$scratch/$name"
  chmod +x "$scratch/$name"
done
expect " has no torchvision; .venv/bin/pip install torchvision" loading.py
expect " has no torchvision; .venv/bin/pip install torchvision" augmentation.py
mkdir "$scratch/torchvision"
touch "$scratch/torchvision/__init__.py"
expect "there is no program $scratch/none; build it: cmake " loading.py --bench "$scratch/none"
expect "give directories with JPEG files: --imagenet DIR" loading.py --bench "$scratch/bench"
expect "there is no program $scratch/none; build it: cmake " augmentation.py --bench "$scratch/none"
expect "give directories with JPEG files: --imagenet DIR" augmentation.py --bench "$scratch/bench"
missing="$scratch/mnist has neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz; give with --data"
expect "$missing" steps.py --bin "$scratch" "${mnist[@]}"
expect "$missing" end_to_end.py "${mnist[@]}" --pretrain "$scratch/pretrain"
echo '__version__ = "0"' >"$scratch/torch/__init__.py"
expect "failed: bench: error: the disk is full" steps.py --bin "$scratch" --works resnet18 --repetitions 1

# Ranks: with a numpy that only has to be found.
mkdir "$scratch/numpy" "$scratch/path"
touch "$scratch/numpy/__init__.py"
ranks=(two_ranks.py --pretrain "$scratch/pretrain")
expect "there is no program $scratch/none; build it: cmake " two_ranks.py --pretrain "$scratch/none"
expect "--batch-size 7 " "${ranks[@]}" --batch-size 7
expect "--image-size 63 " "${ranks[@]}" --image-size 63
path="$scratch/path"
expect "there is no mpirun; apt install openmpi-bin" "${ranks[@]}"
cat >"$scratch/path/mpirun" <<'END'
#!/bin/sh
echo "pretrain: error: this build has no MPI" >&2
echo "mpirun noticed that a process ended" >&2
exit 1
END
chmod +x "$scratch/path/mpirun"
expect "two ranks of pretrain failed: pretrain: error: this build has no MPI" "${ranks[@]}"
