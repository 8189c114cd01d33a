# shellcheck shell=bash
# Sourced by the programs of tools/ that build or install something.

# Installs the Debian packages that building Antipode needs, and those named as arguments, if any is missing.
install_packages() {
  local packages=(g++ cmake ninja-build libdnnl-dev ocl-icd-opencl-dev libfmt-dev doctest-dev libcli11-dev
    libtomlplusplus-dev nlohmann-json3-dev libeigen3-dev libpng-dev libjpeg62-turbo-dev zlib1g-dev libzstd-dev
    libssl-dev libprotobuf-dev protobuf-compiler libopenmpi-dev openmpi-bin "$@")
  local missing=() as_root=() package
  for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return

  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These Debian packages are missing, and installing them needs root. Run this as root, then try again:" >&2
      echo "    apt-get install ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "Installing Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Prints the path of nvcc of a CUDA toolkit of release 13 or later, or nothing if there is none.
cuda_compiler() {
  local nvcc release
  for nvcc in "${CUDACXX:-}" "${CUDA_PATH:+$CUDA_PATH/bin/nvcc}" "$(command -v nvcc)" /usr/local/cuda/bin/nvcc; do
    [ -x "$nvcc" ] || continue
    release=$("$nvcc" --version | sed -nE 's/.*release ([0-9]+).*/\1/p')
    if [ "$release" -ge 13 ]; then
      echo "$nvcc"
      return
    fi
  done
}

# cudnn-frontend consists of headers and is distributed as a Python package: it is installed into a private environment, .venv.
install_cudnn_frontend() {
  compgen -G '.venv/lib/python3*/site-packages/include/cudnn_frontend.h' >/dev/null && return
  install_packages python3-venv
  echo "Installing cudnn-frontend's headers into .venv"
  python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check --no-deps 'nvidia-cudnn-frontend<2'
}
