#!/bin/bash
# test_guard_traefik.sh: a site guarded behind Traefik, with the very files of conf/, by the server of
# gate_guard_forward.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/guard/lib_guard.sh"
. "$src/tests/guard/lib_forward.sh"
tool=$("$src/tests/tool" traefik) || skip_all 'there is no Traefik: tests/tool traefik --install brings one'

open_site trusted_proxies=127.0.0.1
start_forward
port=$(free_port)
url=http://127.0.0.1:$port
# three more places, each like that of the group
more() { # LINES: as sed has them
	for name in wrong cors polled; do
		sed -n "$1" "$src/conf/traefik_guard.yaml" | sed "s/staff/$name/"
	done
}
{
	sed '/^    gate-unnamed:/,$d' "$src/conf/traefik_guard.yaml"
	more '/^    gate-staff:/,/^        middlewares/p'
	more '/^    gate-ask-staff:/,/^        address/p'
	sed -n '/^    gate-unnamed:/,/^  services:/p' "$src/conf/traefik_guard.yaml" | sed '$d'
	more '/^    staff:/,/^      service/p'
	sed -n '/^  services:/,$p' "$src/conf/traefik_guard.yaml"
} | with_addresses >"$dir/site.yaml"
start traefik "$tool/traefik" --entrypoints.web.address="127.0.0.1:$port" --providers.file.filename="$dir/site.yaml" \
	--global.checknewversion=false --global.sendanonymoususage=false
answers() { [ "$(curl -s -o "$dir/answer" -w '%{http_code}' "$url/login")" = 200 ]; }
wait_until 20 answers || bail 'Traefik does not start'

cannot[caches]='Traefik can not say what caches may do only where the site does not'
cannot[renewal]='Traefik would send the cookie without its Cache-Control'
try_site

# ---- what is Traefik's own
log_in alice "$password"
get /private/report "${navigate[@]}"
is "$(header Cache-Control)" '' 'what caches may do with a guarded page is what the site says'
get /app/cached
is "$(header Cache-Control)" max-age=60 '  and that alone'
try_late_cookie
try_foreign_proxy
done_testing
