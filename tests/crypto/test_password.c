/* test_password.c: hashes of every kind, those that must never be worked on, new passwords. */
#include "config.h"

#include <crypt.h>
#include <dlfcn.h>
#include <errno.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "base/encode.h"
#include "crypto/password.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What stands where a digest does. */
#define D22 "0123456789abcdefghijkl"
#define D43 "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
#define D53 "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
#define D86 D43 D43

#define KIND "is of no known kind"
#define DAMAGED "is damaged, or has unusual parameters"
#define WORK "asks for more work than is allowed"
#define WEAK "is weak (apr1): set a new password, or allow_weak_hashes = yes"
#define EASY                                                                                       \
	"is too easy to guess: it is made of well-known words, rows of keys, repetitions or the "  \
	"user's name"

/* ---- what libcrypt and the kernel do to us ---- */

static enum { LIBCRYPT_FINE, LIBCRYPT_FAILS, LIBCRYPT_NULL } libcrypt;
static int hashed; /* calls of crypt_r */
static bool getrandom_fails;

char *
crypt_r(const char *phrase, const char *setting, struct crypt_data *data)
{
	static char *(*real)(const char *, const char *, struct crypt_data *);

	hashed++;
	if (libcrypt == LIBCRYPT_NULL)
		return NULL;
	if (libcrypt == LIBCRYPT_FAILS)
		return strcpy(data->output, "*0");
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "crypt_r");
	return real(phrase, setting, data);
}

ssize_t
getrandom(void *bytes, size_t length, unsigned flags)
{
	if (getrandom_fails) {
		errno = ENOSYS;
		return -1;
	}
	return syscall(SYS_getrandom, bytes, length, flags);
}

/* From copies that end exactly where the texts do, so that a sanitizer sees each byte too many. */
static int
verify(const char *password, const char *hash, bool allow_weak)
{
	char *password_copy = strdup(password), *hash_copy = strdup(hash);
	struct gate_error error = {0};
	int result = gate_password_verify(password_copy, hash_copy, allow_weak, &error);

	if (result < 0 && error.code == GATE_OK)
		result = -3; /* failed without saying so */
	free(password_copy);
	free(hash_copy);
	return result;
}

/* A text as a line of TAP can hold it. */
static const char *
shown(const char *text)
{
	static char line[600];
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < sizeof line; i++)
		line[i] = (char)(text[i] == '#' || (unsigned char)text[i] < ' ' ? '?' : text[i]);
	line[i] = '\0';
	return line;
}

/* ---- hashes that fit: made by crypt(3) and openssl passwd, those named also published ---- */

struct vector {
	const char *password, *hash;
	bool old;
};

static const struct vector vectors[] = {
    {"correct horse ", "$y$j75$abcdefghijklmnopqrstu.$yrB.LgIQOJruSb1n0sOYAW3GO2gi1tPTOD4cwABFws9",
	true},
    {"correct horse ", "$y$j9T$abcdefghijklmnopqrstu.$U489xiNkR8Tg/rfe94tRvxQCwN5f9nlJqF5UOa33Y01",
	true},
    {"correct horse ", "$y$jAT$abcdefghijklmnopqrstu.$A8CBrtgTJzRqvhvhs6T5Are20xpTGRhsb4PlV6MZqi6",
	false},
    {"x", "$y$j75$$F6x4/3a6JxiQtidq1fi5YpRHXxWElSlk9y0PXcIxPm2", true},
    {"correct horse ", "$gy$j75$abcdefghijklmnopqrstu.$4cUmcxPQIkoK6T8CoF4VB7OLYG1aIYvI7l3M48qBNw/",
	true},
    /* scrypt's author */
    {"pleaseletmein", "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
	true},
    {"a", "$7$66..../....SodiumChloride$3O/5oVC8v927Yhzj2bu8S8CyYleLle9tDi1rFTQhC57", true},
    /* Openwall */
    {"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", true},
    {"U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", true},
    {"correct horse ", "$2b$04$abcdefghijklmnopqrstuuAC1V/Tsdo8LUtRo072gXK9UZOuE89Fe", true},
    {"correct horse ", "$2y$04$abcdefghijklmnopqrstuuAC1V/Tsdo8LUtRo072gXK9UZOuE89Fe", true},
    {"\xff\xff\xa3", "$2b$04$abcdefghijklmnopqrstuuMOaOTHB4gEm.rriBjXNwBNh.Oc4mKGG", true},
    /* SHA-crypt.txt */
    {"Hello world!",
	"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/"
	"O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
	true},
    {"Hello world!",
	"$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/"
	"UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
	true},
    {"This is just a test",
	"$6$rounds=5000$toolongsaltstrin$"
	"lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0",
	true},
    {"Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", true},
    {"Hello world!", "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
	true},
    {"x",
	"$6$$KvRrc0bxRLyTUhO8OJOmRczh7oCol5BACiR8rmdfVzvuGgm8JmLDumsL/ah.jFtT.DswxoP9Nv3ByfU4j5hm/"
	"0",
	true},
    {"x", "$5$$0Uor7kq6CTPY0DtjOiw.I2DuJSUfiZxCqkrafMVjNc8", true},
    {"correct horse ",
	"$6$rounds=100000$salt$UQY5alQ1JUFQJ7vwjvc4filCH5P1s65l4Bx43e9R60D0mzvf5OY3omf/"
	"Jm07pJeGzB.Z74AXYWxT0uc6TEOU40",
	false},
    /* one character, in UTF-8 and in Latin-1 */
    {"p\xc3\xa4 ssword",
	"$6$s$"
	"cAATIcK7Virner0Vxf4T4u6uh9pEI6XkFljxVWUIoHiAiE3w9cCWlbDPgtIpkLIs5GK24ur6rfiKHrr6iMJFD/",
	true},
    {"p\xe4 ssword",
	"$6$s$7SiAFIXqZ2GL82Mr6DCYM2p/A5bMqySH8HAvCO2LjsGyBYHNtjMY7k639a8EDuG.Pua0VA/QM9hoB6dGzAtr/"
	"0",
	true},
    {"correct horse", "$apr1$saltxxxx$iDQpxpryh2z3V6FAzg1tZ0", true},
    {"correct horse", "$apr1$salt$F81Ls7DE3bC0ar5aQlQQc/", true},
    {"x", "$apr1$$jYtXyIcDHukcQfHjblNhq/", true},
};

