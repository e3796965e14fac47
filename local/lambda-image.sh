#!/usr/bin/env bash
# Stands in for AWS's Lambda image of the template's Python, so that `sam local` runs on a machine
# that reaches no container registry.
#
#   local/lambda-image.sh check    tell whether Docker answers or could be started; changes nothing
#   local/lambda-image.sh start    see to it that Docker answers: as root, start dockerd
#   local/lambda-image.sh build    make the image, unless one just like it is there
#   local/lambda-image.sh stop     stop the dockerd that `start` started, and no other
#
# Exit status 69 says, with the reason on standard error, that Docker cannot be had here; any other
# but 0 that something failed which should not.
#
# The image is this machine's own CPython (the one that `sam build` needs anyway) with AWS's client
# of the runtime from PyPI and the runtime interface emulator that SAM CLI brings, under the names
# that SAM CLI looks for. It has no boto3: functions bring theirs, and what a layer lacks is missed.
# It is not AWS's image: it has this machine's C library and a dozen shell tools, and handlers run
# as root. Never push it. An image that was pulled from AWS is left alone, and used.
#
# Environment:
#   INSTALL_DOCKER=1   let `start` install Debian's docker.io where there is none
#   PYTHON             the interpreter to copy; default: pyenv's, then pythonX.Y on PATH
#   DOCKER_DATA        where a dockerd started here keeps its data
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SCRIPT=$ROOT/local/lambda-image.sh
REQUIREMENTS=$ROOT/requirements/lambda_image.txt
STATE=$ROOT/.local/docker
DOCKER_DATA=${DOCKER_DATA:-/var/lib/docker}
REPOSITORY=public.ecr.aws/lambda/python
LABEL=built-from
UNAVAILABLE=69

log() { echo "lambda-image.sh: $*" >&2; }
fail() { log "$*"; exit 1; }
give_up() { log "$*"; exit $UNAVAILABLE; }

# --- Docker ------------------------------------------------------------------

answers() { timeout 20 docker info >/dev/null 2>&1; }

has_docker() { command -v dockerd >/dev/null && command -v docker >/dev/null; }

may_install() { [ "${INSTALL_DOCKER:-}" = 1 ] && command -v apt-get >/dev/null; }

require_startable() {
    [ "$(uname -s)" = Linux ] || give_up "Docker does not answer, and can be started from here on Linux only"
    [ "$(id -u)" -eq 0 ] || give_up "Docker does not answer, and only root can start it"
    has_docker || may_install ||
        give_up "Docker is not installed (INSTALL_DOCKER=1 installs Debian's docker.io)"
}

check() {
    if answers; then
        log "Docker answers"
    else
        require_startable
        log "Docker does not answer yet; \`start\` would start it"
    fi
}

start() {
    ! answers || return 0
    require_startable
    has_docker || install_docker
    mount_cgroups || give_up "control groups cannot be mounted here"
    mkdir -p "$DOCKER_DATA" "$STATE"
    # vfs works where overlay2 does not, but copies the whole image for each container.
    start_dockerd overlay2 || start_dockerd vfs ||
        give_up "dockerd does not start here: $(tail -n 1 "$STATE/dockerd.log")"
}

install_docker() {
    log "installing docker.io"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get -qq update && apt-get -qq install --no-install-recommends docker.io iptables; } >&2 ||
        give_up "docker.io cannot be installed"
}

mount_cgroups() { # needed where no init system has done it
    ! mountpoint -q /sys/fs/cgroup || return 0
    if ! awk '!/^#/ && $2 > 0 {found = 1} END {exit !found}' /proc/cgroups; then
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        return
    fi
    mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup || return
    local name
    awk '!/^#/ && $4 == 1 {print $1}' /proc/cgroups | while read -r name; do
        mkdir "/sys/fs/cgroup/$name"
        mount -t cgroup -o "$name" cgroup "/sys/fs/cgroup/$name" || rmdir "/sys/fs/cgroup/$name"
    done
}

start_dockerd() { # STORAGE_DRIVER
    log "starting dockerd with $1; its data is in $DOCKER_DATA"
    setsid dockerd --storage-driver="$1" --data-root="$DOCKER_DATA" --pidfile="$STATE/dockerd.pid" \
        >"$STATE/dockerd.log" 2>&1 </dev/null &
    local pid=$!
    for _ in $(seq 150); do
        ! answers || return 0
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.2
    done
    kill "$pid"
    return 1
}

