#!/usr/bin/env bash
# The sources obey .clang-tidy. $1: source tree, $2: build tree with compile_commands.json.
set -euo pipefail
cd "$1"
command -v clang-tidy >/dev/null || { echo "[skipped] clang-tidy is not installed"; exit 0; }
# Without kernels/cuda, whose headers are CUDA's, which may not be here.
find engine kernels models losses data apps -name '*.cpp' -not -path 'kernels/cuda/*' | sort |
  xargs -P "$(nproc)" -n 4 clang-tidy -p "$2" --quiet 2>/dev/null
