#!/bin/bash
# test_examples.sh: the worked programs of gate(3), as a stranger builds and runs them: a guestbook with
# options of its own (serve/main.c), and a store in a shared object (store/module.c).
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx

unset "${!GATE_@}"
gate=$(program gate)
book=$dir/book
guestbook=$(program guestbook)
table=$build/tests/examples/.libs/table.so
nginx_server=$(location '= /guestbook' responder no)
cp -r "$src/templates" "$dir/templates"
cp "$src/tests/examples/guestbook.html" "$dir/templates/"

start_guestbook() { # [ARGUMENT...]: behind nginx, in the place of the responder
	: >"$dir/log/responder"
	pages_program=$guestbook
	start responder "$guestbook" --config "$dir/gate.conf" --listen "unix:$dir/run/responder.sock" "$@"
	wait_until 10 accepts_or_ended responder
	ok "the guestbook runs${1:+ with $*}" running responder
}
refuses() { # WHY ARGUMENT...: the guestbook ends at once, and its log says why
	"$guestbook" --config "$dir/gate.conf" "${@:2}" </dev/null >"$dir/log/refused" 2>&1 && return 1
	grep -qF "$1" "$dir/log/refused"
}
lines() { cat "$book" 2>/dev/null | wc -l; }
title() { get /guestbook && heading; }
titled() { [ "$(title)" = "$1" ]; }

# ---- the page
test_page() { # STORE
	new_visitor
	rm -f "$book"
	start_guestbook
	get /guestbook
	is "$(heading)" Guests "$1: its own option has its default"
	is "$(set_cookies)" 0 '  nobody gets a session for looking'
	post /guestbook --data-urlencode 'text=<b>&"ä'
	is "$status $(header Location) $(lines)" '303 /guestbook 1' '  a text is written'
	get /guestbook
	page_says '&lt;b&gt;&amp;&quot;ä .* Texts of yours: 1' '  and shown to who wrote it'
	post /guestbook --data-urlencode 'text=<b>&"ä'
	is "$status $(lines)" '303 1' '  a double click writes it once'
	post /guestbook -d text=second
	post /guestbook --data-urlencode text=
	is "$status" 422 '  an empty one is refused'
	page_says 'Write something, of at most 200 letters' '  by the error page, in the words of the handler'
	is "$(lines)" 2 '  and not written'
	new_visitor
	get /guestbook
	page_says 'second' '  somebody else sees the texts'
	unlike "$(text)" 'Texts of yours' '  and has written none'
	mkdir "$book.d" && mv "$book" "$book.d/" && mkdir "$book"
	post /guestbook -d text=third
	is "$status" 500 '  a book that is no file: 500'
	page_says 'write your text again later' '  and the page says it'
	rmdir "$book" && rm -r "$book.d"
	is "$(grep -c event=responder "$dir/log/responder")" 0 '  no log line of a failure'
	stop responder
}
start_nginx
make_conf templates="$dir/templates" guestbook.file="$book"
test_page files
make_conf templates="$dir/templates" guestbook.file="$book" store=table: store_module="$table" workers=1
test_page table

# ---- its options
make_conf templates="$dir/templates" guestbook.file="$book" guestbook.title='"From the file"' calendar.title=Dates
start_guestbook
is "$(title)" 'From the file' 'gate.conf sets its option, another program has one there, too'
sed -i 's/From the file/Changed/' "$dir/gate.conf"
signal responder HUP
ok 'a reload changes it' wait_until 10 titled Changed
stop responder
export GATE_GUESTBOOK_TITLE='From outside'
start_guestbook
is "$(title)" 'From outside' 'the environment goes before the file'
unlike "$(<"$dir/log/responder")" environment-unknown '  without a warning'
stop responder
start_guestbook --guestbook.title 'From argv'
is "$(title)" 'From argv' 'the command line goes before the environment'
stop responder
unset GATE_GUESTBOOK_TITLE
"$guestbook" --help >"$dir/help"
like "$(<"$dir/help")" '--guestbook\.title +heading of the page \[Guests\]' '--help shows it with its default'
like "$(<"$dir/help")" '--cookie_name ' "  behind gate's"
ok 'a misspelled one on the command line is refused' refuses 'unknown option' --guestbook.titel=x
echo 'guestbook.titel = x' >>"$dir/gate.conf"
ok 'and one in the file' refuses 'unknown option'
ok 'with its line' grep -qE 'gate.conf:[0-9]+: unknown option' "$dir/log/refused"
sed -i '/titel/d' "$dir/gate.conf"
ok 'other programs pass over them' start_responder counter
stop counter

