# password_words.awk: makes C of password_words.txt: a text for each first letter, with a blank behind
# each word, so that the rules pass over all words that can't stand there.
BEGIN {
	print "/* password_words.c: the build makes it of password_words.txt. */"
	print "#include \"config.h\"\n\n#include <stddef.h>\n\n#include \"crypto/password.h\"\n"
	print "/* clang-format off */\nconst char *const gate_password_words[] = {"
}
/^#/ || /^$/ { next }
{
	letter = substr($0, 1, 1)
	if (last != "" && letter != last)
		print ","
	last = letter
	print "\"" $0 " \""
}
END { print ", NULL};" }
