#!/bin/bash
# fresh.sh: fresh.sh 12|13 [OPTION...]: README's two commands on a Debian as it is after a minimal
# installation and `apt-get install git`, from a clean clone of what is committed here.
set -eu
export LC_ALL=C

src=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gate

usage() {
	cat <<'END'
usage: tests/fresh.sh 12|13 [OPTION...] [-- COMMAND...]

In a chroot of that Debian, with processes of its own, whose first one reaps no children:
scripts/demo, a look at its page, scripts/demo stop, scripts/test. All pass, nothing is skipped, no
command is "not found", and what is left behind is what README says. As root, in /root.

--twice     each command once more: then nothing is installed, and apt is not asked
--sudo      as a user who may use sudo; at first where the path has a space and an ampersand, which
            is refused
--keep      the chroot stays, and its folder is said
COMMAND...  that instead, in the clone: a shell to look around is `-- bash`

Needs root; installs debootstrap if it is not there. The system as it is before the first command,
and the packages that were fetched, stay in ~/.cache/gate for the next run.
END
}
complain() { echo "fresh.sh: $*" >&2; exit 1; }

suite='' twice='' sudo='' keep=''
while [ $# -gt 0 ]; do
	case $1 in
	12) suite=bookworm ;;
	13) suite=trixie ;;
	--twice) twice=yes ;;
	--sudo) sudo=yes ;;
	--keep) keep=yes ;;
	--) shift && break ;;
	-h | --help) usage; exit ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
[ -n "$suite" ] || { usage >&2; exit 2; }
[ "$(id -u)" = 0 ] || complain 'needs root'

# ---- results
passed=0 failed=0
result() { # STATUS NAME
	local word=ok
	[ "$1" = 0 ] && passed=$((passed + 1)) || { failed=$((failed + 1)) word='FAILED:'; }
	printf '%s %s (at %d min)\n' "$word" "$2" $((SECONDS / 60))
}
is() { # GOT WANTED NAME
	[ "$1" = "$2" ] && { result 0 "$3"; return; }
	result 1 "$3"
	printf '   got: %s\nwanted: %s\n' "$1" "$2"
}

# ---- the system before the first command
# Debian's packages come from where this system has its own.
mirrors() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sort -u; }
make_base() { # a tarball
	local root=$cache/fresh-$suite.new mirror security
	if ! command -v debootstrap >/dev/null; then
		apt-get -q update
		DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install debootstrap
	fi
	mirror=$(mirrors | grep -E '/debian/?$' | head -n 1) || mirror= # debootstrap's own
	security=$(mirrors | grep -E '/debian-security/?$' | head -n 1) || security=
	rm -rf "$root"
	mkdir -p "$root"
	debootstrap --variant=minbase --include=git "$suite" "$root" ${mirror:+"$mirror"}
	[ -z "$security" ] || echo "deb $security $suite-security main" >>"$root/etc/apt/sources.list"
	# a mirror may be older than it says
	apt-config dump | grep -i '^Acquire::Check-Valid-Until ' >"$root/etc/apt/apt.conf.d/90valid" || true
	rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
	tar -C "$root" -cf "$base.new" . && mv "$base.new" "$base"
	rm -rf "$root"
}