/* How many of the near misses of a password it takes. */
static int
count_near_misses(const struct vector *v)
{
	char other[100];
	size_t length = strlen(v->password);
	int taken = 0;

	snprintf(other, sizeof other, "%s ", v->password);
	taken += verify(other, v->hash, true) != 0;
	snprintf(other, sizeof other, " %s", v->password);
	taken += verify(other, v->hash, true) != 0;
	snprintf(other, sizeof other, "%.*s", (int)length - 1, v->password);
	taken += verify(other, v->hash, true) != 0;
	snprintf(other, sizeof other, "%s", v->password);
	other[0] = (char)(other[0] ^ 0x20); /* the other case */
	taken += verify(other, v->hash, true) != 0;
	return taken;
}

/* How many damaged copies of a hash the right password opens: each byte changed, cut, doubled. */
static int
count_opened(const struct vector *v)
{
	size_t length = strlen(v->hash);
	char other[GATE_HASH_MAX];
	int opened = 0;

	for (size_t i = 0; i < length; i++) {
		memcpy(other, v->hash, length + 1);
		other[i] = other[i] == '1' ? '0' : '1';
		opened += verify(v->password, other, true) != 0;
		snprintf(other, sizeof other, "%.*s", (int)i, v->hash);
		opened += verify(v->password, other, true) != 0;
		snprintf(other, sizeof other, "%.*s%s", (int)i + 1, v->hash, v->hash + i);
		opened += verify(v->password, other, true) != 0;
	}
	return opened;
}

static void
test_vectors(void)
{
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];

		ok(verify(v->password, v->hash, true) == 1, "fits: %.24s", v->hash);
		ok(count_near_misses(v) == 0, "a blank more, a byte less, another case don't");
		ok(gate_password_hash_is_old(v->hash) == v->old, "and is %s",
		    v->old ? "old" : "not old");
		if (strncmp(v->hash, "$2", 2) == 0 ||
		    strlen(v->password) == 1) /* those are quick */
			ok(count_opened(v) == 0, "no damaged copy fits");
	}
}

/* ---- hashes that must cost nothing ---- */

