# Sourced by the scripts that must run on a machine with nothing but a compiler and Python:
#   need_packages PACKAGE...                installs the Debian packages that are missing, if any
#   zig_compiler FOLDER PYTHON TRIPLET      makes FOLDER/cc and FOLDER/ar, by the ziglang package of an interpreter
# shellcheck shell=bash

# What compiling the library, the command and the tests takes.
build_packages=(ccache gcc libc6-dev pkg-config meson ninja-build libzstd-dev libxxhash-dev zlib1g-dev
    libutf8proc-dev liblzma-dev libbz2-dev check)
# And the Python package.
python_packages=(python3-venv python3-dev)

need_packages()
{
    local package missing=()
    if ! command -v dpkg-query >/dev/null 2>&1; then
        echo "this is no Debian system: these must be present already: $*" >&2
        return 0
    fi
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            echo "please install, as root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        root=(sudo)
    fi
    echo "installing ${missing[*]}" >&2
    root+=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0)
    # The package lists of a fresh machine may be absent or old: fetch them, once, if it fails.
    "${root[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 </dev/null && return 0
    "${root[@]}" update >/dev/null </dev/null &&
        "${root[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null </dev/null
}

zig_compiler()
{
    printf '#!/bin/sh\nexec %s -m ziglang cc -target %s "$@"\n' "$2" "$3" >"$1/cc"
    printf '#!/bin/sh\nexec %s -m ziglang ar "$@"\n' "$2" >"$1/ar"
    chmod +x "$1/cc" "$1/ar"
}
