#!/usr/bin/env bash
# Checks Python files by ruff.toml. $1: source tree.
set -euo pipefail
cd "$1"
command -v ruff >/dev/null || { echo "[skipped] ruff is not installed (CONTRIBUTING.md)"; exit 0; }
ruff format --no-cache --diff .
ruff check --no-cache .