# ---- the box: a chroot with mounts and processes of its own, all of them gone with the first process
finish() {
	keep_packages
	[ -z "$first" ] || kill -KILL "$first" 2>/dev/null || true
	wait 2>/dev/null || true
	if [ -n "$keep" ]; then echo "kept: $root"; else rm -rf --one-file-system "$root"; fi
}
keep_packages() { # for the next run; those that are no more to be had go
	local package
	[ -n "$first" ] || return 0
	# without its lists apt calls none to be had
	[ -z "$(find "$root/var/lib/apt/lists" -name '*_Packages*')" ] ||
		as_root apt-get -qq autoclean >/dev/null 2>&1 || true
	mkdir -p "$archives.$$"
	cp "$root"/var/cache/apt/archives/*.deb "$archives.$$/" 2>/dev/null || true
	rm -rf "$archives"
	mv -T "$archives.$$" "$archives" 2>/dev/null || rm -rf "$archives.$$" # another run was faster
}
open_box() {
	local tries
	cp "$archives"/*.deb "$root/var/cache/apt/archives/" 2>/dev/null || true
	# shellcheck disable=SC2016 # for that shell
	unshare --mount --pid --ipc --fork --propagation private sh -ec '
		mount --bind "$1" "$1" # a root that is a mount, as a real one: tests make mounts of their own
		cd "$1"
		mount -t proc proc proc
		mount -t tmpfs -o mode=755 dev dev
		for name in null zero full random urandom tty; do
			: >"dev/$name"
			mount --bind "/dev/$name" "dev/$name"
		done
		mkdir dev/pts dev/shm
		mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
		mount -t tmpfs -o mode=1777 shm dev/shm
		ln -s pts/ptmx dev/ptmx
		ln -s /proc/self/fd dev/fd
		ln -s fd/0 dev/stdin
		ln -s fd/1 dev/stdout
		ln -s fd/2 dev/stderr
		touch ready
		exec sleep 86400' box "$root" </dev/null >/dev/null 2>"$root/box.log" &
	for ((tries = 0; tries < 500; tries++)); do
		[ ! -e "$root/ready" ] || break
		kill -0 $! || complain 'no chroot can be made'
		sleep 0.02
	done
	first=$(pgrep -P $!)
	rm "$root/ready"
}
# What this system says of its registries and proxies, so that they are found in there; no more of it.
hand_in() { # sets given
	local name bundle value
	given=()
	cp /etc/resolv.conf /etc/hosts "$root/etc/"
	for name in http_proxy https_proxy no_proxy PIP_INDEX_URL PIP_EXTRA_INDEX_URL npm_config_registry; do
		[ -z "${!name:-}" ] || given+=("$name=${!name}")
	done
	value=$(pip config get global.index-url 2>/dev/null) && given+=("PIP_INDEX_URL=$value")
	value=$(npm config get registry 2>/dev/null) && given+=("npm_config_registry=$value")
	bundle=${PIP_CERT:-${SSL_CERT_FILE:-${NODE_EXTRA_CA_CERTS:-}}}
	if [ -n "$bundle" ]; then
		cp "$bundle" "$root/usr/local/share/authorities.pem"
		bundle=/usr/local/share/authorities.pem
		given+=("PIP_CERT=$bundle" "NODE_EXTRA_CA_CERTS=$bundle")
	fi
}
in_box() { nsenter -t "$first" -m -p -i chroot "$root" env -i "$@"; }
as_root() { in_box PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; }
# in the clone, as whom it is for
run() {
	local command="cd '$clone' && exec \"\$@\""
	if [ -n "$sudo" ]; then
		in_box PATH=/usr/local/bin:/usr/bin:/bin setpriv --reuid=anna --regid=anna --init-groups \
			env "HOME=$home" USER=anna "${given[@]}" sh -c "$command" sh "$@"
	else
		as_root CI=true "${given[@]}" sh -c "$command" sh "$@"
	fi
}
prepare() {
	home=/root
	if [ -n "$sudo" ]; then
		home=/home/anna
		as_root sh -ec 'apt-get -q update && apt-get -q -y --no-install-recommends install sudo
			useradd --create-home --shell /bin/bash anna
			echo "anna ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/anna' >"$root/prepare.log" 2>&1 ||
			{ tail -n 20 "$root/prepare.log"; complain 'no user with sudo can be made'; }
		rm -rf "$root"/var/lib/apt/lists/*
	fi
	clone=$home/gate
	git clone -q --no-hardlinks "$src" "$root$clone"
	[ -z "$sudo" ] || as_root chown -R anna:anna "$home"
}

# ---- the two commands
said='' may_skip='^$'
[ -z "$sudo" ] || may_skip='only root can'
runs() { # NAME COMMAND...: it succeeds
	local name=$1 status=0 began
	shift
	began=$SECONDS
	run "$@" </dev/null >"$root/said" 2>&1 || status=$?
	said=$(<"$root/said")
	result $status "$name: $((SECONDS - began)) s"
	[ $status = 0 ] || tail -n 200 <<<"$said" | sed 's/^/    /'
	is "$(grep -iE 'not found|no such file' <<<"$said")" '' '  and finds all that it looks for'
	is "$(grep '^SKIP: ' <<<"$said" | grep -vE "$may_skip")" '' '  and skips nothing'
}
untouched() { # since $root/var/tmp/before
	is "$(grep '^installing' <<<"$said")" '' '  and installs nothing'
	is "$(changed)" '' '  nor asks apt'
}
changed() { as_root find /var/lib/apt /var/lib/dpkg /var/log/apt -newer /var/tmp/before -print | sort; }
demo() { # NAME
	local port
	port=$(sed -n 's|^gate answers at http://127.0.0.1:\([0-9]*\)/$|\1|p' <<<"$said")
	is "$(run curl -s "http://127.0.0.1:$port/health")" ok "$1: its page answers"
	is "$(grep -ic 'next:' <<<"$said")" 0 '  it says no next step that it has done itself'
	runs "$1 stop" scripts/demo stop
}
both() { # NAME
	local port=8080
	while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
	runs "$1 scripts/demo" scripts/demo --port "$port"
	[ "$1" = 'the first' ] || untouched
	demo "$1 demo"
	runs "$1 scripts/test" scripts/test
	[ "$1" = 'the first' ] || untouched
	grep -E '^[0-9]+ passed, [0-9]+ failed' <<<"$said" || true
}
refused() { # where the path is one that can't be built in
	local elsewhere='work & play' status=0
	as_root touch /var/tmp/before
	mv "$root$clone" "$root$home/$elsewhere"
	said=$(clone=$home/$elsewhere run scripts/demo 2>&1) || status=$?
	mv "$root$home/$elsewhere" "$root$clone"
	is "$status $(grep -c "path can't be built in" <<<"$said")" '1 1' 'a path that will not do is refused'
	untouched
}
# systemd, which comes along with Chromium, makes root a .ssh
at_home() { (cd "$root$home" && find . -maxdepth 2 ! -path './gate/*' ! -path ./.ssh | sort); }
leaves() { # what README says, and nothing else
	is "$(run git status --porcelain --ignored | sort | paste -sd' ')" "$left_in_source" \
		'what is left in the source folder is what README says'
	is "$(at_home | grep -vxF "$home_before" | paste -sd' ')" './.cache ./.cache/gate' \
		'  and so it is in the home folder'
	echo "in .cache/gate: $(cd "$root$home/.cache/gate" && du -sm -- * | awk '{ print $2 " (" $1 " MB)" }' |
		paste -sd' ')"
}
left_in_source='!! Makefile.in !! aclocal.m4 !! autom4te.cache/ !! build-aux/ !! build-clang/ !! build-gcc/ !! build/ !! config.h.in !! configure !! demo/'

base=$cache/fresh-$suite.tar archives=$cache/fresh-$suite-archives first=''
mkdir -p "$cache"
[ -e "$base" ] || make_base
root=$(mktemp -d /var/tmp/gate-fresh.XXXXXX)
trap finish EXIT
trap 'exit 1' INT TERM HUP
chmod 755 "$root"
tar -C "$root" -xpf "$base"
open_box
hand_in
prepare
if [ $# -gt 0 ]; then
	run "$@"
	exit
fi
home_before=$(at_home)
[ -z "$sudo" ] || refused
both 'the first'
if [ -n "$twice" ]; then
	as_root touch /var/tmp/before
	both 'the second'
fi
leaves
echo "$passed passed, $failed failed"
[ $failed = 0 ]
