#!/usr/bin/env bash
# Checks shell scripts by .shellcheckrc. $1: source tree.
set -euo pipefail
cd "$1"
command -v shellcheck >/dev/null || { echo "[skipped] shellcheck is not installed"; exit 0; }
grep -rlIE '^(#!.*bash|# shellcheck shell=bash)' .ci tests tools | sort | xargs shellcheck
