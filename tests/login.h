/* login.h: a browser that logs in by whole requests.
 * There are users, counters and turns to hash; tests can move the clock and make the store fail. */
#ifndef LOGIN_H
#define LOGIN_H

#include <crypt.h>
#include <dlfcn.h>
#include <sys/syscall.h>
#include <time.h>

#include "crypto/digest.h"
#include "base/error.h"
#include "login/hashing.h"
#include "crypto/id.h"
#include "serve.h"
#include "store/file/file.h"
#include "login/throttle.h"

#define ANNA "seven wild geese in a row"
#define BEN "eleven tame ducks in a pond"
#define WRONG "nine lazy swans on a lake"
#define NEXT "thirteen grey herons at dusk"
#define SID "connect.sid"
#define DEVICE "__Host-gate-device"
#define FIREFOX "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
#define MINUTE (INT64_C(60) * 1000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static struct server v;
static struct gate_options *options;
static char users_file[96];

/* ---- the clock, which tests move, and libcrypt, whose calls are counted ---- */

static int64_t ahead;                /* ms added to all clocks but CLOCK_MONOTONIC */
static int hashes;                   /* hashes made during the last request */
static void (*at_second_hash)(void); /* called once, before the second hash */

int
clock_gettime(clockid_t which, struct timespec *t)
{
	int result = (int)syscall(SYS_clock_gettime, which, t);

	if (which == CLOCK_REALTIME || which == CLOCK_BOOTTIME) {
		t->tv_sec += ahead / 1000;
		t->tv_nsec = t->tv_nsec / 1000000 * 1000000;
	}
	return result;
}

char *
crypt_r(const char *phrase, const char *setting, struct crypt_data *data)
{
	static char *(*real)(const char *, const char *, struct crypt_data *);

	if (++hashes == 2 && at_second_hash != NULL) {
		void (*happens)(void) = at_second_hash;

		at_second_hash = NULL;
		happens();
	}
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "crypt_r");
	return real(phrase, setting, data);
}

/* ---- the store, whose calls are counted, and can fail ---- */

static struct gate_store table;
/* calls for login counters; walks over users' records: in the last request */
static int bumps, walks;
static bool no_bump, no_load, no_each, no_create; /* these calls fail */
static void (*behind_walk)(void);                 /* called after each walk */
static int each_breaks; /* a walk fails behind so many records; 0: it does not */

static inline int
bump(void *store, const char *key, int64_t add, int64_t lifetime, struct gate_bump *b,
    struct gate_error *error)
{
	if (no_bump)
		return gate_fail(error, GATE_ESTORE, "store: it fails on demand");
	bumps += strncmp(key, "login:", 6) == 0;
	return gate_store_file.bump(store, key, add, lifetime, b, error);
}

static inline int
load(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	if (no_load)
		return gate_fail(error, GATE_ESTORE, "store: it fails on demand");
	return gate_store_file.load(store, id, record, error);
}

static inline int
create(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	if (no_create)
		return gate_fail(error, GATE_ESTORE, "store: it fails on demand");
	return gate_store_file.create(store, id, record, error);
}

struct broken_walk {
	gate_store_visit *visit;
	void *data;
	int left;
};

static inline int
visit_until_broken(void *data, const char *id, struct gate_record *record)
{
	struct broken_walk *w = data;

	return each_breaks == 0 || w->left-- > 0 ? w->visit(w->data, id, record) : -1;
}

static inline int
each(void *store, const char *user, gate_store_visit *visit, void *data, struct gate_error *error)
{
	struct broken_walk broken = {visit, data, each_breaks};
	int result;

	if (no_each)
		return gate_fail(error, GATE_ESTORE, "store: it fails on demand");
	result = gate_store_file.each(store, user, visit_until_broken, &broken, error);
	if (result < 0)
		gate_fail(error, GATE_ESTORE, "store: the walk breaks on demand");
	walks++;
	if (behind_walk != NULL)
		behind_walk();
	return result;
}

static inline int
newest(void *store, const char *user, int most, gate_store_visit *visit, void *data,
    struct gate_error *error)
{
	if (no_each)
		return gate_fail(error, GATE_ESTORE, "store: it fails on demand");
	return gate_store_file.newest(store, user, most, visit, data, error);
}

/* ---- helpers ---- */

static inline bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static inline int
times(const char *text, const char *part)
{
	int count = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		count++;
	return count;
}

static inline const char *
or_nobody(const char *text)
{
	return text != NULL ? text : "nobody";
}

static char sid[512], device[512]; /* the browser's cookies, as name=value */
static bool https;
static const char *address, *agent;

/* Returns the value of the Set-Cookie line for a cookie, "" if there is none. */
static inline const char *
set_cookie(const char *cookie)
{
	static char line[1024];
	char start[64];
	const char *at;

	snprintf(start, sizeof start, "\r\nSet-Cookie: %s=", cookie);
	at = strstr(v.answer, start);
	at = at != NULL ? at + strlen("\r\nSet-Cookie: ") : "";
	snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\r\n"), at);
	return line;
}

