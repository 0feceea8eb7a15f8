#!/bin/sh
# Makes .venv ready: "install.sh demo" to run the console, "install.sh dev" to test and check it too.
# Everything comes from requirements/*.txt, by version and hash; then the project itself, editable.
# .venv/installed says what was installed, so that a second run costs milliseconds. PYTHON names the Python to use.
set -eu
cd "$(dirname "$0")/.."

set_name=$1
venv_python=.venv/bin/python
stamp=.venv/installed     # line 1: which lock file and where, line 2: which state of the project's own metadata
unfinished=.venv/unfinished # stands while packages are being written: a killed run is not trusted
log=.venv/install.log

# What a developer's shell may carry and pip would obey here too.
unset PYTHONHOME PYTHONPATH PIP_CONSTRAINT PIP_PREFIX PIP_REQUIRE_VIRTUALENV PIP_TARGET
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

fail() { # WHAT REMEDY
    printf '%s\n%s\n' "$1" "$2" >&2
    exit 2
}

again() { # the command to type
    if [ "$set_name" = demo ]; then echo "make demo"; else echo "make test"; fi
}

locked_key() { # SET: scripts in .venv hold its absolute path, so a moved folder is another installation
    echo "$1 $(cksum <"requirements/$1.txt") $(pwd -P)"
}

project_key() {
    cat pyproject.toml hatch_build.py omconsole/__init__.py omconsole/locale/*/LC_MESSAGES/*.po 2>/dev/null | cksum
}

locked_is_current() { # dev holds everything of demo
    [ -f "$stamp" ] || return 1
    done_key=$(sed -n 1p "$stamp")
    [ "$done_key" = "$(locked_key dev)" ] || [ "$done_key" = "$(locked_key "$set_name")" ]
}

project_is_current() {
    [ "$(sed -n 2p "$stamp")" = "$(project_key)" ]
}

venv_is_sound() {
    [ -x "$venv_python" ] && [ ! -e "$unfinished" ] && { [ ! -f "$stamp" ] || venv_is_here; }
}

venv_is_here() {
    case $(sed -n 1p "$stamp") in *" $(pwd -P)") return 0 ;; *) return 1 ;; esac
}

venv_is_of_wanted_python() { # only a named PYTHON asks for a certain version
    [ -z "${PYTHON:-}" ] && return 0
    wanted=$("$PYTHON" -c 'import platform; print(platform.python_version())' 2>/dev/null) || return 1
    [ "$wanted" = "$(sed -n 's/^version[_a-z]* *= *//p' .venv/pyvenv.cfg)" ]
}

# Prints a Python's version; exit status 0: usable, 3: too old, 4: cannot make a venv, other: does not run.
probe() {
    "$1" -c '
import sys
print("%d.%d.%d" % sys.version_info[:3])
if sys.version_info < (3, 11):
    sys.exit(3)
try:
    import ensurepip, venv
except ImportError:
    sys.exit(4)
' 2>/dev/null
}

find_python() { # sets python and version
    seen=
    lame=
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3 python3.14 python3.13 python3.12 python3.11 python
    fi
    for python in "$@"; do
        status=0
        version=$(probe "$python") || status=$?
        case $status in
        0) return 0 ;;
        3) seen="${seen:-; $python is $version}" ;;
        4) lame="${lame:-$python ($version)}" ;;
        esac
    done
    if [ -n "$lame" ]; then
        fail "$lame has no venv module with pip, which the set-up needs." \
            "Add it (Debian, Ubuntu: sudo apt install python3-venv), then run $(again) again."
    fi
    if [ -n "${PYTHON:-}" ] && [ -z "$seen" ]; then
        seen="; $PYTHON does not run"
    fi
    fail "omconsole needs Python 3.11 or newer${seen:-, and there is none on the PATH}." \
        "Install one, or name one that is not on the PATH: $(again) PYTHON=/path/to/python3.12"
}

make_venv() {
    find_python
    rm -f "$stamp"
    # pip goes in as a second step, under the mark: a .venv that was interrupted there looks sound.
    if ! { said=$("$python" -m venv --clear --without-pip .venv 2>&1) && : >"$unfinished" &&
        said=$("$venv_python" -m ensurepip --upgrade --default-pip 2>&1); }; then
        fail "$python ($version) could not make .venv: $(echo "$said" | tail -n 1)" \
            "Make the folder $(pwd -P) writable and keep 500 MB free, then run $(again) again."
    fi
}

explain_pip() { # what pip's log says, in two lines
    rm -f "$unfinished"
    if grep -q 'No space left' "$log"; then
        fail "The disk is full." "Keep 500 MB free, then run $(again) again."
    elif grep -q 'DO NOT MATCH THE HASHES' "$log"; then
        fail "The package index gave a file that is not the locked one (see $log)." \
            "Use an index that serves PyPI's files unchanged, then run $(again) again."
    elif grep -q 'from versions: [^n)]' "$log"; then
        fail "The package index has no ready package of a locked version for this Python and system (see $log)." \
            "Use an index with all of PyPI, or another Python: $(again) PYTHON=/path/to/python3.12"
    elif grep -qE 'from versions: none|onnection|timed out|SSLError|ProxyError' "$log"; then
        fail "No package index answered (see $log)." \
            "Go online, or tell pip your proxy or mirror (HTTPS_PROXY, PIP_INDEX_URL), then run $(again) again."
    fi
    fail "Installing failed: $(grep -E 'ERROR|rror:' "$log" | tail -n 1)" \
        "See $log; to start from nothing, remove .venv and run $(again) again."
}

pip_install() {
    "$venv_python" -m pip install --quiet "$@" >"$log" 2>&1 || explain_pip
}

if ! venv_is_sound || ! venv_is_of_wanted_python; then
    make_venv
elif locked_is_current && project_is_current; then
    exit 0
elif ! "$venv_python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    make_venv
fi

if ! locked_is_current; then
    echo "Installing $(grep -c == "requirements/$set_name.txt") packages into .venv, about a minute the first time ..." >&2
    : >"$unfinished"
    rm -f "$stamp"
    pip_install --retries 2 --require-hashes --only-binary :all: -r "requirements/$set_name.txt"
    locked=$(locked_key "$set_name")
else
    locked=$(sed -n 1p "$stamp")
fi
pip_install --no-deps --no-build-isolation -e .
printf '%s\n%s\n' "$locked" "$(project_key)" >"$stamp"
rm -f "$unfinished"
