#!/bin/sh
# Brings what the project needs to a machine that has only Python (3.8 or newer): uv, by pip, into .local/uv;
# Python 3.13, by uv, unless the machine has it; and the locked packages, into .venv. `make` runs it when they changed.
set -eu
cd "$(dirname "$0")/.."

TOOLS=.local/uv
UV_WANTED='uv>=0.9,<1'

fail() {
    printf '\n✗ %s\n  → %s\n' "$1" "$2" >&2
    exit 1
}

# A pyenv shim exists on PATH and fails when the version in .python-version is not installed, so each candidate is run.
find_python() {
    for candidate in python3 python3.13 python /usr/bin/python3 /usr/local/bin/python3 \
        python3.14 python3.12 python3.11 python3.10 python3.9 python3.8; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    fail "No Python 3.8 or newer was found." "Install one, for instance: sudo apt install python3"
}

find_uv() {
    for candidate in "$TOOLS/bin/uv" uv; do
        if "$candidate" --version >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
}

# Debian's python3 comes without pip, and without what `python3 -m venv` needs. A wheel of pip can run itself.
fetch_pip() {
    "$1" - "$2" <<'PYTHON'
import os, re, sys
from urllib.parse import urljoin
from urllib.request import urlopen

index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
page = urlopen(index, timeout=30).read().decode()
wheels = re.findall(r'href="([^"#]*?(pip-[0-9.]+-py3-none-any\.whl))', page)
if sys.version_info < (3, 9):  # the last one for Python 3.8
    wheels = [found for found in wheels if found[1].startswith("pip-25.0.1-")]
link, name = wheels[-1]
path = os.path.join(sys.argv[1], name)
with open(path, "wb") as wheel:
    wheel.write(urlopen(urljoin(index, link), timeout=60).read())
print(path)
PYTHON
}

install_uv() {
    python=$(find_python)
    mkdir -p "$TOOLS"
    if "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m pip install --quiet --target "$TOOLS" --upgrade "$UV_WANTED"
    elif "$python" -m venv "$TOOLS" >/dev/null 2>&1; then
        "$TOOLS/bin/python" -m pip install --quiet "$UV_WANTED"
    else
        pip=$(fetch_pip "$python" "$TOOLS") && "$python" "$pip/pip" install --quiet --target "$TOOLS" "$UV_WANTED"
    fi
}

started=$(date +%s)
export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
if ! [ -x "$TOOLS/bin/uv" ]; then
    printf '  Getting uv, the package manager …\n'
    mkdir -p .local
    install_uv 2>.local/install.log || cat .local/install.log >&2
fi
uv=$(find_uv)
[ -n "$uv" ] || fail "uv could not be installed with pip (its message is above)." \
    "Check the network and pip's configuration, or install uv yourself (https://docs.astral.sh/uv), then repeat."

printf '  Installing Python 3.13 and the locked packages …\n'
# No environment that happens to be active, and no uv setting of this machine but where to get packages from.
unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT
"$uv" sync --frozen --quiet || fail "uv could not install the packages (its message is above)." \
    "Check the network; if Python 3.13 is what is missing, install it yourself. Then repeat the command."
touch .venv/.installed
printf '  Installed in %s s\n' "$(($(date +%s) - started))"
