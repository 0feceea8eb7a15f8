#!/bin/sh
# Writes requirements/*.txt from pyproject.toml: exact versions and sha256 for Python 3.11 and newer on Linux and macOS.
# Versions stay as they are where they still fit; `make lock ARGS=--upgrade` takes the newest.
set -eu
cd "$(dirname "$0")/.."

PATH="$PATH:.venv/bin"
if ! command -v uv >/dev/null; then
    printf '%s\n%s\n' "The lock files are written by uv, and there is none on the PATH." \
        "Install it into .venv (.venv/bin/python -m pip install uv) and run make lock again." >&2
    exit 2
fi

# lock FILE ARGUMENT...: no header, annotation or index line, so that the files say versions and hashes alone.
lock() {
    file=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
        --no-header pyproject.toml --extra simulate --group build "$@" --output-file "$file" >/dev/null
}

lock requirements/dev.txt --group test --group static "$@"
lock requirements/demo.txt --constraint requirements/dev.txt
