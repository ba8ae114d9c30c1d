#!/bin/sh
# Make a virtual environment with a Python that the packages have wheels for: tools/venv.sh FOLDER [PYTHON]
# Without PYTHON, the first of python3, python3.12 and python3.11 that suits makes it, else one that uv fetches into .uv.
# An environment whose Python suits is left as it is.
set -eu
folder=$1 chosen=${2:-}
here=$(dirname "$0")
uv_folder=$(cd "$here/.." && pwd)/.uv

# It has to run (a shim of pyenv need not), be 3.11 or 3.12 with 64 bits, and be able to make environments with pip.
suits() {
    "$1" -c 'import sys, venv, ensurepip
sys.exit(sys.version_info[:2] not in {(3, 11), (3, 12)} or sys.maxsize < 2**32)' 2>/dev/null
}

version() {
    "$1" -c 'import sys; print("Python", ".".join(map(str, sys.version_info[:2])))' 2>/dev/null || echo "no Python that runs"
}

# Print the path of a Python that uv has fetched; uv is that of the PATH, else it comes from PyPI, checked by its hash.
fetch() {
    if ! command -v uv >/dev/null; then
        PATH=$uv_folder/bin:$PATH
        export UV_PYTHON_INSTALL_DIR="$uv_folder/python"
        [ -x "$uv_folder/bin/uv" ] || python3 -m pip install --quiet --disable-pip-version-check --require-hashes \
            --only-binary :all: --target "$uv_folder" -r "$here/uv.txt" || return
    fi
    export UV_PYTHON_PREFERENCE=only-managed UV_PYTHON_INSTALL_BIN=0
    uv python install --no-progress 3.12 && uv python find 3.12
}

refuse() {
    echo "$1" >&2
    exit 1
}

if [ -n "$chosen" ] && ! suits "$chosen"; then
    refuse "PYTHON=$chosen is $(version "$chosen"); it has to be Python 3.11 or 3.12, 64 bit, with venv and pip"
fi
if suits "$folder/bin/python"; then
    exit
fi
for python in ${chosen:-python3 python3.12 python3.11}; do
    if suits "$python"; then
        exec "$python" -m venv --clear "$folder"
    fi
done
echo "python3 is $(version python3), the packages need 3.11 or 3.12: asking uv for one" >&2
if said=$(fetch 2>&1); then
    exec "$(echo "$said" | tail -n 1)" -m venv --clear "$folder"
fi
cause=$(echo "$said" | grep -iE 'error|no module|not found' | head -n 1)
refuse "install Python 3.12 with venv and pip, or uv (https://docs.astral.sh/uv), and run this again; $cause"