# ---- a program with a store and data of its own
make_conf store=table: workers=1
start responder "$build/tests/helpers/own" --config "$dir/gate.conf" --listen "unix:$dir/run/responder.sock"
wait_until 10 accepts_or_ended responder
new_visitor
get /r/
is "$status $body" '200 data 1' 'a program that links a store of its own uses it, and gets its data'
get /r/
is "$body" 'data 2' '  and its sessions last'
stop responder

# ---- the store, built as gate(3) says
cc=${CC:-cc}
flags="-I$src/lib $(pkg-config --cflags jansson)"
compile() { # SOURCE OBJECT [FLAG...]
	# shellcheck disable=SC2086 # a list
	$cc -shared -fPIC -Wall -Werror $flags "${@:3}" -o "$2" "$1" -L"$build/.libs" -lgate -ljansson
}
ok 'it compiles with -Wall' compile "$src/tests/examples/table.c" "$dir/table.so"
try_module() { # FILE: leaves what gate check says in $dir/checked
	make_conf store=table: store_module="$1" workers=1
	LD_LIBRARY_PATH=$build/.libs "$gate" check --config "$dir/gate.conf" >"$dir/checked" 2>&1
}
module_refused() { # WHY FILE
	not try_module "$2"
	grep -qF "$1" "$dir/checked"
}
try_module "$dir/table.so"
unlike "$(<"$dir/checked")" 'error.*store' 'gate check makes, reads, changes and removes a record there'
session() { LD_LIBRARY_PATH=$build/.libs "$gate" session "$@" --config "$dir/gate.conf" 2>&1; }
is "$(session count)" 0 'gate session counts there'
is "$(session list)" '' '  lists'
is "$(session sweep)" '0 removed' '  sweeps, though the store lets go by itself'
is "$(session kill --all)" '0 sessions are gone' '  and kills'
like "$(session show aaaaaaaaaaaaaaaaaaaaaaaa)" 'there is no live session' '  and shows'
mkdir -m 700 "$dir/other"
printf '{"cookie":{"originalMaxAge":3600000,"expires":"2099-01-01T00:00:00.000Z"},"gate":{"user":"anna"}}' \
	>"$dir/other/aaaaaaaaaaaaaaaaaaaaaaaa.json"
like "$(session copy file:"$dir/other")" '1 sessions copied' '  and copies from another one'
like "$("$gate" config --config "$dir/gate.conf")" "store_module = $dir/table.so" 'gate config shows it'
ok 'an absent module is refused' module_refused 'No such file' "$dir/absent.so"
ok 'so is a relative path, which the loader would look for elsewhere' \
	refuses 'is no absolute path' --store=table: --store_module=table.so
chmod g+w "$dir/table.so"
ok 'so is one that others can write to' module_refused 'others can write to' "$dir/table.so"
chmod g-w "$dir/table.so"
echo text >"$dir/text.so"
ok 'so is what is no shared object' module_refused 'file too short' "$dir/text.so"
echo 'int something;' >"$dir/none.c"
compile "$dir/none.c" "$dir/none.so"
ok 'so is one without stores' module_refused 'has no GATE_STORE_MODULE' "$dir/none.so"
sed 's/^GATE_STORE_MODULE.*/const struct gate_store_module gate_store_module = {"0.0.1", 8, 8, stores};/' \
	"$src/tests/examples/table.c" >"$dir/old.c"
compile "$dir/old.c" "$dir/old.so"
ok 'so is one for another version' module_refused 'built for another version of gate' "$dir/old.so"
make_conf store=chair: store_module="$dir/table.so"
ok 'a scheme that nobody serves is refused' refuses 'store chair: is unknown'
make_conf store=file:"$dir/sessions" store_module="$table"
ok "gate's own stores are there as well" start_responder counter
stop counter
done_testing
