# Which Debian 12 packages Penstock needs, and how to get those that are missing. Sourced, not run.
# shellcheck shell=bash

# shellcheck disable=SC2034  # used by those who source this
BUILD_PACKAGES=(
  clang-19 cmake ninja-build mold ccache pkg-config
  libboost1.81-dev libcli11-dev libfmt-dev libre2-dev libsimdjson-dev libnghttp2-dev libsqlite3-dev libssl-dev
  libzip-dev zlib1g-dev libjemalloc-dev bubblewrap
)
# shellcheck disable=SC2034  # what the example's function runs with
FUNCTION_PACKAGES=(python3 python3-boto3)
# shellcheck disable=SC2034
TEST_PACKAGES=(
  libclang-rt-19-dev llvm-19 libgtest-dev libgmock-dev
  python3 python3-boto3 python3-prometheus-client python3-pytest python3-pytest-xdist awscli curl mosquitto mosquitto-clients openssl
)
# Debian's, unless there are others on the PATH already: another nodejs and Debian's npm cannot be installed together.
command -v node >/dev/null && command -v npm >/dev/null || TEST_PACKAGES+=(nodejs npm)
# shellcheck disable=SC2034
STYLE_PACKAGES=(clang-format-19 clang-tidy-19 shellcheck git)
# shellcheck disable=SC2034
BENCH_PACKAGES=(libbenchmark-dev mosquitto nats-server python3 python3-boto3)

# need_packages NAME... : installs what is missing, and says which.
need_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return 0
  local as_root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "Penstock needs these Debian packages: ${missing[*]}" >&2
      echo "Run this as root, or install sudo." >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  # /dev/null: nothing here may wait for an answer.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    </dev/null >/tmp/penstock-apt.$$.log 2>&1 || {
    tail -n 20 "/tmp/penstock-apt.$$.log" >&2
    return 1
  }
  rm -f "/tmp/penstock-apt.$$.log"
}

# build_preset PRESET [TARGET...] : configures if needed, builds quietly, shows the log when that fails. One at a time for
# each preset; another waits.
build_preset() {
  local preset=$1 log
  shift
  log=build/$preset.log
  mkdir -p build
  echo "Building $preset ..."
  (
    flock 9
    { cmake --preset "$preset" && cmake --build "build/$preset" ${1:+--target "$@"}; } 9>&-
  ) >"$log" 2>&1 9>"build/$preset.lock" || {
    grep -E 'error|FAILED|Error' "$log" | head -n 40 >&2
    tail -n 20 "$log" >&2
    echo "Building $preset failed; all of it is in $log" >&2
    return 1
  }
}
