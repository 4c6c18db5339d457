#!/usr/bin/env bash
# Runs the fuzz targets, each for some seconds: scripts/fuzz.sh SECONDS [TARGET...]
#
# Needs a nightly toolchain. The corpus begins with the repository's own files and grows in fuzz/corpus/, which is not
# kept; what is found is written to fuzz/artifacts/. `scripts/fuzz.sh SECONDS TARGET` goes on with one target, and
# `fuzz/target/x86_64-unknown-linux-gnu/release/TARGET FILE` runs one input again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:?"usage: scripts/fuzz.sh SECONDS [TARGET...]"}
shift
targets=("$@")
if ((${#targets[@]} == 0)); then
  targets=(scenario value quiz expression names http)
fi
host=$(rustc +nightly -vV | sed -n 's/^host: //p')

# What cargo-fuzz would say: coverage for libFuzzer, and the address sanitizer.
flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
flags+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
flags+=" -Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address --cfg=fuzzing"
bins=()
for target in "${targets[@]}"; do
  bins+=(--bin "$target")
done
(
  cd fuzz
  # Not --locked: the lock file follows the crates of the main workspace.
  RUSTFLAGS=$flags CARGO_TARGET_DIR=target cargo +nightly build --release --target "$host" "${bins[@]}"
)

python3 fuzz/seeds.py fuzz/corpus
status=0
for target in "${targets[@]}"; do
  echo "--- fuzz $target: $seconds s"
  mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
  dictionary=()
  if [[ -f fuzz/$target.dict ]]; then
    dictionary=("-dict=fuzz/$target.dict")
  fi
  # What one input may take: 10 s, and 2 GiB with the sanitizer's own.
  if ! "fuzz/target/$host/release/$target" "fuzz/corpus/$target" "${dictionary[@]}" \
    -artifact_prefix="fuzz/artifacts/$target/" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -max_len=16384 -print_final_stats=1 -verbosity=0; then
    echo "--- fuzz $target: FAILED, see fuzz/artifacts/$target"
    status=1
  fi
done
exit "$status"