static const struct {
	const char *hash, *why;
} hostile[] = {
    /* no hash at all */
    {"", KIND},
    {"*", KIND},
    {"*0", KIND},
    {"*1", KIND},
    {"!", KIND},
    {"!!", KIND},
    {"x", KIND},
    {"password", KIND},
    {" ", KIND},
    {"!$6$salt$" D86, KIND}, /* locked */
    {"*LK*", KIND},
    {"*NP*", KIND},
    {"{PLAIN}password", KIND},
    {"{SSHA}0123456789abcdefghijklmnopqrstuvwxyz", KIND},
    /* kinds that libcrypt knows, and others */
    {"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", KIND},
    {"rEK1ecacw.7.c", KIND},        /* DES */
    {"_/...lBO.HfUcxtW5ETs", KIND}, /* BSDi */
    {"$1$salt$qJH7.N4xYta3aEG/dfqo/0", KIND},
    {"$md5$rounds=904$saltsalt$" D22, KIND},
    {"$md5,rounds=4294963199$salt$$" D22, KIND},
    {"$sha1$4294967295$salt$0123456789abcdefghijklmnopqr", KIND},
    {"$3$$8846f7eaee8fb117ad06bdd830b7586c", KIND},
    {"$2$05$" D53, KIND},
    {"$2x$05$" D53, KIND},
    {"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$" D43, KIND},
    {"$y", KIND},
    {"$6", KIND},
    {"$Y$j9T$abcdefghijklmnopqrstu.$" D43, KIND},
    {" $6$salt$" D86, KIND},
    {"$sm3$salt$" D43, KIND},
    {"$9$salt$" D43, KIND},
    /* too much work */
    {"$6$rounds=999999999$salt$" D86, WORK},
    {"$6$rounds=1000001$salt$" D86, WORK},
    {"$6$rounds=18446744073709551616$salt$" D86, WORK},
    {"$6$rounds=18446744073709552616$salt$" D86, WORK}, /* 1000, if it overflows */
    {"$6$rounds=4294968296$salt$" D86, WORK},
    {"$5$rounds=999999999$salt$" D43, WORK},
    {"$5$rounds=99999999999999999999999999999999999999$salt$" D43, WORK},
    {"$2b$31$" D53, WORK},
    {"$2y$15$" D53, WORK},
    {"$2a$99$" D53, WORK},
    {"$y$jDT$abcdefghijklmnopqrstu.$" D43, WORK}, /* 256 MiB */
    {"$y$jjj$abcdefghijklmnopqrstu.$" D43, WORK},
    {"$y$jI.$abcdefghijklmnopqrstu.$" D43, WORK}, /* N = 2^21, r = 1 */
    {"$gy$jDT$abcdefghijklmnopqrstu.$" D43, WORK},
    {"$7$z6..../....salt$" D43, WORK}, /* N = 2^63 */
    {"$7$EU..../....salt$" D43, WORK},
    {"$7$CU....zzzzzsalt$" D43, WORK}, /* p = 2^30 - 1 */
    {"$7$Czzzzz/....salt$" D43, WORK},
    {"$7$I...2...../salt$" D43, WORK}, /* 2^20 times 2^20 times 2^24 */
    {"$7$I..../...2.salt$" D43, WORK},
    {"$7$0zzzzzzzzzzsalt$" D43, WORK},
    {"$7$Izzzzzzzzzzsalt$" D43, WORK},
    {"$7$CU..../1...salt$" D43, WORK},
    /* parameters of yescrypt that crypt_gensalt never writes: p, t, g, ROM, flavours */
    {"$y$j9T.0$abcdefghijklmnopqrstu.$" D43, DAMAGED},
    {"$y$j9T/zzzzz$abcdefghijklmnopqrstu.$" D43, DAMAGED},
    {"$y$j9T/.$abcdefghijklmnopqrstu.$" D43, DAMAGED},
    {"$y$j9T1zzzzz$abcdefghijklmnopqrstu.$" D43, DAMAGED},
    {"$y$j9T5zz$abcdefghijklmnopqrstu.$" D43, DAMAGED},
    {"$y$j9Tzzzzzzz$abcdefghijklmnopqrstu.$" D43, DAMAGED},
    {"$y$jD5.7$LdJMENpBABJJ3hIHjB1Bi.$HboGM6qPrsK.StKYGt6KErmUYtioHreJd98oIugoNB6", DAMAGED},
    {"$y$.9T$abcdefghijklmnopqrstu.$" D43, DAMAGED},
    {"$y$/9T$abcdefghijklmnopqrstu.$" D43, DAMAGED},
    {"$y$z9T$abcdefghijklmnopqrstu.$" D43, DAMAGED},
    {"$y$jk9$abcdefghijklmnopqrstu.$" D43, DAMAGED}, /* N of two digits */
    {"$y$j9k$abcdefghijklmnopqrstu.$" D43, DAMAGED}, /* r of two */
    {"$y$j9z.....$abcdefghijklmnopqrstu.$" D43, DAMAGED},
    {"$y$j.5$abcdefghijklmnopqrstu.$" D43, DAMAGED}, /* N = 2 */
    {"$y$", DAMAGED},
    {"$y$j", DAMAGED},
    {"$y$j9", DAMAGED},
    {"$y$j9T", DAMAGED},
    {"$y$j9T$", DAMAGED},
    {"$y$j9T$abcdefghijklmnopqrstu.", DAMAGED},
    {"$y$j9T$abcdefghijklmnopqrstu.$", DAMAGED},
    {"$y$j9T$abcdefghijklmnopqrstuv$" D43, DAMAGED}, /* bits too many */
    {"$y$j9T$abcdefghijklmnopqrstu$" D43, DAMAGED},  /* bits too few */
    {"$y$j9T$abcdefghijklmnopqrstu2$" D43, DAMAGED},
    {"$y$j9T$abcdefE$" D43, DAMAGED},
    {"$y$j9T$abc def.$" D43, DAMAGED},
    {"$y$j9T$ab$cd$" D43, DAMAGED},
    {"$y$j9T$" D86 "....$" D43, DAMAGED},
    {"$y$j9T$abcdefghijklmnopqrstu.$" D43 ".", DAMAGED},
    {"$y$j9T$abcdefghijklmnopqrstu.$" D22, DAMAGED},
    {"$gy$", DAMAGED},
    {"$gy$j9T/zzzzz$abcdefghijklmnopqrstu.$" D43, DAMAGED},
    {"$7$", DAMAGED},
    {"$7$C", DAMAGED},
    {"$7$CU....", DAMAGED},
    {"$7$CU..../....", DAMAGED},
    {"$7$CU..../....salt$", DAMAGED},
    {"$7$.U..../....salt$" D43, DAMAGED},
    {"$7$/U..../....salt$" D43, DAMAGED},
    {"$7$C...../....salt$" D43, DAMAGED}, /* r = 0 */
    {"$7$CU.........salt$" D43, DAMAGED}, /* p = 0 */
    {"$7$CU..../....sa%lt$" D43, DAMAGED},
    /* bcrypt */
    {"$2b$", DAMAGED},
    {"$2b$10", DAMAGED},
    {"$2b$10$", DAMAGED},
    {"$2b$5$" D53, DAMAGED},
    {"$2b$005$" D53, DAMAGED},
    {"$2b$-5$" D53, DAMAGED},
    {"$2b$ 5$" D53, DAMAGED},
    {"$2b$03$" D53, DAMAGED},
    {"$2b$00$" D53, DAMAGED},
    {"$2b$1a$" D53, DAMAGED},
    {"$2b$100$" D53, DAMAGED},
    {"$2b$10$" D43, DAMAGED},
    {"$2b$10$" D53 "1", DAMAGED},
    {"$2b$10$" D43 "0123456$89", DAMAGED},
    {"$2b$10$" D43 "012345678\xc3", DAMAGED},
    /* sha-crypt */
    {"$6$", DAMAGED},
    {"$6$salt", DAMAGED},
    {"$6$salt$", DAMAGED},
    {"$6$salt$" D43, DAMAGED},
    {"$5$salt$" D86, DAMAGED},
    {"$6$salt$" D86 "1", DAMAGED},
    {"$6$saltsaltsaltsalt1$" D86, DAMAGED},
    {"$6$rounds=999$salt$" D86, DAMAGED},
    {"$6$rounds=0$salt$" D86, DAMAGED},
    {"$6$rounds=01000$salt$" D86, DAMAGED},
    {"$6$rounds=$salt$" D86, DAMAGED},
    {"$6$rounds=-1$salt$" D86, DAMAGED},
    {"$6$rounds=+5000$salt$" D86, DAMAGED},
    {"$6$rounds= 5000$salt$" D86, DAMAGED},
    {"$6$rounds=5000x$salt$" D86, DAMAGED},
    {"$6$rounds=0x9999$salt$" D86, DAMAGED},
    {"$6$rounds=5000", DAMAGED},
    {"$6$rounds=5000$" D86, DAMAGED},
    {"$6$Rounds=9999$salt$" D86, DAMAGED},
    {"$6$sa:lt$" D86, DAMAGED},
    {"$6$sa\nlt$" D86, DAMAGED},
    {"$6$sa!lt$" D86, DAMAGED},
    {"$6$$$" D86, DAMAGED},
    {"$5$$", DAMAGED},
    /* apr1 */
    {"$apr1$", DAMAGED},
    {"$apr1$salt", DAMAGED},
    {"$apr1$salt$", DAMAGED},
    {"$apr1$saltsalts$" D22, DAMAGED},
    {"$apr1$sa lt$" D22, DAMAGED},
    {"$apr1$salt$" D22 "m", DAMAGED},
    {"$apr1$salt$0123456789abcdefghijk", DAMAGED},
};

