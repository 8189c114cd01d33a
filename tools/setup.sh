# Sourced by tools/demo and tools/test.

# Installs the Debian packages that building Antipode needs, and those named as arguments, if any is missing.
install_packages() {
  local packages=(g++ cmake ninja-build libdnnl-dev ocl-icd-opencl-dev libfmt-dev doctest-dev libcli11-dev
    libtomlplusplus-dev nlohmann-json3-dev libpng-dev zlib1g-dev libssl-dev "$@")
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
