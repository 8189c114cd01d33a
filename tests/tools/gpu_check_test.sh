#!/usr/bin/env bash
# Rehearses tools/gpu_check without a GPU, so that no mistake in it costs a GPU's time: our programs run in the interpreter, the
# tests of cuda_tests are only listed (a filter that matches none is an error), and stand-ins of NVIDIA's tools and of PyTorch
# refuse arguments that they do not know. $1: source tree, $2: directory of the CUDA build's programs.
set -euo pipefail
command -v python3 >/dev/null || { echo "[skipped] there is no python3"; exit; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin" "$scratch/tools" "$scratch/torch"
stand_in() { # path; the script is on stdin
  { echo '#!/usr/bin/env bash'; cat; } >"$1"
  chmod +x "$1"
}
for program in bench pretrain; do ln -s "$2/interpreted_$program" "$scratch/bin/$program"; done
for program in cuda_tests cuda_program_tests; do
  stand_in "$scratch/bin/$program" <<END
[ "\$1" != --help ] || exit 0
count=\$("$2/$program" --list-test-cases "\$@" | sed -n 's/.*passing the current filters: //p')
echo "[doctest] test cases: \$count | \$count passed | 0 failed | 0 skipped"
END
done
stand_in "$scratch/tools/nvidia-smi" <<<'echo "a stand-in, 0.0, 1 MiB, 1 MHz, 1 MHz"'
stand_in "$scratch/tools/compute-sanitizer" <<'END'
while :; do
  case "$1 $2" in
    "--tool memcheck" | "--tool racecheck" | "--tool initcheck" | "--tool synccheck") ;;
    "--error-exitcode "[1-9]* | "--print-limit "[1-9]* | "--report-api-errors no") ;;
    -*) echo "compute-sanitizer: what is $1 $2?"; exit 1 ;;
    *) break ;;
  esac
  shift 2
done
"$@"
echo "========= ERROR SUMMARY: 0 errors"
END
stand_in "$scratch/tools/ncu" <<END
while :; do
  case "\$1" in
    --import)
      [ -e "\$2" ] && [ "\$3 \$4" = "--page details" ] || { echo "ncu: what is \$*?"; exit 1; }
      printf '    Duration           us        12.5\n    DRAM Throughput    %%         71.2\n'
      exit ;;
    --force-overwrite) shift; continue ;;
    --kernel-name)
      name="\${2#regex:^}"
      # It is in the program for GPUs.
      grep -qa "\${name%\$}" "$2/bench" || { echo "ncu: there is no kernel \$2"; exit 1; } ;;
    --export) touch "\$2" ;;
    --set | --launch-skip | --launch-count | --kill | --clock-control) ;;
    -*) echo "ncu: what is \$1?"; exit 1 ;;
    *) break ;;
  esac
  shift 2
done
"\$@"
END
# torch_work.py reads its arguments as it does with PyTorch, but runs nothing.
cat >"$scratch/torch/__init__.py" <<'END'
import sys
from unittest.mock import MagicMock

nn = MagicMock(Module=object)
sys.modules.update({"torch.nn": nn, "torch.nn.functional": MagicMock()})
__version__, Tensor, no_grad, _dynamo = "a stand-in", object, lambda: lambda f: f, MagicMock()
version = MagicMock(cuda="0")
cuda = MagicMock(**{"is_available.return_value": False})
backends = MagicMock(**{"cudnn.version.return_value": 0})
END
stand_in "$scratch/python" <<'END'
case "$1" in
  */torch_work.py)
    exec python3 - "$@" <<'SCRIPT'
import pathlib, sys
sys.argv.pop(0)
sys.path.insert(0, str(pathlib.Path(sys.argv[0]).parent))
import torch_work
torch_work.timed = lambda args: {"torch": "a stand-in", "ms": [2.0], "peak_bytes": 1}
torch_work.main()
SCRIPT
    ;;
  *) exec python3 "$@" ;;
esac
END
export PYTHONPATH="$scratch" PYTHONDONTWRITEBYTECODE=1 PATH="$scratch/tools:$PATH"

check() {
  "$1/tools/gpu_check" --rehearse --bin "$scratch/bin" --python "$scratch/python" --out "$scratch/$2" "${@:3}" >"$scratch/$2.log" 2>&1
}
fail() {
  echo "$1"
  tail -60 "$scratch/$2.log"
  exit 1
}
expect() { grep -qF -- "$2" "$scratch/$1/summary.md" || fail "expected '$2' in summary.md" "$1"; }

# All of it, and what is brought back.
check "$1" whole --seconds 24000 --bring "$scratch/brought" || fail "the rehearsal failed" whole
expect whole "Failed: nothing"
if grep -q "## Trouble" "$scratch/whole/summary.md"; then fail "there was trouble: $(cat "$scratch/whole/summary.md")" whole; fi
for step in start hardware tests figures kernels pytorch recorded memcheck convolutions simclr pytorch-simclr counters races runs \
  large kernels-fp32 racecheck synccheck initcheck; do expect whole "- $step: "; done
expect whole "- bf16: the same bytes"
expect whole "| PyTorch logsumexp autocast compiled |"
expect whole "| ours bf16 without graph |"
expect whole "| meet_candidates | 12.5 us |"
expect whole "| similarity_backward | "
expect whole "- memcheck-all: ERROR SUMMARY: 0 errors"
for file in logs.tgz ncu.tgz results.json summary.md; do
  [ -s "$scratch/brought/$file" ] || fail "no $file was brought" whole
done
[ "$(find "$scratch/brought" -type f | wc -l)" -le 8 ] || fail "brought too many files: $(ls "$scratch/brought")" whole
cmp "$scratch/brought/summary.md" "$scratch/whole/summary.md"
tar tzf "$scratch/brought/logs.tgz" >"$scratch/brought.txt"
grep -qx 'logs/kernels-bf16.txt' "$scratch/brought.txt" || fail "no log of kernels-bf16" whole
python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); assert r["works"] and r["kernels-bf16"]["kernels"]' \
  "$scratch/brought/results.json"

# Without time, steps are left out and the rest is there.
check "$1" short --seconds 640 || fail "a short run failed" short
expect short "- start: "
expect short "- runs: "

# What fails is shown with its numbers, and the other steps go on.
stand_in "$scratch/bin/cuda_tests" <<'END'
[ "$1" != --help ] || exit 0
printf 'TEST CASE:  cuda staging\nx.cpp:1: ERROR: CHECK( 1 == 2 ) is NOT correct!\n  values: CHECK( 1 == 2 )\n'
echo "[doctest] test cases: 3 | 2 passed | 1 failed | 0 skipped"
exit 1
END
if check "$1" failing --steps hardware large; then fail "a failed test was not noticed" failing; fi
expect failing "tests-hardware: [doctest] test cases: 3 | 2 passed | 1 failed | 0 skipped"
expect failing "values: CHECK( 1 == 2 )"
expect failing "- large: "
expect failing "Failed: tests-hardware"

# A filter that matches nothing is an error, and so is a program that does not start: then nothing else is tried.
stand_in "$scratch/bin/cuda_tests" <<<'echo "[doctest] test cases: 0 | 0 passed | 0 failed | 0 skipped"'
if check "$1" empty --steps hardware; then fail "no test ran, and that was not noticed" empty; fi
expect empty "NOTHING RAN"
stand_in "$scratch/bin/cuda_tests" <<<'kill -ILL $$'
if check "$1" broken; then fail "a program that does not start was not noticed" broken; fi
expect broken "cuda_tests does not start"
expect broken "nothing more was tried"
