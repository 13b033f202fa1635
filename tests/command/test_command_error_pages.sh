#!/bin/bash
# test_command_error_pages.sh: `gate error-pages`: the pages that a web server shows for its own errors.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

gate=$(program gate)
[ -x "$gate" ] || bail "$gate was not built"
unset "${!GATE_@}"
cd "$dir" || exit 1
umask 077
make_conf secret_file= # as it needs none

makes() { # ARGUMENT...: leaves $out, $err and $code
	code=0
	"$gate" error-pages "$@" --config gate.conf >"$dir/out" 2>"$dir/err" </dev/null || code=$?
	out=$(<"$dir/out") err=$(<"$dir/err")
}
page() { body=$(<"pages/$1.html"); } # NAME
names='403.html 404.html 413.html 429.html 500.html 502.html 503.html 504.html refused.html'

# ---- the command line
for words in '' '--config gate.conf'; do
	code=0
	"$gate" error-pages $words >"$dir/out" 2>"$dir/err" || code=$?
	is "$code $(head -n 1 err)" '2 gate: gate error-pages needs a folder, before all options' "error-pages $words: usage"
done
makes pages --deadline=never
like "$code $err" '^1 gate: argv: .*deadline' 'an option that is wrong'
makes pages --templates="$dir/nowhere"
like "$code $err" "^1 gate: .*templates.*$dir/nowhere" 'templates that are not there'
makes nowhere/pages
is "$code $err" '1 gate: folder nowhere/pages: No such file or directory' 'a folder in one that is not there'
is "$(ls -d pages nowhere 2>/dev/null)" '' '  nothing of that made anything'

# ---- pages
makes pages
is "$code $out$err" '0 9 pages are in pages' 'a folder of pages'
is "$(ls -A pages | paste -sd' ')" "$names" '  a page for each status'
is "$(stat -c %a pages pages/* | sort -u | paste -sd' ')" '644 755' '  that the web server may read, whatever the umask'
for name in $names; do
	page "${name%.html}"
	like "$(heading), $(sed -n 's/.*>\(Status [0-9]*\)<.*/\1/p' <<<"$body")" '^[A-Z].*, Status [45][0-9][0-9]$' \
		"$name: a heading and the status"
	like "$(text)" '(not for you|no page|Go back|try again|Try again|Wait a little)' '  and what to do'
	unlike "$body" 'nonce|<script|<form|\{\{|style=' '  and nothing that a policy without nonce forbids'
	like "$body" 'prefers-color-scheme:dark' '  in the dark, too'
done
page refused
like "$(text)" 'You are logged in, but this page is not for you\. .*Log in as somebody else' \
	'who may not pass reads why, and can log in anew'

# ---- they are the very pages that a program of gate sends
make_conf
start_responder counter || bail 'no counter'
start_nginx
head -c 70000 /dev/zero | tr '\0' x >large
post /counter --data-binary @large
is "$status" 413 'a page of gate answers 413'
is "$(sed 's/ nonce="[^"]*"//' <<<"$body")" "$(<pages/413.html)" '  with the same page, but for the nonce'

# ---- the site's name, logo, home, mount and templates; made again
make_conf secret_file= site_name='Tools & <Toys>' site_logo=/logo.svg home=/start mount=/auth
before=$(stat -c %i pages/404.html)
makes pages
is "$code" 0 'made again'
page refused
like "$body" '<title>Forbidden · Tools &amp; &lt;Toys&gt;</title>' '  they have the name of the site'
like "$body" '<a class="site" href="/start"><img src="/logo.svg"' '  its logo, and its link home'
like "$body" 'href="/auth/login"' '  and the way to the login'
ok '  each is replaced whole' [ "$(stat -c %i pages/404.html)" != "$before" ]
is "$(ls -A pages | paste -sd' ')" "$names" '  and nothing else is left'
mkdir own
echo '{{status}} {{reason}}: {{text}}' >own/error.html
makes pages --templates="$dir/own"
is "$code $(<pages/404.html)" "0 404 Not Found: There is no page at this address. Look for a typing error in it." \
	'templates of your own'
rm own/error.html
makes pages --templates="$dir/own"
like "$code $err" '^1 gate: .*error\.html' 'templates without error.html: it says so'
is "$(<pages/404.html)" "404 Not Found: There is no page at this address. Look for a typing error in it." \
	'  and the old pages stay'
done_testing
