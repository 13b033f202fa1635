# common.sh: what scripts/demo and scripts/test share; they source it with $root set.

PATH=$PATH:/usr/sbin:/sbin
packages=

say() {
	printf '%s\n' "$*"
}

fail() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# What neither autotools nor make take in a path is refused before anything is installed.
case $root in
*[[:space:]\\\"\'\`\$\&\#\;\|\<\>\(\)\*\?\[\]\{\}\!\%\:]*)
	fail "$root: this path can't be built in; move it to one without spaces and signs like & # \$ :"
	;;
esac

# need PACKAGE COMMAND...: remembers the Debian package unless the command succeeds.
need() {
	package=$1
	shift
	"$@" >/dev/null 2>&1 || packages="$packages $package"
}

need_for_build() {
	need autoconf command -v autoreconf
	need automake command -v automake
	need libtool command -v libtoolize
	need pkg-config command -v pkg-config
	need gcc command -v gcc
	need libc6-dev test -e /usr/include/stdio.h
	need make command -v make
	need libfcgi-dev pkg-config --exists fcgi
	need libjansson-dev pkg-config --exists jansson
	need libssl-dev pkg-config --exists libcrypto
	need libcrypt-dev pkg-config --exists libcrypt
	pkg-config --exists mongoc2 2>/dev/null || need libmongoc-dev pkg-config --exists libmongoc-1.0
	need nginx-light command -v nginx
	need curl command -v curl
}

# Installs what is missing; when nothing is, apt is not asked at all.
install_needed() {
	as_root=

	[ -n "$packages" ] || return 0
	command -v apt-get >/dev/null || fail "please install (Debian's names):$packages"
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || fail "please run as root: apt-get install$packages"
		as_root=sudo
	fi
	say "installing$packages"
	$as_root apt-get -q update
	quietly install_packages
}

install_packages() {
	# shellcheck disable=SC2086 # a list of words
	$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends install $packages
}

# quietly COMMAND: installs packages whose web servers neither start, on port 80 for everybody, nor
# begin with the system: they are here to be started by us.
quietly() {
	status=0 new=
	for server in nginx lighttpd caddy haproxy lemonldap-ng-fastcgi-server; do
		case "$packages " in *" $server "* | *" $server-light "*) new="$new $server" ;; esac
	done
	# shellcheck disable=SC2086 # lists of words
	for server in $new; do
		[ ! -d /run/systemd/system ] || $as_root systemctl -q mask --runtime "$server.service"
	done
	"$@" || status=$?
	for server in $new; do
		if [ -d /run/systemd/system ]; then
			$as_root systemctl -q unmask --runtime "$server.service"
			$as_root systemctl -q disable "$server.service" || :
		else
			$as_root service "$server" stop || :
		fi
		$as_root update-rc.d "$server" disable || :
	done >/dev/null 2>&1
	return "$status"
}

# tool NAME: that of tests/tool comes first in PATH; from PyPI if Debian has none that will do.
tool() {
	if ! folder=$("$root/tests/tool" "$1"); then
		say "installing $1 in ~/.cache/gate"
		folder=$("$root/tests/tool" "$1" --install) || return 0 # its tests say that they skip
	fi
	case :$PATH: in *:$folder:*) ;; *) PATH=$folder:$PATH ;; esac
}

# configured FOLDER ARGUMENT...: makes a build folder; the source folder itself stays clean.
configured() {
	folder=$1
	shift
	if [ -e "$root/config.status" ]; then
		fail "the source folder itself is configured: run 'make distclean' there first"
	fi
	mkdir -p "$folder"
	[ ! -e "$folder/config.status" ] || return 0
	say "configuring ${folder#"$root"/}"
	logged "$folder/configure.log" configure_in "$folder" "$@"
}

configure_in() {
	cd "$1" || return
	shift
	[ -x "$root/configure" ] || "$root/autogen.sh" || return
	"$root/configure" "$@"
}

# made FOLDER ARGUMENT...: make with these arguments in a build folder.
made() {
	folder=$1
	shift
	say "building ${folder#"$root"/}"
	logged "$folder/make.log" make -C "$folder" -j"$(nproc)" "$@"
}

# logged FILE COMMAND...: what it says goes to the file; when it fails, its last lines are shown.
logged() {
	log=$1
	shift
	if ! ("$@") >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		say "failed: $* (all of it in $log)" >&2
		return 1
	fi
}
