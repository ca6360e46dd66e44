#!/usr/bin/env bash
# All that is to be known of a GPU, in one command of at most eight minutes that needs no network:
#
#     benchmarks/gpu.sh [--data FOLDER] [--output FOLDER] [--simulate]
#
# It prints the versions that it finds, and goes on with these; nothing is installed. Packages that were carried along are
# found by PYTHONPATH=THEIR_FOLDER. FOLDER of --data has `cifar10` as the
# published binary files. What is found is written as it is found: OUTPUT/gpu.jsonl, a line each, and OUTPUT/gpu.log.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
exec "${PYTHON:-python3}" benchmarks/gpu.py "$@"
