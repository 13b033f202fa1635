# lib_browser.sh: parts of tests/pages/browser in Chromium, on a site that runs; sourced behind lib.sh. The
# screenshots stay in the build folder.
browser=$src/tests/pages/browser

need_browser() {
	CHROMIUM=$(command -v chromium) || skip_all 'chromium is not installed'
	need_node "$browser"
	# what Chromium writes beside its pages goes with the test's folder
	export CHROMIUM TMPDIR=$dir HOME=$dir XDG_CONFIG_HOME=$dir/config XDG_CACHE_HOME=$dir/cache
}

# browse SECONDS SHOTS [PART...]: the parts, all of run.js if none is named. node says what it found as lines of
# TAP without numbers, and "end".
browse() {
	local limit=$1 shots=$build/tests/pages/browser-shots/$2 line
	shift 2
	rm -rf "$shots" && mkdir -p "$shots" || bail "$shots can't be made"
	diag "screenshots: $shots"
	start browser node "$browser/run.js" "$url" "$shots" "$(program gate)" "$dir/gate.conf" "$@"
	wait_until "$limit" ended browser || diag "it takes more than $limit s"
	stop browser
	while IFS= read -r line; do
		case $line in
		'ok - '*) pass "${line#ok - }" ;;
		'not ok - '*) fail "${line#not ok - }" ;;
		'#'*) echo "$line" ;;
		esac
	done <"$dir/log/browser"
	is "$(tail -n 1 "$dir/log/browser")" end 'the browser saw all parts'
	is "$(grep -hE 'level=error' "$dir"/log/* | head -n 3)" '' 'no program met an error'
}
