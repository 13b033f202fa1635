#!/bin/bash
# newer_mongoc.sh [SUITE [FOLDER]]: builds gate in a chroot of a newer Debian (trixie: libmongoc
# 1.30; sid: 2.x) and runs the MongoDB store's tests there, on a server of this system. Needs root and
# the network; installs debootstrap if it is not there; no part of `make check`. The chroot stays in
# FOLDER for another run.
set -eu

src=$(cd "$(dirname "$0")/.." && pwd)
suite=${1:-trixie}
root=${2:-${XDG_CACHE_HOME:-$HOME/.cache}/gate/chroot-$suite}
packages=gcc,make,pkgconf,autoconf,automake,libtool,libc6-dev,libfcgi-dev,libjansson-dev,libssl-dev
packages+=,libcrypt-dev
tests='server/test_mongodb server/test_mongodb_hostile server/test_resolve user/test_user_mongodb'
tests+=' store/mongodb/test_store_mongodb store/mongodb/test_store_mongodb_sweep'
tests+=' store/mongodb/test_store_mongodb_types store/test_store store/test_store_user'

[ "$(id -u)" = 0 ] || { echo "${0##*/}: needs root" >&2; exit 1; }
if ! command -v debootstrap >/dev/null; then
	apt-get -q update
	DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install debootstrap
fi
# Debian's packages come from where this system has its own, or from debootstrap's mirror.
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
	grep -E '/debian/?$' | sort -u | head -n 1)} || mirror=

inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }

if [ ! -e "$root/made" ]; then
	rm -rf "$root"
	mkdir -p "$root"
	debootstrap --variant=minbase --include="$packages" "$suite" "$root" ${mirror:+"$mirror"}
	echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/99old"
	inside apt-get -q update
	inside apt-get -q -y --no-install-recommends install libmongoc-dev
	touch "$root/made"
fi

# the sources alone, configured there
rm -rf "$root/gate"
mkdir -p "$root/gate"
(cd "$src" && git ls-files -z | xargs -0 tar -cf - 2>/dev/null) | tar -xf - -C "$root/gate"
inside sh -c 'cd /gate && ./autogen.sh && mkdir build && cd build &&
	../configure -q CFLAGS="-O1 -g -Werror"' >"$root/configure.log" 2>&1 ||
	{ tail -n 20 "$root/configure.log"; exit 1; }
inside sh -c 'pkg-config --modversion mongoc2 2>/dev/null || pkg-config --modversion libmongoc-1.0'
inside make -s -C /gate/build -j"$(nproc)" libgate_core.la
for name in $tests; do inside make -s -C /gate/build "tests/$name"; done

# what starts a server itself needs one in the chroot: that test skips there
status=0
uri=$("$src/tests/mongodb-server" --parent $$)
for name in $tests; do
	inside sh -c "mkdir -p /dev/shm && cd /gate/build && TEST_MONGODB_URI='$uri' \
		top_srcdir=/gate tests/$name" >"$root/${name##*/}.log" 2>&1 || status=1
	echo "$name: $(grep -c '^ok' "$root/${name##*/}.log") passed, $(grep -c '^not ok' "$root/${name##*/}.log") failed"
	grep '^not ok' "$root/${name##*/}.log" || true
done
exit $status
