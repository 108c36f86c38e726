#!/bin/bash
# Makes a Debian package of a build: BUILD/breakwater_VERSION_ARCH.deb. What it depends on is read off
# the program. usage: docker/package.sh BUILD
set -euo pipefail
cd "$(dirname "$0")/.."
docker/deps.sh package

build=$1
root=$build/package
version=$("$build/breakwater" version | cut -d ' ' -f 2)
architecture=$(dpkg --print-architecture)

rm -rf "$root"
make --no-print-directory install BUILD="$build" DESTDIR="$root" PREFIX=/usr > /dev/null
strip "$root/usr/bin/breakwater"
mkdir -p "$root/DEBIAN" "$root/debian"
touch "$root/debian/control"
depends=$(cd "$root" && dpkg-shlibdeps -O usr/bin/breakwater 2> /dev/null | sed 's/^shlibs:Depends=//')
rm -r "$root/debian"

cat > "$root/DEBIAN/control" << CONTROL
Package: breakwater
Version: $version
Architecture: $architecture
Maintainer: Breakwater <breakwater@localhost>
Depends: $depends, ca-certificates
Recommends: postgresql-15
Section: net
Priority: optional
Description: what forced liquidation would cost, and the way back
 An HTTP service that takes a position and market depth and returns liquidation
 penalties, liquidation prices and suggestions for the time before, and keeps a
 log of every decision in PostgreSQL that anyone can verify.
CONTROL
cat > "$root/DEBIAN/postinst" << 'POSTINST'
#!/bin/sh
set -e
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable breakwater.service
    systemctl try-restart breakwater.service
fi
POSTINST
cat > "$root/DEBIAN/prerm" << 'PRERM'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl disable --now breakwater.service
fi
PRERM
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm"
dpkg-deb --root-owner-group --build "$root" "$build/breakwater_${version}_$architecture.deb"
rm -r "$root"
