#!/bin/sh
# check_man: the man pages are well-formed, gate(3) documents each function of gate.h, and its worked
# programs are those of tests/examples/, which are built and run.
cd "$top_srcdir" || exit 1
command -v mandoc >/dev/null || { echo "1..0 # SKIP mandoc is not installed"; exit 0; }
echo 1..7
n=0
for page in lib/gate.3 lib/gate.conf.5 cgi-bin/gate.8; do
	n=$((n + 1))
	if warnings=$(mandoc -Tlint -W warning "$page"); then
		echo "ok $n - $page"
	else
		echo "not ok $n - $page"
		printf '%s\n' "$warnings" | sed 's/^/# /'
	fi
done
missing=
for name in $(grep -v '^typedef' lib/gate.h | tr '\n' ' ' | grep -oE '\bgate_[a-z_]+\(' | tr -d '(' | sort -u); do
	grep -qE "^\.(Fn|Fo|Nm) (.* )?\"?\*?$name\b" lib/gate.3 || missing="$missing $name"
done
[ -z "$missing" ] && echo "ok 4 - gate(3) has every function of gate.h" ||
	echo "not ok 4 - gate(3) has every function of gate.h: missing$missing"

missing=
for name in $(grep -oE '(put_text|json_object_set_new)\([[:space:]]*gate, "[a-z]+"' <<-END | grep -oE '"[a-z]+"' | tr -d '"'
	$(tr '\n' ' ' <lib/request/page.c)
END
); do
	grep -qF "Va gate.$name " lib/gate.3 || missing="$missing gate.$name"
done
[ -z "$missing" ] && echo "ok 5 - gate(3) has all that templates see" ||
	echo "not ok 5 - gate(3) has all that templates see: missing$missing"

# what configuration.c warns of at a reload, in the paragraph that ends with "need a restart"
missing=
for name in $(sed -n '/const fixed\[\] = {/,/};/p' lib/request/configuration.c | grep -oE '"[a-z_]+"' | tr -d '"'); do
	for text in README.md conf/gate.conf lib/gate.conf.5; do
		grep -B14 'need a restart' "$text" | grep -qw "$name" || missing="$missing $text:$name"
	done
done
[ -z "$missing" ] && echo "ok 6 - each option that needs a restart is said to" ||
	echo "not ok 6 - each option that needs a restart is said to: missing$missing"

# a literal block, as its source has it
missing=
for file in tests/examples/*.*; do
	sed -n '/^\.Bd -literal/,/^\.Ed/{ /^\.Bd/d; s/\\&//; s/\\e/\\/g; p; }' lib/gate.3 |
		awk -v file="$file" 'BEGIN { while ((getline line < file) > 0) wanted = wanted line "\n" }
			/^\.Ed/ { if (block == wanted) found = 1; block = ""; next }
			{ block = block $0 "\n" }
			END { exit !found }' || missing="$missing $file"
done
[ -z "$missing" ] && echo "ok 7 - gate(3) shows the examples as they are built" ||
	echo "not ok 7 - gate(3) shows the examples as they are built: not$missing"
