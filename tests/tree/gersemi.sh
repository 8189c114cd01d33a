#!/usr/bin/env bash
# Checks that CMake files are formatted by .gersemirc. $1: source tree.
set -euo pipefail
cd "$1"
command -v gersemi >/dev/null || { echo "[skipped] gersemi is not installed (CONTRIBUTING.md)"; exit 0; }
find . \( -path ./build -o -path ./.venv \) -prune -o \( -name CMakeLists.txt -o -name '*.cmake' \) -print | sort | xargs gersemi --check
