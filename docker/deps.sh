#!/bin/sh
# Installs those Debian packages that are missing. With nothing missing it calls neither apt nor
# sudo. usage: docker/deps.sh GROUP...  (groups: build run test tidy lint fuzz memcheck faults bench
# peers march contract image imagetest package packagetest)
set -eu

packages_of() {
    case $1 in
    build) echo gcc libc6-dev make pkg-config libmicrohttpd-dev libjansson-dev libpq-dev \
        libgmp-dev libssl-dev libcurl4-openssl-dev ;;
    run)
        echo postgresql-15
        command -v curl > /dev/null || echo curl ;;          # for the line that `make run` prints
    image) echo ca-certificates libmicrohttpd12 libjansson4 libpq5 libgmp10 libssl3 libcurl4 ;;
    imagetest) echo buildah debootstrap postgresql-15 curl ;;
    package) echo dpkg-dev ;;
    packagetest)
        echo postgresql-15 curl systemd python3-yaml
        command -v docker-compose > /dev/null || command -v docker > /dev/null || echo docker-compose ;;
    test) echo check libmpfr-dev libyaml-dev openssl python3 ;;
    tidy) echo binutils shellcheck ;;
    lint) echo clang clang-tidy cppcheck ;;
    fuzz) echo clang libclang-rt-14-dev llvm-14 python3-yaml ;;
    memcheck) echo valgrind ;;
    faults) echo postgresql-15 python3 strace util-linux ;;
    bench) echo wrk python3 ;;
    peers)
        echo golang-go golang-github-jackc-pgx-v4-dev golang-github-shopspring-decimal-dev
        command -v npm > /dev/null || echo nodejs npm ;;
    march) echo faketime python3 ;;
    contract) command -v npm > /dev/null || echo nodejs npm ;;
    *) echo "unknown group: $1" >&2; exit 2 ;;
    esac
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

# Debian makes and starts a cluster of its own as soon as the server is installed, on port 5432.
# Breakwater makes its own and wants nobody's port: a drop-in says so for the time of the
# installation, and createcluster.conf, which may be the user's, is not touched.
dropins=/etc/postgresql-common/createcluster.d
dropin=$dropins/zz-breakwater.conf

forbid_default_cluster() {
    if [ -d $dropins ]; then had_dropins=yes; fi
    trap allow_default_cluster EXIT
    trap 'exit 1' INT TERM
    $as_root mkdir -p $dropins
    echo 'create_main_cluster = false' | $as_root tee $dropin > /dev/null
}

allow_default_cluster() {
    $as_root rm -f $dropin
    [ -n "${had_dropins-}" ] || $as_root rmdir --ignore-fail-on-non-empty $dropins
}

if ! command -v dpkg-query > /dev/null; then
    echo "not a Debian system: what docker/deps.sh lists is taken to be installed" >&2
    exit 0
fi

missing=
for group in "$@"; do
    packages=$(packages_of "$group")
    for package in $packages; do
        is_installed "$package" || missing="$missing $package"
    done
done
[ -n "$missing" ] || exit 0

echo "installing:$missing"
as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo > /dev/null; then
        echo "not root and no sudo: as root, run apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
case $missing in *postgresql-15*) forbid_default_cluster ;; esac
$apt update ||
    echo "apt-get update failed; going on with the lists that are there" >&2
# shellcheck disable=SC2086  # a list of words
$apt install -y --no-install-recommends $missing
