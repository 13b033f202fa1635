# lib_apache.sh: a private Apache in front of responders; sourced behind lib.sh.
apache=$(PATH=$PATH:/usr/sbin command -v apache2) || apache=

# start_apache URL [MODULE...]: with the directives at stdin; it may open the sockets in $dir/run, and answers
# URL by 200 when this returns.
start_apache() {
	local url=$1 module
	shift
	chmod 711 "$dir" "$dir/run"
	find "$dir/run" -name '*.sock' -exec chmod 666 {} +
	{
		for module in mpm_event authz_core proxy proxy_fcgi "$@"; do
			echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
		done
		# root's children become somebody else
		[ "$(id -u)" != 0 ] || printf 'User #65534\nGroup #65534\n'
		printf '%s\n' "ServerRoot $dir" 'ServerName localhost' "PidFile $dir/run/apache.pid" \
			"ErrorLog $dir/log/apache-errors" "DefaultRuntimeDir $dir/run"
		cat
	} >"$dir/apache.conf"
	start apache "$apache" -f "$dir/apache.conf" -DFOREGROUND
	wait_until 10 curl -sf -o "$dir/apache.answer" "$url" || bail 'Apache does not start'
}