stop() {
    local pid
    pid=$(cat "$STATE/dockerd.pid" 2>/dev/null) || return 0
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || return 0
    log "stopping the dockerd that was started here"
    kill "$pid"
    for _ in $(seq 150); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.2
    done
    fail "dockerd ($pid) does not end"
}

# --- What goes into the image --------------------------------------------------

find_python() { # VERSION
    local python
    for python in "${PYTHON:-}" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1"*/bin/"python$1" \
        "$(command -v "python$1" || true)"; do
        if [ -x "$python" ] &&
            "$python" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    fail "no python$1 found; install it or set PYTHON"
}

find_emulator() { # ARCHITECTURE
    local found
    found=$(find "$ROOT/.venv-sam/" -path "*/samcli/local/rapid/aws-lambda-rie-$1" -print -quit 2>/dev/null)
    [ -n "$found" ] || fail "SAM CLI is not in .venv-sam: make sam-packages"
    echo "$found"
}

make_skeleton() { # FOLDER
    local folder=$1 tool
    mkdir -p "$folder"/usr/{bin,lib,lib64,share} "$folder"/{etc/ssl/certs,proc,sys,dev,root,opt} \
        "$folder"/var/{task,runtime,rapid,lang/bin,lang/lib}
    mkdir -m 1777 "$folder/tmp"
    ln -s usr/bin usr/lib usr/lib64 "$folder"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$folder/etc/passwd"
    echo 'root:x:0:' >"$folder/etc/group"
    echo 'hosts: files dns' >"$folder/etc/nsswitch.conf"
    echo /var/lang/lib >"$folder/etc/ld.so.conf"
    cp /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/" 2>/dev/null || true
    if [ -d /usr/share/zoneinfo ]; then
        tar -C /usr/share --exclude=posix --exclude=right -cf - zoneinfo | tar -C "$folder/usr/share" -xf -
        ln -s /usr/share/zoneinfo/UTC "$folder/etc/localtime"
    fi
    # SAM CLI adds layers to the image by means of sh, mv, chmod, cp and rm.
    for tool in sh mv chmod cp rm mkdir ln ls cat env; do
        cp -L "$(PATH=/usr/bin:/bin command -v "$tool")" "$folder/usr/bin/$tool"
    done
}

copy_python() { # PYTHON VERSION FOLDER
    local lang=$3/var/lang executable stdlib library cafile
    {
        read -r executable
        read -r stdlib
        read -r library
        read -r cafile
    } < <("$1" -c '
import os, ssl, sys, sysconfig
get = sysconfig.get_config_var
print(os.path.realpath(sys.executable))
print(sysconfig.get_path("stdlib"))
print(os.path.join(get("LIBDIR"), get("INSTSONAME")) if get("Py_ENABLE_SHARED") else "")
print(ssl.get_default_verify_paths().openssl_cafile)')
    cp "$executable" "$lang/bin/python$2"
    ln -s "python$2" "$lang/bin/python3"
    ln -s "python$2" "$lang/bin/python"
    [ ! -f "$library" ] || cp -L "$library" "$lang/lib/"
    mkdir -p "$lang/lib/python$2/site-packages" "$3${cafile%/*}"
    ln -sf /etc/ssl/certs/ca-certificates.crt "$3$cafile"
    tar -C "$stdlib" -cf - --exclude={__pycache__,site-packages,dist-packages,test,tests,ensurepip} \
        --exclude={idlelib,tkinter,turtledemo,turtle.py,lib2to3,pydoc_data} \
        --exclude={'config-*','_tkinter*','_test*.so','_ctypes_test*','*.a'} . |
        tar -C "$lang/lib/python$2" -xf -
}

copy_runtime() { # PYTHON VERSION FOLDER
    local runtime=$3/var/runtime
    "$1" -m pip install --quiet --no-compile --only-binary=:all: --no-deps --require-hashes \
        --root-user-action=ignore --disable-pip-version-check --target "$runtime" -r "$REQUIREMENTS"
    cat >"$runtime/bootstrap" <<END
#!/bin/sh
export AWS_EXECUTION_ENV=AWS_Lambda_python$2
export PYTHONPATH=/opt/python/lib/python$2/site-packages:/opt/python:/var/runtime\${PYTHONPATH:+:\$PYTHONPATH}
exec \$AWS_LAMBDA_EXEC_WRAPPER /var/lang/bin/python$2 -m awslambdaric "\$_HANDLER"
END
    chmod 755 "$runtime/bootstrap"
}

copy_libraries() { # FOLDER: every shared library that anything in it needs
    local file target
    {
        find "$1" -type f \( -name '*.so*' -o -perm -u+x \) -exec ldd {} + 2>/dev/null |
            awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\/.*ld-linux/ {print $1}' || true
        # Wheels written in C++ or Rust expect these.
        ldconfig -p | awk '$1 ~ /^lib(stdc\+\+|gcc_s)\.so\./ {print $NF}'
    } | sort -u | while read -r file; do
        case $file in
            "$1"/*) continue ;;
            /lib*/* | /usr/lib*/*) target=$1$file ;;
            *) target=$1/var/lang/lib/${file##*/} ;;
        esac
        [ -e "$target" ] || { mkdir -p "${target%/*}" && cp -L "$file" "$target"; }
    done
    ldconfig -r "$1"
}

