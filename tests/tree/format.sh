#!/usr/bin/env bash
# Checks that the sources are formatted by .clang-format.
set -euo pipefail
cd "$1"
command -v clang-format >/dev/null || { echo "[skipped] clang-format is not installed"; exit 0; }
find engine kernels models losses data apps tests -name '*.h' -o -name '*.cpp' -o -name '*.cu' | sort | xargs clang-format --dry-run --Werror