static void
test_hostile(void)
{
	char longest[2 * GATE_HASH_MAX];

	hashed = 0;
	for (size_t i = 0; i < COUNT(hostile); i++) {
		const char *hash = hostile[i].hash;
		bool refused = verify("x", hash, true) == 0 && verify("", hash, true) == 0 &&
		    verify(hash, hash, true) == 0 && verify("password", hash, true) == 0 &&
		    !gate_password_hash_is_old(hash);

		is(gate_password_hash_refusal(hash, true), hostile[i].why, shown(hash));
		ok(refused, "opens to nothing");
	}
	for (size_t length = 0; length + 4 < sizeof longest; length++) {
		memcpy(longest, "$6$", 3);
		memset(longest + 3, '.', length);
		longest[3 + length] = '\0';
		if (gate_password_hash_refusal(longest, true) == NULL)
			ok(false, "a hash of %zu dots", length);
	}
	ok(hashed == 0, "none of them was worked on");
}

/* The edges of what is worked on. */
static void
test_limits(void)
{
	static const char *const allowed[] = {"$6$rounds=1000000$salt$" D86,
	    "$5$rounds=1000000$salt$" D43, "$6$rounds=1000$salt$" D86,
	    "$6$rounds=1000$saltsaltsaltsalt$" D86, "$2b$14$" D53, "$2y$04$" D53,
	    "$y$jCT$abcdefghijklmnopqrstu.$" D43, "$y$jH.$abcdefghijklmnopqrstu.$" D43,
	    "$gy$jCT$abcdefghijklmnopqrstu.$" D43, "$y$j/.$$" D43, "$y$j9T$abcdefD$" D43,
	    "$y$j9T$abcdefghijklmnopqrstu1$" D43, "$7$DU..../....salt$" D43,
	    "$7$C6....0....salt$" D43};

	for (size_t i = 0; i < COUNT(allowed); i++)
		is(gate_password_hash_refusal(allowed[i], false), NULL, allowed[i]);
	is(gate_password_hash_refusal("$apr1$salt$" D22, true), NULL, "apr1 where it is allowed");
	is(gate_password_hash_refusal("$apr1$salt$" D22, false), WEAK, "and where it is not");
	ok(verify("correct horse", "$apr1$salt$F81Ls7DE3bC0ar5aQlQQc/", false) == 0,
	    "then it opens to nothing");
}

