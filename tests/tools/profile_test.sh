#!/usr/bin/env bash
# Tests which commands tools/profile starts; fake programs of these names only print their arguments. $1: source tree.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for name in nsys ncu pretrain bench; do
  printf '#!/bin/sh\necho "%s $*"\n' "$name" >"$scratch/$name"
  chmod +x "$scratch/$name"
done
export PATH="$scratch:/usr/bin:/bin"
expect() {  # the text that the output must contain, then arguments
  local text="$1" said
  shift
  said=$("$1/tools/profile" "${@:2}" 2>&1) || true
  case "$said" in
    *"$text"*) ;;
    *) echo "tools/profile ${*:2}: expected '$text' in: $said"; exit 1 ;;
  esac
}
expect "nsys profile --trace=cuda,nvtx,cublas,cudnn" "$1" nsys pretrain --device cuda
expect "--capture-range=cudaProfilerApi --capture-range-end=stop pretrain --device cuda --profile-steps 6:8 --nvtx" "$1" nsys pretrain --device cuda
expect "--cuda-graph-trace=node --capture-range=cudaProfilerApi --capture-range-end=stop pretrain --profile-steps 3:4" "$1" nsys --graph --steps 3:4 pretrain
expect "ncu --set full --launch-count 5 --export x --kernel-name regex:relu bench kernels" "$1" ncu --kernel relu --count 5 --out x bench kernels
expect "--profile-from-start off --nvtx pretrain --profile-steps 6:8 --nvtx" "$1" ncu pretrain
expect "error: there is no tool 'perf'" "$1" perf pretrain
expect "error: there is no program nothing" "$1" nsys nothing
expect "error: --kernel is for ncu" "$1" nsys --kernel x pretrain
expect "error: say what to run" "$1" ncu
rm "$scratch/ncu"
expect "error: ncu is not in PATH" "$1" ncu pretrain