static inline void
take_cookie(const char *cookie, char kept[512])
{
	const char *line = set_cookie(cookie);

	if (has(line, "; Max-Age=0;"))
		kept[0] = '\0';
	else if (line[0] != '\0')
		snprintf(kept, 512, "%.*s", (int)strcspn(line, ";"), line);
}

/* Sends a request as the browser, and takes the answer's cookies. Returns the answer's body. Each
 * request sends a different form, unless `again` is set. */
static bool again;

static inline const char *
ask(gate_handler *handler)
{
	char cookies[1100], from[80], with[512];
	static char form[32];
	static int forms;

	forms += !again;
	snprintf(form, sizeof form, "user=anna&form=%d", forms);
	v.body = form;

	snprintf(cookies, sizeof cookies, "HTTP_COOKIE=%s; %s", sid, device);
	snprintf(from, sizeof from, "REMOTE_ADDR=%s", address);
	snprintf(with, sizeof with, "HTTP_USER_AGENT=%s", agent);
	hashes = bumps = walks = 0;
	serve_params(&v, handler,
	    (const char *const[]){"REQUEST_METHOD=POST", "REQUEST_URI=/login",
		"HTTP_SEC_FETCH_SITE=same-origin", https ? "HTTPS=on" : "HTTPS=", from, with,
		cookies, "CONTENT_TYPE=application/x-www-form-urlencoded", NULL});
	take_cookie(SID, sid);
	take_cookie(https ? DEVICE : "gate-device", device);
	return body_of(&v);
}

static inline const char *
session_id(void)
{
	static char id[GATE_ID_MAX + 1];

	return id_in(&v.f, sid, id);
}

/* Returns the text of the browser's record. */
static inline const char *
record(void)
{
	static char text[TEXT_MAX];

	return get_record(&v.f, session_id(), text);
}

static inline bool
record_of_has(const char *id, const char *part)
{
	char text[TEXT_MAX];

	return has(get_record(&v.f, id, text), part);
}

static inline void
send_id(const char *id)
{
	struct gate_buffer text = {0};

	add_cookie(&text, v.f.config.keys, id);
	snprintf(sid, sizeof sid, "%s", gate_buffer_text(&text));
	gate_buffer_release(&text);
}

static inline void
put_session(const char *id, const char *members)
{
	char text[2048];

	snprintf(text, sizeof text,
	    "{\"cookie\":{\"originalMaxAge\":null,\"expires\":null}%s%s,\"__lastAccess\":%" PRId64
	    "}",
	    members[0] != '\0' ? "," : "", members, gate_clock_wall());
	put_record(&v.f, id, text);
	send_id(id);
}

/* Makes a session, as if a login `ago` ms ago had made it. */
static inline void
make_session(const char *id, const char *user, int64_t ago, const char *with)
{
	struct gate_cookie_attributes attributes = {.path = "/"};
	struct gate_record made = {.now = gate_clock_wall() - ago,
	    .ttl = options->ttl,
	    .user_member = options->user_member,
	    .deadline = gate_clock_monotonic() + 5000};
	struct gate_record_login login = {user, "192.0.2.9", with, made.now, made.now};
	struct gate_record_policy policy = {.cookie = &attributes, .login = &login};

	must(gate_record_stamp(&made, &policy, 0, made.now) == 0 &&
		gate_store_create(&v.f.link, id, &made, NULL) == 1,
	    id);
	gate_store_release(&v.f.link, &made);
}

static inline bool
is_there(const char *id)
{
	return record_of_has(id, "{");
}

/* Does the store's index list the id as one of the user's? */
static inline bool
is_indexed(const char *user, const char *id)
{
	char hash[GATE_SHA256_HEX + 1], path[512];

	gate_sha256_hex(hash, user, strlen(user));
	snprintf(path, sizeof path, "%s/.gate/user/%s/%s", v.f.records, hash, id);
	return access(path, F_OK) == 0;
}

static inline void
empty_folder(const char *name)
{
	char path[600];
	DIR *listing;
	const struct dirent *entry;

	snprintf(path, sizeof path, "%s/%s", v.f.records, name);
	listing = opendir(path);
	must(listing != NULL, path);
	while ((entry = readdir(listing)) != NULL)
		if (entry->d_name[0] != '.')
			must(unlinkat(dirfd(listing), entry->d_name, 0) == 0, path);
	closedir(listing);
}

static inline void
set_password(enum gate_user_change how, const char *user, const char *password)
{
	struct gate_error error = {0};
	char hash[GATE_HASH_MAX];

	must(gate_password_hash(password, hash, &error) == 0, error.text);
	must(gate_users_change(v.f.config.users, how, user, hash, NULL, &error) == 1, error.text);
}

/* ---- handlers, and what they ask for ---- */

typedef void change(struct gate_transaction *);