static void
test_old(void)
{
	static const struct {
		const char *hash;
		bool old;
	} cases[] = {
	    {"$y$j75$abcdefghijklmnopqrstu.$" D43, true},
	    {"$y$j9T$abcdefghijklmnopqrstu.$" D43, true},
	    {"$y$jAT$abcdefghijklmnopqrstu.$" D43, false},
	    {"$y$jCT$abcdefghijklmnopqrstu.$" D43, false},
	    {"$gy$j9T$abcdefghijklmnopqrstu.$" D43, true},
	    {"$gy$jAT$abcdefghijklmnopqrstu.$" D43, false},
	    {"$7$C6..../....salt$" D43, true},  /* 16 MiB */
	    {"$7$CU..../....salt$" D43, false}, /* crypt_gensalt's own */
	    {"$2b$09$" D53, true}, {"$2b$10$" D53, false}, {"$2y$05$" D53, true},
	    {"$2y$12$" D53, false}, {"$2a$14$" D53, false}, {"$6$salt$" D86, true},
	    {"$6$rounds=99999$salt$" D86, true}, {"$6$rounds=100000$salt$" D86, false},
	    {"$5$salt$" D43, true}, {"$5$rounds=535000$salt$" D43, false},
	    {"$apr1$salt$" D22, true}, {"$2b$15$" D53, false}, /* refused */
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		ok(gate_password_hash_is_old(cases[i].hash) == cases[i].old, "%s: %.24s",
		    cases[i].old ? "old" : "not old", cases[i].hash);
}

/* ---- long, empty, wrong: what is done does not depend on whether it fits ---- */

#define X8 "xxxxxxxx"
#define X64 X8 X8 X8 X8 X8 X8 X8 X8
#define X511 X64 X64 X64 X64 X64 X64 X64 X8 X8 X8 X8 X8 X8 X8 "xxxxxxx"
#define BCRYPT_OF_72 "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"
#define HORSE "$2b$04$abcdefghijklmnopqrstuuAC1V/Tsdo8LUtRo072gXK9UZOuE89Fe"

static void
test_lengths(void)
{
	static const struct {
		const char *name, *password, *hash;
		int wanted, work;
	} cases[] = {
	    {"the right one", "correct horse ", HORSE, 1, 1},
	    {"a wrong one", "wrong horse", HORSE, 0, 1},
	    {"72 bytes, bcrypt", X64 X8, BCRYPT_OF_72, 1, 1},
	    {"73 bytes, of which bcrypt sees 72", X64 X8 "x", BCRYPT_OF_72, 0, 1},
	    {"511 bytes, bcrypt", X511, BCRYPT_OF_72, 0, 1},
	    {"71 bytes", X64 "xxxxxxx", BCRYPT_OF_72, 0, 1},
	    {"an empty one", "", HORSE, 0, 0},
	    {"512 bytes", X511 "x", HORSE, 0, 0},
	    {"a hash that is none", "correct horse ", "", 0, 0},
	    {"a locked one", "correct horse ", "!" HORSE, 0, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		hashed = 0;
		ok(verify(cases[i].password, cases[i].hash, false) == cases[i].wanted, "%s: %d",
		    cases[i].name, cases[i].wanted);
		ok(hashed == cases[i].work, "hashed %d times", hashed);
	}
	ok(sizeof X511 - 1 == GATE_PASSWORD_MAX, "the longest password of this test is it");
	ok(verify(X511, "$apr1$salt$FQF2qCxi2Mf0sUK8cWTvT1", true) == 1, "511 bytes, apr1");
	ok(verify(X511 "x", "$apr1$salt$FQF2qCxi2Mf0sUK8cWTvT1", true) == 0, "512 bytes, apr1");
}

static void
test_failures(void)
{
	char hash[GATE_HASH_MAX];
	struct gate_error error = {0};

	libcrypt = LIBCRYPT_FAILS;
	ok(verify("correct horse ", HORSE, false) == -1, "a failure is no answer");
	ok(verify("*0", "*0", false) == 0, "nor does a failure's text fit a stored one");
	ok(gate_password_hash("correct horse ", hash, &error) == -1, "nor a new hash");
	is(error.text,
	    "libcrypt made no hash of the password: too little memory, or it does not know the "
	    "kind",
	    "and says so");
	libcrypt = LIBCRYPT_NULL;
	ok(verify("correct horse ", HORSE, false) == -1, "NULL, as other libraries fail");
	ok(gate_password_hash("correct horse ", hash, NULL) == -1, "no new hash either");
	libcrypt = LIBCRYPT_FINE;
	getrandom_fails = true;
	error = (struct gate_error){0};
	ok(gate_password_hash("correct horse ", hash, &error) == -1, "no salt, no hash");
	is(error.text, "the system gives no random bytes: Function not implemented", "and says so");
	getrandom_fails = false;
	error = (struct gate_error){0};
	ok(gate_password_hash("", hash, &error) == -1, "no hash of an empty password");
	is(error.text, "the password must have 1 to 511 bytes", "and says so");
	ok(gate_password_hash(X511 "x", hash, NULL) == -1, "nor of one too long");
}

static void
test_new_hash(void)
{
	char first[GATE_HASH_MAX], second[GATE_HASH_MAX];

	ok(gate_password_hash("correct h\xc3\xb6rse ", first, NULL) == 0, "a new hash");
	ok(strncmp(first, "$y$jAT$", 7) == 0 && strlen(first) == 73, "is yescrypt, cost 6");
	is(gate_password_hash_refusal(first, false), NULL, "is usable");
	ok(!gate_password_hash_is_old(first), "is not old");
	ok(verify("correct h\xc3\xb6rse ", first, false) == 1, "fits");
	ok(verify("correct h\xc3\xb6rse", first, false) == 0, "and nothing else does");
	ok(gate_password_hash("correct h\xc3\xb6rse ", second, NULL) == 0 &&
		strncmp(first, second, 29) != 0,
	    "another time it has another salt");
	ok(gate_password_hash(X511, first, NULL) == 0 && verify(X511, first, false) == 1,
	    "511 bytes");
}

/* All of them as openssl passwd -apr1 makes them. */
static void
test_apr1(void)
{
	static const char text[] = "P\xc3\xa4ssw\xc3\xb6rter sind lang, \xe6\x97\xa5\xe6\x9c\xac"
				   "\xe8\xaa\x9e auch: 0123456789 abcdefghijklm";
	static const char salts[] = "s.l/Tx19";
	struct gate_buffer all = {0};
	char setting[40], out[GATE_HASH_MAX], digest[GATE_SHA256_HEX + 1];
	int failed = 0;

	for (int salt = 0; salt <= 8; salt++)
		for (int length = 0; length <= 64; length++) {
			char *password = strndup(text, (size_t)length);

			snprintf(setting, sizeof setting, "$apr1$%.*s%s", salt, salts,
			    length % 2 == 0 ? "" : "$whatever");
			failed += gate_password_apr1(password, setting, out) != 0;
			gate_buffer_printf(&all, "%s\n", out);
			free(password);
		}
	gate_sha256_hex(digest, all.data, all.length);
	ok(sizeof text == 65 && failed == 0, "passwords of 0 to 64 bytes, salts of 0 to 8");
	is(digest, "2779cf403a2cd6ee1ecc36ffe84ca9d96c2300287ac44a2ec36e82c7a22fb9f9",
	    "openssl makes the same");
	gate_buffer_release(&all);
	gate_password_apr1("", "$apr1$s.l/Tx19", out);
	is(out, "$apr1$s.l/Tx19$k0OOuoEzxLUOXrivuop65.", "an empty password");
	ok(gate_password_apr1("x", "$apr1$s.l/Tx19x$", out) == -1, "a salt of 9 is none");
	ok(gate_password_apr1("x", "$1$salt$", out) == -1, "nor is another kind's");
}

/* ---- new passwords ---- */

#define NAME "kowalska"

static const struct {
	const char *password, *why;
} rules[] = {
    {"", "is shorter than 15 characters"},
    {"vexing quilt k", "is shorter than 15 characters"},
    {"vexing quilt kr", NULL},
    {"vexing q\xc3\xbcilt k", "is shorter than 15 characters"}, /* 15 bytes, 14 characters */
    {"vexing q\xc3\xbcilt kr", NULL},
    {"\xd0\xba\xd0\xb8\xd0\xbf\xd0\xb5\xd1\x82\xd1\x8c \xd0\xb2 "
     "\xd1\x80\xd1\x83\xd1\x87\xd1"
     "\x8c\xd0\xb5 \xd0\xb4\xd0\xb0\xd0\xbb\xd1\x8c",
	NULL},
    {"vexing quilt\tkrill", "holds a control character"},
    {"vexing quilt krill\n", "holds a control character"},
    {"vexing quilt krill\x7f", "holds a control character"},
    {"vexing quilt krill\xc2\x80", "holds a control character"},
    {"vexing quilt krill\xc2\x9f", "holds a control character"},
    {"vexing quilt krill\xc2\xa0", NULL},
    {"vexing quilt krill\xff", "is not valid UTF-8"},
    {"vexing quilt krill\xc3", "is not valid UTF-8"},
    {"vexing quilt krill\xed\xa0\x80", "is not valid UTF-8"},
    {X511, EASY},
    {X511 "x", "is longer than 511 bytes"},
    {" vexing quilt  krill ", NULL}, /* blanks stay where they are */
    {"correct horse battery staple", EASY},
    {"passwordpassword", EASY},
    {"password12345678", EASY},
    {"qwertyuiopasdfgh", EASY},
    {"aaaaaaaaaaaaaaaa", EASY},
    {"123456789012345", EASY},
    {"adminadminadmin1", EASY},
    {"P4ssw0rdP4ssw0rd!", EASY},
    {"gategategategate", EASY},
    {NAME NAME, EASY},
    {NAME "2024" NAME, EASY},
    {"K0w@lska1987!!!!!", EASY},
    {"Kowalska Kowalska 1", EASY},
    {NAME " 17121987", EASY},
    {"password83749201", EASY},
    /* holds a well-known word, but isn't made of them */
    {"password of the vexing quilt", NULL},
    {"xq7-password-mWz9!vr", NULL},
};

static void
test_rules(void)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		is(gate_password_refusal(rules[i].password, NAME), rules[i].why,
		    shown(rules[i].password));
	is(gate_password_refusal(NAME "7q" NAME "zmxw", "someone"), NULL, "another user's name");
	is(gate_password_refusal(NAME "7q" NAME "zmxw", NULL), NULL, "no name");
	is(gate_password_refusal("anna.wisniewska@example.org1", "Anna.Wisniewska@example.org"),
	    EASY, "an address as name");
	is(gate_password_refusal("wisniewska77wisniewska", "Anna.Wisniewska@example.org"), EASY,
	    "a part of it");
	is(gate_password_refusal("ab.cd.ef.gh.ij1", "AB.CD.EF.GH.IJ"), EASY, "one of short parts");
	is(gate_password_refusal("\u017c\u00f3\u0142\u0107g\u0119\u015bl\u0105ja\u017a\u0144 77",
	       "jan.\u017c\u00f3\u0142\u0107g\u0119\u015bl\u0105ja\u017a\u0144"),
	    EASY, "a part with other letters");
	is(gate_password_refusal("\xc3\xa5sa-\xc3\xa5sa-\xc3\xa5sa-\xc3\xa5sa-9", "\xc3\xa5sa"),
	    EASY, "a name with other letters");
}

/* Checks the list of words: the rules would not notice a word that is there twice, or that no
 * password can match. */
static void
test_words(void)
{
	char before[100] = "", word[100];
	int count = 0, misplaced = 0, odd = 0;

	for (const char *const *letter = gate_password_words; *letter != NULL; letter++)
		for (const char *at = *letter; *at != '\0'; at += strlen(word) + 1) {
			bool follows, plain;

			snprintf(word, sizeof word, "%.*s", (int)strcspn(at, " "), at);
			follows = strcmp(before, word) < 0;
			plain = strspn(word, "abcdefghijklmnopqrstuvwxyz") == strlen(word) &&
			    gate_password_worth(word, NULL, false) <= 2;
			if (!follows || !plain)
				printf("# %s, behind %s\n", shown(word), before);
			count++;
			misplaced += !follows;
			odd += !plain;
			memcpy(before, word, sizeof before);
		}
	ok(count > 1200 && misplaced == 0,
	    "%d words, sorted, none is there twice: %d stand in a wrong place", count, misplaced);
	ok(odd == 0, "of a to z alone, each worth a letter: %d are not", odd);
}

/* Of the kind that lists of leaked passwords are full of, from 15 characters on. */
static const char *const leaked_words[] = {"iloveyouforever", "passwordpassword",
    "mypasswordispassword", "thisismypassword", "passwordispassword", "iforgotmypassword",
    "whatismypassword", "letmeinletmeinletmein", "changemechangeme", "manchesterunited",
    "liverpoolfootballclub", "chelseafootballclub", "youllneverwalkalone", "realmadridrealmadrid",
    "ilovejustinbieber", "backstreetboysforever", "mychemicalromance", "avengedsevenfold",
    "linkinparklinkinpark", "spongebobsquarepants", "harrypotterharrypotter", "starwarsstarwars",
    "winniethepoohbear", "hellokittyhellokitty", "supercalifragilisticexpialidocious",
    "correcthorsebatterystaple", "jesuschristislord", "jesusismysavior", "godisgoodallthetime",
    "jesuslovesmesomuch", "trustnoonetrustnoone", "bestfriendsforever", "iloveyousomuch-",
    "iloveyoubabygirl", "ilovemyboyfriend", "ilovemyhusbandandkids", "ilovemymomanddad",
    "mahalkitaforever", "teamoconelcorazon", "jetaimepourtoujours", "loveisintheairtonight",
    "princessprincess", "beautifulgirlfriend", "ihateyouihateyou", "fuckyoufuckyoufuckyou",
    "nevergonnagiveyouup", "elizabethelizabeth", "michaeljacksonmusic", "michael-jordan-chicago",
    "jenniferjennifer", "samanthasamantha", "administratoradministrator", "rootrootrootroot",
    "testtesttesttest", "secretsecretsecret", "iamthebestintheworld", "happybirthdaytoyou",
    "onceuponatime-inthewest", "gate-gate-gate-gate"};
static const char *const leaked_rows[] = {"1q2w3e4r5t6y7u8i", "q1w2e3r4t5y6u7i8",
    "qwertyuiopasdfghjkl", "1qaz2wsx3edc4rfv", "qazwsxedcrfvtgb", "zxcvbnmasdfghjkl",
    "123456789123456789", "000000000000000", "111111111111111", "987654321987654321",
    "0123456789012345", "1234567890987654321", "123123123123123", "112233445566778899",
    "abcdefghijklmnop", "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlk", "a1b2c3d4e5f6g7h8",
    "1a2b3c4d5e6f7g8h", "qwertyuiop123456", "asdfghjkl123456", "qwerty123456789", "123456789qwerty",
    "1234567890qwertyuiop", "poiuytrewq0987654321", "!QAZ@WSX#EDC$RFV", "1qaz!QAZ2wsx@WSX",
    "zaq12wsxcde34rfv", "azertyuiopqsdfghjklm", "qwertzuiopasdfgh", "passwordpassword1",
    "password123456789", "Password123Password", "welcomewelcome1", "fcbarcelona1234567",
    "winniethepooh123", "jesuslovesme1234", "sweetheart123456", "beautifulgirl123",
    "alexander1234567", "christopher12345", "stephanie1234567", "administrator123",
    "administrator2024!", "test123test123test", "Summer2024Summer2024", "Welcome2024Welcome",
    "November2023November", "qwerty-qwerty-qwerty", "Passw0rd_Passw0rd", "P@$$w0rdP@$$w0rd",
    "p455w0rd p455w0rd", "l3tm31nl3tm31n!", "4dm1n4dm1n4dm1n", "lol123lol123lol123",
    "aaaaabbbbbccccc", "asdasdasdasdasd", "qweqweqweqweqwe", "zxczxczxczxczxc", "asdfasdfasdfasdf",
    "abcabcabcabcabc", "abc123abc123abc123", "abcd1234abcd1234", "147258369147258369",
    "159753159753159753", "741852963741852963"};

/* What stands at the beginning of such lists, of any length. */
static const char *const top[] = {"123456", "password", "12345678", "qwerty", "123456789", "12345",
    "1234", "111111", "1234567", "dragon", "123123", "baseball", "abc123", "football", "monkey",
    "letmein", "696969", "shadow", "master", "666666", "qwertyuiop", "123321", "mustang",
    "1234567890", "michael", "654321", "superman", "1qaz2wsx", "7777777", "121212", "000000",
    "qazwsx", "123qwe", "killer", "trustno1", "jordan", "jennifer", "zxcvbnm", "asdfgh", "hunter",
    "buster", "soccer", "harley", "batman", "andrew", "tigger", "sunshine", "iloveyou", "2000",
    "charlie", "robert", "thomas", "hockey", "ranger", "daniel", "starwars", "klaster", "112233",
    "george", "computer", "michelle", "jessica", "pepper", "1111", "zxcvbn", "555555", "11111111",
    "131313", "freedom", "777777", "pass", "maggie", "159753", "aaaaaa", "ginger", "princess",
    "joshua", "cheese", "amanda", "summer", "love", "ashley", "nicole", "chelsea", "biteme",
    "matthew", "access", "yankees", "987654321", "dallas", "austin", "thunder", "taylor", "matrix",
    "welcome", "admin", "login", "secret", "whatever", "hello"};

static int tried, passed; /* the passwords of one test */

static void
try(const char *password)
{
	if (strlen(password) < GATE_PASSWORD_MIN)
		return;
	tried++;
	if (gate_password_refusal(password, NAME) == NULL && passed++ < 10)
		printf("# passes: %s\n", password);
}

/* As people dress a password up: something behind it, a capital, digits for letters. */
static void
try_dressed(const char *password, bool swap)
{
	static const char plain[] = "aeiost", swapped[] = "431057";
	static const char *const tails[] = {"", "1", "!", "123", "1234", "12345678"};
	char text[200];

	for (size_t i = 0; i < COUNT(tails); i++) {
		snprintf(text, sizeof text, "%s%s", password, tails[i]);
		if (i % 2 == 1 && text[0] >= 'a' && text[0] <= 'z')
			text[0] = (char)(text[0] - 0x20);
		for (char *c = text; swap && i % 3 == 2 && *c != '\0'; c++)
			if (strchr(plain, *c) != NULL)
				*c = swapped[strchr(plain, *c) - plain];
		try(text);
	}
}

static void
test_blocklist(void)
{
	char text[200];

	tried = passed = 0;
	for (size_t i = 0; i < COUNT(leaked_words); i++)
		try_dressed(leaked_words[i], true);
	for (size_t i = 0; i < COUNT(leaked_rows); i++)
		try_dressed(leaked_rows[i], false);
	ok(tried > 700 && passed == 0, "%d well-known ones, dressed up: %d pass", tried, passed);
	for (size_t i = tried = passed = 0; i < COUNT(top); i++)
		for (size_t k = 0; k < COUNT(top); k++) {
			snprintf(text, sizeof text, "%s%s%s", top[i], top[k], i < k ? top[i] : "");
			try(text);
		}
	ok(tried > 5000 && passed == 0, "%d put together of the best known: %d pass", tried,
	    passed);
	for (size_t i = tried = passed = 0; i < COUNT(top); i++) {
		snprintf(text, sizeof text, NAME "%s" NAME, top[i]);
		try_dressed(text, false);
		snprintf(text, sizeof text, "%s-%s_%s %s", top[i], top[i], top[i], top[i]);
		try_dressed(text, false);
	}
	ok(tried > 1000 && passed == 0, "%d with the user's name, repeated: %d pass", tried,
	    passed);
}

/* Every unit of one to five characters, said again and again. */
static void
test_units(void)
{
	static const char letters[] = "kZ7!x";
	char text[31];

	tried = passed = 0;
	for (size_t size = 1; size <= 5; size++)
		for (int pick = 0; pick < 625; pick++) {
			size_t choice = (size_t)pick;

			for (size_t i = 0; i < 30; i++) {
				text[i] = i < size ? letters[choice % 5] : text[i - size];
				choice /= 5;
			}
			text[30] = '\0';
			try(text);
		}
	ok(tried == 3125 && passed == 0, "%d repetitions: %d pass", tried, passed);
}

/* ---- what must not be refused ---- */

static const char *const uncommon[] = {"abalone", "alcove", "almanac", "anvil", "apricot", "aspen",
    "baffle", "banjo", "barnacle", "basalt", "beacon", "bobbin", "bramble", "brisket", "bugle",
    "cactus", "caliper", "cargo", "cedar", "chisel", "cinder", "cobalt", "compost", "coral",
    "cricket", "cutlass", "dapple", "decoy", "denim", "dinghy", "drizzle", "dugout", "easel",
    "elbow", "ember", "envoy", "fathom", "fennel", "ferret", "fiddle", "flannel", "fossil", "gable",
    "gazebo", "geyser", "gimlet", "gravel", "grotto", "gusset", "hamlet", "hazel", "hermit",
    "hinge", "hubcap", "iguana", "ingot", "jigsaw", "jostle", "kayak", "kelp", "kiosk", "ladle",
    "lagoon", "lantern", "larch", "lichen", "limpet", "lozenge", "mallet", "marrow", "meadow",
    "mitten", "mosaic", "nettle", "nozzle", "nutmeg", "oblong", "orchid", "otter", "oyster",
    "paddle", "pebble", "pewter", "pickle", "pigment", "plinth", "pumice", "quarry", "quiver",
    "raffle", "rhubarb", "rivet", "rudder", "saddle", "sequin", "shingle", "sickle", "spatula",
    "spindle", "sprocket", "squall", "tango", "thicket", "thimble", "tundra", "turnip", "tweezer",
    "umber", "vellum", "vortex", "walnut", "wicker", "wigwam", "yodel", "zephyr", "zigzag"};

static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

static size_t
pick(size_t count) /* xorshift64: the same each time */
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state >> 16) % count;
}

