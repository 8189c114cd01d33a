#!/usr/bin/env bash
# A semicolon in the name of a test: CMake takes it for the end of a list's element, and CTest then looks for two tests that do not
# exist. Long names continue on the next line, so both are searched.
set -euo pipefail
cd "$1"
if grep -rnE --include='*.cpp' --include='*.cu' -A1 'TEST_CASE\($|TEST_CASE\("' tests | grep -E '^[^:]+(:|-)[0-9]+(:|-) *(TEST_CASE\()?"[^"]*;'; then
  echo "^ the name of a test must not contain a semicolon"
  exit 1
fi