shrink() { # PYTHON FOLDER
    if command -v strip >/dev/null; then
        find "$2/var" -name '*.so*' -type f -exec strip --strip-unneeded {} + 2>/dev/null || true
    fi
    # Each container starts with a fresh file system: byte code that needs no check saves time.
    "$1" -m compileall -q -j 0 -s "$2" -p / --invalidation-mode unchecked-hash \
        "$2/var/lang/lib" "$2/var/runtime" >/dev/null || true
}

# --- Image -------------------------------------------------------------------

build() {
    local version architecture python emulator origin image found
    version=$(sed -n 's/^ *Runtime: python\(3\.[0-9]*\)$/\1/p' "$ROOT/template.yaml" | head -n 1)
    case $(uname -m) in
        x86_64) architecture=x86_64 ;;
        aarch64 | arm64) architecture=arm64 ;;
        *) fail "unsupported machine: $(uname -m)" ;;
    esac
    python=$(find_python "$version")
    emulator=$(find_emulator "$architecture")
    origin=$({
        cat "$SCRIPT" "$REQUIREMENTS"
        "$python" -VV
        sha256sum <"$emulator"
    } | sha256sum | cut -c 1-16)
    image=$REPOSITORY:$version-$architecture
    if found=$(docker image inspect -f "{{index .Config.Labels \"$LABEL\"}}" "$image" 2>/dev/null); then
        [ -n "$found" ] || { log "$image was pulled, and is used"; return; }
        [ "$found" != "$origin" ] || { log "$image is there"; return; }
    fi
    assemble "$version" "$python" "$emulator"
    import "$image" "$origin"
    docker tag "$image" "$REPOSITORY:$version-rapid-$architecture" # for functions without layers
    log "made $image, $(docker image inspect -f '{{.Size}}' "$image" | awk '{printf "%.0f MB", $1 / 1e6}')"
}

assemble() { # VERSION PYTHON EMULATOR: fills $FOLDER
    log "making the image of Python $1 from $2"
    FOLDER=$(mktemp -d)
    trap 'rm -rf "$FOLDER"' EXIT
    chmod 755 "$FOLDER"
    make_skeleton "$FOLDER"
    copy_python "$2" "$1" "$FOLDER"
    copy_runtime "$2" "$1" "$FOLDER"
    install -m 755 "$3" "$FOLDER/var/rapid/aws-lambda-rie"
    copy_libraries "$FOLDER"
    shrink "$2" "$FOLDER"
}

import() { # IMAGE ORIGIN
    tar -C "$FOLDER" --owner=0 --group=0 --numeric-owner -cf - . | docker import \
        -c "LABEL $LABEL=$2" \
        -c 'ENV LANG=en_US.UTF-8 TZ=:/etc/localtime LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime' \
        -c 'ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin' \
        -c 'ENV LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib' \
        -c 'WORKDIR /var/task' - "$1" >/dev/null
}

case ${1:-} in
    check | start | build | stop) "$1" ;;
    *) fail "usage: local/lambda-image.sh check|start|build|stop" ;;
esac