static void
test_passphrases(void)
{
	static const char *const between[] = {"", " ", "-", "."};
	char text[200];

	tried = passed = 0;
	for (int i = 0; i < 3000; i++) {
		const char *blank = between[i % 4];

		snprintf(text, sizeof text, "%s%s%s%s%s%s%s%s", uncommon[pick(COUNT(uncommon))],
		    blank, uncommon[pick(COUNT(uncommon))], blank, uncommon[pick(COUNT(uncommon))],
		    blank, uncommon[pick(COUNT(uncommon))], i % 3 == 0 ? "7" : "");
		tried += strlen(text) >= GATE_PASSWORD_MIN;
		if (gate_password_refusal(text, NAME) == NULL)
			passed++;
		else if (strlen(text) >= GATE_PASSWORD_MIN)
			printf("# refused: %s\n", text);
	}
	ok(tried > 2900 && passed == tried, "%d passphrases: %d pass", tried, passed);
}

static void
test_random(void)
{
	static const struct {
		const char *name, *alphabet;
		size_t length;
	} cases[] = {
	    {"letters and digits", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
		15},
	    {"printable",
		"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
		"abcdefghijklmnopqrstuvwxyz{|}~",
		16},
	    {"lower case", "abcdefghijklmnopqrstuvwxyz", 15},
	    {"base64url", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", 22},
	    {"hexadecimal", "0123456789abcdef", 32},
	    {"digits", "0123456789", 30},
	};
	char text[40];

	for (size_t c = 0; c < COUNT(cases); c++) {
		passed = 0;
		for (tried = 0; tried < 1000; tried++) {
			for (size_t i = 0; i < cases[c].length; i++)
				text[i] = cases[c].alphabet[pick(strlen(cases[c].alphabet))];
			text[cases[c].length] = '\0';
			if (gate_password_refusal(text, NAME) == NULL)
				passed++;
			else
				printf("# refused: %s\n", text);
		}
		ok(passed == tried, "%d of %zu random characters, %s: %d pass", tried,
		    cases[c].length, cases[c].name, passed);
	}
}

/* Of the thread alone, and the least of many: what else the machine does counts little. */
static int64_t
time_of(const char *piece, size_t length)
{
	char text[GATE_PASSWORD_MAX + 1];
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < length; i++)
		text[i] = piece[i % strlen(piece)];
	text[length] = '\0';
	for (int i = 0; i < 50; i++) {
		struct timespec begin, end;
		int64_t took;

		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
		gate_password_refusal(text, "anna");
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
		took =
		    (int64_t)(end.tv_sec - begin.tv_sec) * 1000000000 + end.tv_nsec - begin.tv_nsec;
		if (took < least)
			least = took;
	}
	return least;
}

/* Four times the length must take little more than four times as long, so that no stranger keeps
 * gate busy. When the time was cubic, it took forty times as long. */
static void
test_scaling(void)
{
	static const char *const pieces[] = {"a", "ab", "1q", "x9K"};

	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		int64_t few = time_of(pieces[i], 120), many = time_of(pieces[i], 480);

		ok(many < 10 * few, "%s ...: 480 letters are judged in %.1f times the time of 120",
		    pieces[i], (double)many / (double)few);
	}
}

int
main(void)
{
	test_vectors();
	test_hostile();
	test_limits();
	test_old();
	test_lengths();
	test_failures();
	test_new_hash();
	test_apr1();
	test_rules();
	test_words();
	test_blocklist();
	test_units();
	test_passphrases();
	test_random();
	test_scaling();
	return done();
}