static const char *name, *password;
static int remember, answered;
static change *other; /* done by another request during the first run */

/* Makes another request of the same browser, between this one's load and its commit. */
static inline void
meanwhile(struct gate_request *r, change *does)
{
	struct gate_transaction s = r->transaction;

	s.queue = &v.f.other_queue;
	s.had_record = false;
	s.json = NULL;
	s.record = (struct gate_record){0};
	gate_transaction_begin(&s);
	does(&s);
	must(gate_transaction_save(&s) == 1, "the other request");
	gate_transaction_release(&s);
}

static inline void
begin_run(struct gate_request *r)
{
	gate_session(r);
	if (++v.runs == 1 && other != NULL)
		meanwhile(r, other);
}

static inline void
add_other(struct gate_transaction *s)
{
	static int others;

	json_object_set_new(gate_transaction_json(s), "other", json_integer(++others));
}

static inline void
destroy(struct gate_transaction *s)
{
	gate_transaction_destroy(s);
}

static inline void
renew(struct gate_transaction *s)
{
	gate_transaction_renew(s);
}

static inline void
log_in(struct gate_request *r)
{
	begin_run(r);
	answered = gate_login(r, name, password, remember);
	gate_printf(r, "%d %s", answered, or_nobody(gate_user(r)));
}

static inline void
who(struct gate_request *r)
{
	v.runs++;
	gate_printf(r, "%s", or_nobody(gate_user(r)));
}

static inline void
dump(struct gate_request *r)
{
	char *text = json_dumps(gate_session(r), JSON_COMPACT);

	gate_printf(r, "%s", text);
	free(text);
}

static inline void
put_n(struct gate_request *r)
{
	begin_run(r);
	json_object_set_new(gate_session(r), "n", json_integer(1));
	gate_printf(r, "%s", or_nobody(gate_user(r)));
}

static inline void
log_out(struct gate_request *r)
{
	begin_run(r);
	answered = gate_logout(r);
	gate_printf(r, "%d %s", answered, or_nobody(gate_user(r)));
}

/* Logs in. Returns the answer's body. */
static inline const char *
log_in_as(const char *who_it_is, const char *with)
{
	name = who_it_is;
	password = with;
	return ask(log_in);
}

static const char *new_password, *why;

static inline void
change_password(struct gate_request *r)
{
	begin_run(r);
	answered = gate_change_password(r, password, new_password, &why);
	gate_printf(r, "%d %s", answered, why != NULL ? why : "");
}

static inline const char *
change_to(const char *old, const char *new)
{
	password = old;
	new_password = new;
	return ask(change_password);
}

static inline void
move_users(bool go)
{
	char away[112];

	snprintf(away, sizeof away, "%s.away", users_file);
	must(rename(go ? users_file : away, go ? away : users_file) == 0, away);
}

/* Removes times from the users' file, so that sessions made in the past count again. */
static inline void
forget_times(void)
{
	char text[TEXT_MAX], *at;
	int fd = open(users_file, O_RDWR | O_CLOEXEC);
	ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

	if (length < 0)
		return;
	text[length] = '\0';
	while ((at = strstr(text, "# gate: ")) != NULL) {
		char *next = strchr(at, '\n');

		must(next != NULL, users_file);
		memmove(at, next + 1, strlen(next + 1) + 1);
	}
	must(ftruncate(fd, 0) == 0 && pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text),
	    users_file);
	close(fd);
}

static inline void
begin(void)
{
	count_records(&v.f, true);
	empty_folder(".gate/bump");
	forget_times();
	sid[0] = device[0] = '\0';
	https = true;
	address = "192.0.2.1";
	agent = FIREFOX;
	remember = 0;
	other = NULL;
	again = false;
	name = "anna";
	password = ANNA;
	new_password = NEXT;
}

static inline void
open_users(void)
{
	struct gate_error error = {0};
	char url[112];
	int fd;

	snprintf(users_file, sizeof users_file, "%s/users", v.f.folder);
	snprintf(url, sizeof url, "file:%s", users_file);
	fd = open(users_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0 && close(fd) == 0, users_file);
	v.f.config.users = gate_users_open(url, &error);
	must(v.f.config.users != NULL, error.text);
	set_password(GATE_USER_ADD, "anna", ANNA);
	set_password(GATE_USER_ADD, "ben", BEN);
}

static inline void
open_server(void)
{
	struct gate_error error = {0};

	server_open(&v);
	options = &v.f.config.options;
	table = gate_store_file;
	table.bump = bump;
	table.create = create;
	table.load = load;
	table.each = each;
	table.newest = newest;
	v.f.link.table = &table;
	v.request.hashing = gate_hashing_open(options->run_dir, 64, 2, &error);
	must(v.request.hashing != NULL, error.text);
	open_users();
}

static inline void
close_server(void)
{
	gate_users_close(v.f.config.users);
	gate_hashing_close(v.request.hashing);
	server_close(&v);
}

#endif
