/* test_session_table.c: compares with express-session's decisions, for every kind of request, every
 * action of a handler, every policy. Each difference must be in the list of deviations. */
#include "config.h"

#include "base/date.h"
#include "fixture.h"
#include "crypto/id.h"
#include "store/file/private.h"

#define NOW INT64_C(1795253199612) /* 2026-11-21 */
#define HOUR (INT64_C(60) * 60 * 1000)
#define SEEDED "seeded-seeded-seeded-seeded-seed"
#define VIEWS 7 /* what a handler that modifies the session sets */

enum kind {
	NO_COOKIE,
	BAD_SIGNATURE,
	UNKNOWN_ID,
	RENEWED,
	TOUCHED_LONG_AGO,
	TOUCHED_NOW,
	NEVER_TOUCHED, /* made just now, by a stranger's first request */
	OLD_SECRETS,
	NODES_LOGIN, /* only the member says so; for the others `gate.user` is user_member */
	KINDS
};
static const char *const kinds[] = {"no cookie", "bad signature", "signed unknown id",
    "signed id that was renewed just now", "touched long ago", "touched just now",
    "made just now, never touched", "signed with the old secret", "logged in by Node just now"};

enum action {
	NOTHING,
	NEVER_ASKED,
	MODIFY,
	MODIFY_UNDO,
	MAX_AGE,
	COMMIT,
	COMMIT_MODIFY,
	MODIFY_COMMIT,
	RENEW,
	RENEW_MODIFY,
	RENEW_COMMIT,
	DESTROY,
	DESTROY_MODIFY,
	MAX_AGE_ZERO,
	LOGIN,
	LOGIN_LONG,
	LOGIN_MODIFY,
	ACTIONS
};
static const char *const actions[] = {"nothing", "never asked", "modify", "modify and undo",
    "change max_age only", "commit untouched", "commit, modify", "modify, commit", "renew",
    "renew, modify", "renew, commit", "destroy", "destroy, modify", "max_age 0", "login",
    "login to be remembered", "login, modify"};

struct combination {
	enum kind kind;
	enum action action;
	bool resave, save_uninitialized, rolling, expiring;
};

enum cookie { KEPT, SET, CLEARED };
static const char *const cookies[] = {"kept", "set", "cleared"};
enum user { NOBODY, ANNA, NODES_USER };
static const char *const users[] = {"nobody", "anna", "node"};

struct outcome {
	int loads, creates, updates, touches,
	    removes; /* store calls that find or change something */
	enum cookie cookie;
	bool dated;     /* a cookie that is set has Expires */
	bool stored;    /* and its attributes come from the record, not from the options */
	int records;    /* that are left */
	bool kept;      /* the record has the seeded member */
	int views;      /* and the modification */
	enum user user; /* and who is logged in */
	bool refused;   /* what the handler put in would be lost: 409 */
};

static struct fixture f;

/* ---- express-session 1.19, as reference/node-formats.md §1.11 and §1.12 have it ---- */

struct express {
	const struct combination *c;
	struct outcome o;
	bool session, exists, is_new, id_changed;
	bool expires; /* the cookie has a date: "E" */
	bool kept;
	int views;
	enum user user;
	int original_hash, saved_hash; /* -1: unset */
};

static bool
is_loaded(const struct combination *c)
{
	return c->kind >= TOUCHED_LONG_AGO;
}

static bool
is_login(const struct combination *c)
{
	return c->action == LOGIN || c->action == LOGIN_LONG || c->action == LOGIN_MODIFY;
}

static int
hash(const struct express *e)
{
	return (e->views * 2 + e->kept) * 3 + (int)e->user;
}

static bool
is_modified(const struct express *e)
{
	return e->id_changed || hash(e) != e->original_hash;
}

static bool
is_saved(const struct express *e)
{
	return !e->id_changed && hash(e) == e->saved_hash;
}

static void
express_set(struct express *e)
{
	*(e->exists ? &e->o.updates : &e->o.creates) += 1;
	e->exists = true;
	e->o.kept = e->kept;
	e->o.views = e->views;
	e->o.user = e->user;
}

static void
express_destroy(struct express *e) /* of an id that was never stored: nobody sees it */
{
	e->o.removes += e->exists;
	e->exists = e->o.kept = false;
	e->o.views = 0;
	e->o.user = NOBODY;
}

static void
express_save(struct express *e)
{
	if (!e->id_changed) /* a regenerated session's save is not wrapped */
		e->saved_hash = hash(e);
	express_set(e);
}

static void
express_handler(struct express *e)
{
	enum action a = e->c->action;

	if (a == RENEW || a == RENEW_MODIFY || a == RENEW_COMMIT || is_login(e->c)) {
		express_destroy(e);
		e->kept = false;
		e->user = is_login(e->c) ? ANNA : NOBODY; /* as Passport's logIn does it */
		e->is_new = e->id_changed = true;
		e->expires = e->c->expiring;
	}
	if (a == COMMIT || a == COMMIT_MODIFY || a == RENEW_COMMIT)
		express_save(e);
	if (a == MODIFY || a == COMMIT_MODIFY || a == MODIFY_COMMIT || a == RENEW_MODIFY ||
	    a == LOGIN_MODIFY)
		e->views = VIEWS;
	if (a == MODIFY_COMMIT)
		express_save(e);
	/* cookie.maxAge = 3 h, or null: with the browser */
	if (a == MAX_AGE || a == MAX_AGE_ZERO || a == LOGIN_LONG)
		e->expires = a != MAX_AGE_ZERO;
	if (a == DESTROY || a == DESTROY_MODIFY) {
		express_destroy(e);
		e->session = false;
	}
}

static struct outcome
express(const struct combination *c)
{
	struct express e = {.c = c,
	    .session = true,
	    .exists = is_loaded(c),
	    .is_new = !is_loaded(c),
	    .expires = c->expiring,
	    .kept = is_loaded(c),
	    .user = c->kind == NODES_LOGIN ? NODES_USER : NOBODY,
	    .saved_hash = -1};
	bool save, set_cookie;

	e.original_hash = hash(&e);
	if (is_loaded(c) && !c->resave)
		e.saved_hash = e.original_hash;
	e.o.loads = c->kind >= UNKNOWN_ID;
	e.o.kept = is_loaded(c);
	e.o.user = e.user;
	express_handler(&e);
	if (e.session) {
		set_cookie = e.is_new ? c->save_uninitialized || is_modified(&e)
				      : c->rolling || (e.expires && is_modified(&e));
		save = !c->save_uninitialized && e.saved_hash == -1 && e.is_new ? is_modified(&e)
										: !is_saved(&e);
		if (save)
			express_set(&e);
		e.o.touches = !e.is_new && !save;
		e.o.cookie = set_cookie ? SET : KEPT;
		e.o.dated = set_cookie && e.expires;
		e.o.stored = set_cookie && !e.is_new;
	}
	e.o.records = e.exists;
	return e.o;
}

/* ---- what we do otherwise, and why (design.md) ---- */

static void
lazy_loading(struct combination *c, struct outcome *o)
{
	if (c->action == NEVER_ASKED)
		*o = (struct outcome){
		    .records = is_loaded(c), .kept = is_loaded(c), .user = o->user};
}

static void
untouched_new_commit(struct combination *c, struct outcome *o)
{
	if (is_loaded(c) || c->action != COMMIT || c->save_uninitialized)
		return;
	c->action = NOTHING;
	*o = express(c);
}

static void
one_commit(struct combination *c, struct outcome *o)
{
	static const enum action without[ACTIONS] = {
	    [COMMIT_MODIFY] = NOTHING, [MODIFY_COMMIT] = MODIFY, [RENEW_COMMIT] = RENEW};

	if (c->action != COMMIT && without[c->action] == NOTHING && c->action != COMMIT_MODIFY)
		return;
	c->action = without[c->action];
	*o = express(c);
}

static void
lifetime_is_a_change(struct combination *c, struct outcome *o)
{
	bool changes = c->action == MAX_AGE || (c->action == MAX_AGE_ZERO && c->expiring);

	if (!is_loaded(c) || !changes)
		return;
	o->updates = 1;
	o->touches = 0;
	o->cookie = SET;
	o->dated = c->action == MAX_AGE;
}

static void
throttled_touch(struct combination *c, struct outcome *o)
{
	if (c->kind == TOUCHED_NOW || c->kind == OLD_SECRETS)
		o->touches = 0;
}

static void
login_of_node(struct combination *c, struct outcome *o)
{
	if (c->kind != NODES_LOGIN || c->action == NEVER_ASKED || o->creates + o->removes > 0)
		return;
	o->updates = 1;
	o->touches = 0;
	if (o->cookie == KEPT && c->expiring && c->action != MAX_AGE_ZERO) {
		o->cookie = SET;
		o->dated = true;
	}
}

static void
touch_with_cookie(struct combination *c, struct outcome *o)
{
	if (o->touches == 0 || !c->expiring || o->cookie != KEPT)
		return;
	o->cookie = SET;
	o->dated = true;
}

static void
renew_keeps(struct combination *c, struct outcome *o)
{
	bool renews = c->action == RENEW || c->action == RENEW_MODIFY;

	if (is_loaded(c) && renews && c->kind == NODES_LOGIN)
		o->user = NODES_USER;
	if (is_loaded(c) && (renews || (is_login(c) && c->kind != NODES_LOGIN)))
		o->kept = true;
	else if (c->action == RENEW && !c->save_uninitialized)
		*o = (struct outcome){.loads = o->loads};
}

static void
destroy_clears(struct combination *c, struct outcome *o)
{
	if ((c->action == DESTROY || c->action == DESTROY_MODIFY) && c->kind != NO_COOKIE)
		o->cookie = CLEARED;
}

static void
old_secret(struct combination *c, struct outcome *o)
{
	if (c->kind != OLD_SECRETS || c->action == NEVER_ASKED || o->cookie != KEPT)
		return;
	o->cookie = SET;
	o->dated = c->expiring && c->action != MAX_AGE_ZERO;
}

static void
gone_is_left_alone(struct combination *c, struct outcome *o)
{
	bool changes = c->action == MODIFY || c->action == RENEW || c->action == RENEW_MODIFY ||
	    c->action == MAX_AGE || c->action == MAX_AGE_ZERO;

	if (c->kind == RENEWED && c->action != NEVER_ASKED && !is_login(c))
		*o = (struct outcome){.loads = 1, .refused = changes};
}

static void
another_look(struct combination *c, struct outcome *o)
{
	if (is_loaded(c) && o->cookie == SET && o->creates + o->updates + o->touches == 0)
		o->loads++;
}

static void
own_attributes(struct combination *c, struct outcome *o)
{
	(void)c;
	o->stored = false;
}

static void
adopted(struct combination *c, struct outcome *o)
{
	o->touches += c->kind == NODES_LOGIN && c->action != NEVER_ASKED;
}

static struct deviation {
	const char *name;
	void (*apply)(struct combination *, struct outcome *); /* NULL: has a test of its own */
	int used;
} deviations[] = {
    {"lazy loading: who never asks leaves the session alone", lazy_loading, 0},
    {"committing an untouched new session writes nothing", untouched_new_commit, 0},
    {"a request has one commit: what follows it is dropped, no second write or touch", one_commit,
	0},
    {"a changed lifetime counts as modified", lifetime_is_a_change, 0},
    {"touch is throttled", throttled_touch, 0},
    {"a login made by Node counts as modified: index and lists follow", login_of_node, 0},
    {"a touch of a session whose cookie has an age sends the cookie again", touch_with_cookie, 0},
    {"renew and login keep the data, unless another user was logged in; a renewed empty new "
     "session writes nothing",
	renew_keeps, 0},
    {"destroy clears the cookie", destroy_clears, 0},
    {"a cookie signed with an old secret is signed anew", old_secret, 0},
    {"of an id that was renewed just now nothing is stored, set or cleared, but by a login; a "
     "change is refused",
	gone_is_left_alone, 0},
    {"a cookie that no write stands for is set after another look at the record", another_look, 0},
    {"Set-Cookie takes its attributes from the options, resolved", own_attributes, 0},
    {"a login made by Node is put into the user's list when it is first seen", adopted, 0},
    {"a conflict of resave is ignored", NULL, 0},
    {"unset does not exist", NULL, 0},
    {"a stranger's new record ends after first_ttl, until the visitor comes back", NULL, 0},
    {"a new record stores resolved attributes of its cookie, never auto", NULL, 0},
};
enum {
	RESAVE_CONFLICT = 14,
	UNSET = 15,
	FIRST_TTL = 16,
	NEVER_AUTO = 17,
	DEVIATIONS = sizeof deviations / sizeof *deviations
};

static bool
equal(const struct outcome *a, const struct outcome *b)
{
	return a->loads == b->loads && a->creates == b->creates && a->updates == b->updates &&
	    a->touches == b->touches && a->removes == b->removes && a->cookie == b->cookie &&
	    a->dated == b->dated && a->stored == b->stored && a->records == b->records &&
	    a->kept == b->kept && a->views == b->views && a->user == b->user &&
	    a->refused == b->refused;
}

static struct outcome
expected(struct combination c, bool used[DEVIATIONS])
{
	struct outcome o = express(&c);

	for (size_t i = 0; i < DEVIATIONS; i++) {
		struct outcome before = o;

		if (deviations[i].apply == NULL)
			continue;
		deviations[i].apply(&c, &o);
		if (equal(&before, &o))
			continue;
		deviations[i].used++;
		used[i] = true;
	}
	return o;
}

/* ---- the real thing ---- */

static void
seed(const struct combination *c)
{
	int64_t touched = NOW - (c->kind == TOUCHED_LONG_AGO ? HOUR / 2 : 10);
	const char *user = c->kind == NODES_LOGIN ? ",\"username\":\"node\"" : "";
	char text[512], made[64], date[GATE_ISO_LENGTH + 1];

	snprintf(made, sizeof made, ",\"gate\":{\"created\":%" PRId64 "}", touched);
	if (c->kind == NEVER_TOUCHED)
		user = made;
	gate_iso_date(date, touched + HOUR);
	snprintf(text, sizeof text,
	    c->expiring
		? "{\"cookie\":{\"originalMaxAge\":3600000,\"expires\":\"%s\",\"httpOnly\":true,"
		  "\"path\":\"/\",\"sameSite\":\"strict\"},\"kept\":1%s,\"__lastAccess\":%" PRId64
		  "}"
		: "{\"cookie\":{\"originalMaxAge\":null,\"expires\":null,\"httpOnly\":true,"
		  "\"path\":\"/"
		  "\",\"sameSite\":\"strict\"},\"kept\":1%.0s%s,\"__lastAccess\":%" PRId64 "}",
	    date, user, touched);
	put_record(&f, SEEDED, text);
	gate_store_file_unindex(f.link.store, "node", SEEDED);
}

static void
mark_renewed(void)
{
	struct gate_bump bump;

	must(gate_store_bump(&f.link, "renewed:" SEEDED, 1, HOUR, &bump, NULL) == 1, "a mark");
}

static void
make_cookie(const struct combination *c, struct gate_buffer *out)
{
	if (c->kind == BAD_SIGNATURE)
		gate_buffer_puts(out, "connect.sid=s%3A" SEEDED ".no9signature9of9ours");
	else if (c->kind != NO_COOKIE)
		add_cookie(out, c->kind == OLD_SECRETS ? f.old_keys : f.config.keys, SEEDED);
}

static void
handler(struct gate_transaction *s, enum action a)
{
	static const struct gate_record_login login = {"anna", "192.0.2.1", NULL, NOW, NOW};
	json_t *session = a != NEVER_ASKED ? gate_transaction_json(s) : NULL;

	if (a == RENEW || a == RENEW_MODIFY || a == RENEW_COMMIT)
		gate_transaction_renew(s);
	if (a == LOGIN || a == LOGIN_LONG || a == LOGIN_MODIFY)
		gate_transaction_log_in(
		    s, &login, a == LOGIN_LONG ? 3 * HOUR : s->options->max_age);
	if (a == DESTROY || a == DESTROY_MODIFY)
		gate_transaction_destroy(s);
	if (a == MAX_AGE || a == MAX_AGE_ZERO)
		gate_transaction_set_max_age(s, a == MAX_AGE ? 3 * HOUR : 0);
	if (a == COMMIT || a == COMMIT_MODIFY || a == RENEW_COMMIT)
		gate_transaction_save(s);
	if (a == MODIFY || a == COMMIT_MODIFY || a == MODIFY_COMMIT || a == RENEW_MODIFY ||
	    a == DESTROY_MODIFY || a == MODIFY_UNDO || a == LOGIN_MODIFY)
		json_object_set_new(session, "views", json_integer(VIEWS));
	if (a == MODIFY_UNDO)
		json_object_del(session, "views");
	if (a == MODIFY_COMMIT)
		gate_transaction_save(s);
}

static void
look_at_cookie(const struct gate_transaction *s, const char *line, struct outcome *o, bool *good)
{
	char id[GATE_ID_MAX + 1], text[TEXT_MAX];

	o->cookie = line[0] == '\0' ? KEPT : strstr(line, "; Max-Age=0;") != NULL ? CLEARED : SET;
	if (o->cookie != SET)
		return;
	o->dated = strstr(line, "; Expires=") != NULL;
	o->stored = strstr(line, "; SameSite=Lax") == NULL;
	*good =
	    *good && strcmp(id_in(&f, line, id), s->id) == 0 && get_record(&f, id, text)[0] != '\0';
}

static void
look_at_record(const struct gate_transaction *s, struct outcome *o)
{
	const char *user, *member = s->options->user_member;
	char text[TEXT_MAX];
	json_t *record = NULL, *gate;

	if (get_record(&f, s->id[0] != '\0' ? s->id : SEEDED, text)[0] != '\0')
		record = json_loads(text, 0, NULL);
	o->kept = json_object_get(record, "kept") != NULL;
	o->views = (int)json_integer_value(json_object_get(record, "views"));
	gate = json_object_get(record, "gate");
	user = json_string_value(strcmp(member, "username") == 0 ? json_object_get(record, member)
								 : json_object_get(gate, "user"));
	while (user != NULL && o->user < NODES_USER && strcmp(user, users[o->user]) != 0)
		o->user++;
	o->records = count_records(&f, true);
	json_decref(record);
}

static struct outcome
actual(const struct combination *c, bool *good)
{
	struct gate_buffer header = {0}, line = {0};
	unsigned long before[GATE_STORE_CALLS];
	char member[] = "username", *usual = f.config.options.user_member;
	struct gate_transaction s;
	struct outcome o = {0};
	int result;

	if (is_loaded(c))
		seed(c);
	if (c->kind == RENEWED)
		mark_renewed();
	if (c->kind == NODES_LOGIN)
		f.config.options.user_member = member;
	make_cookie(c, &header);
	f.config.options.resave = c->resave;
	f.config.options.rolling = c->rolling;
	f.config.options.save_uninitialized = c->save_uninitialized;
	f.config.options.max_age = c->expiring ? HOUR : 0;
	for (size_t i = 0; i < GATE_STORE_CALLS; i++)
		before[i] = f.link.calls[i];
	s = (struct gate_transaction){.options = &f.config.options,
	    .keys = f.config.keys,
	    .store = &f.link,
	    .queue = &f.queue,
	    .cookies = gate_buffer_text(&header),
	    .path = "/",
	    .now = NOW,
	    .deadline = gate_clock_monotonic() + 5000};
	gate_transaction_begin(&s);
	handler(&s, c->action);
	result = gate_transaction_save(&s);
	o.refused = result == -1 && s.refusal == GATE_SESSION_LOST;
	*good = (o.refused || result == 1) && gate_transaction_set_cookie(&s, 0, &line) >= 0;
	o.loads = (int)(f.link.calls[GATE_STORE_LOAD] - before[GATE_STORE_LOAD]);
	o.creates = (int)(f.link.calls[GATE_STORE_CREATE] - before[GATE_STORE_CREATE]);
	o.updates = (int)(f.link.calls[GATE_STORE_UPDATE] - before[GATE_STORE_UPDATE]);
	o.touches = (int)(f.link.calls[GATE_STORE_TOUCH] - before[GATE_STORE_TOUCH]);
	o.removes = (int)(f.link.calls[GATE_STORE_REMOVE] - before[GATE_STORE_REMOVE]);
	look_at_cookie(&s, gate_buffer_text(&line), &o, good);
	look_at_record(&s, &o);
	f.config.options.user_member = usual;
	gate_transaction_release(&s);
	forget_end(&f, SEEDED);
	gate_buffer_release(&header);
	gate_buffer_release(&line);
	return o;
}

static void
show(const char *who, const struct outcome *o)
{
	printf("#   %-8s loads %d creates %d updates %d touches %d removes %d cookie %s%s%s "
	       "records %d%s "
	       "views %d user %s\n",
	    who, o->loads, o->creates, o->updates, o->touches, o->removes, cookies[o->cookie],
	    o->dated ? " dated" : "", o->stored ? " from the record" : "", o->records,
	    o->kept ? " kept" : "", o->views, users[o->user]);
}

/* One line for the sixteen policies of a kind of request and an action. */
static void
group(enum kind kind, enum action action)
{
	bool used[DEVIATIONS] = {false}, all = true;
	char names[64] = "";

	for (unsigned policy = 0; policy < 16; policy++) {
		struct combination c = {
		    kind, action, policy & 1, policy & 2, policy & 4, policy & 8};
		struct outcome want = expected(c, used), got;
		bool good;

		listen_in(&f);
		got = actual(&c, &good);
		hear_out(&f);
		if (good && equal(&want, &got))
			continue;
		if (!all)
			continue;
		all = false; /* one example is enough */
		printf("# resave %d save_uninitialized %d rolling %d expiring %d%s\n", c.resave,
		    c.save_uninitialized, c.rolling, c.expiring,
		    good ? "" : ": failed or a bad cookie");
		show("wanted", &want);
		show("got", &got);
	}
	for (size_t i = 0; i < DEVIATIONS; i++)
		if (used[i])
			snprintf(
			    names + strlen(names), sizeof names - strlen(names), " %zu", i + 1);
	ok(all, "%s, handler: %s: as express-session%s%s", kinds[kind], actions[action],
	    names[0] != '\0' ? ", deviations" : "", names);
}

/* resave writes what it did not change: somebody else's change in between must win. */
static void
test_resave_conflict(void)
{
	struct combination c = {.kind = TOUCHED_NOW, .resave = true};
	struct gate_buffer header = {0};
	struct gate_transaction mine, other;
	char text[TEXT_MAX];

	seed(&c);
	make_cookie(&c, &header);
	f.config.options.resave = true;
	f.config.options.rolling = f.config.options.save_uninitialized = false;
	mine = other = (struct gate_transaction){.options = &f.config.options,
	    .keys = f.config.keys,
	    .store = &f.link,
	    .cookies = gate_buffer_text(&header),
	    .path = "/",
	    .now = NOW,
	    .deadline = gate_clock_monotonic() + 5000};
	mine.queue = &f.queue;
	other.queue = &f.other_queue;
	gate_transaction_begin(&mine);
	gate_transaction_json(&mine);
	gate_transaction_begin(&other);
	handler(&other, MODIFY);
	ok(gate_transaction_save(&other) == 1 && gate_transaction_save(&mine) == 1 &&
		mine.decision.action == GATE_SESSION_REWRITE,
	    "resave after somebody else's change: no conflict, no second run");
	deviations[RESAVE_CONFLICT].used += ok(
	    strstr(get_record(&f, SEEDED, text), "\"views\":7") != NULL, "and that change stays");
	gate_transaction_release(&mine);
	gate_transaction_release(&other);
	gate_buffer_release(&header);
	count_records(&f, true);
}

static void
test_unset(void)
{
	struct gate_options options;
	struct gate_error error = {0};

	deviations[UNSET].used +=
	    ok(gate_options_load(
		   &options, (const char *const[]){"config=", "unset=destroy", NULL}, &error) < 0,
		"an option unset is refused");
	gate_options_release(&options);
}

static struct gate_transaction
transaction_at(int64_t now, const char *cookie_header)
{
	return (struct gate_transaction){.options = &f.config.options,
	    .keys = f.config.keys,
	    .store = &f.link,
	    .queue = &f.queue,
	    .cookies = cookie_header,
	    .path = "/",
	    .now = now,
	    .deadline = gate_clock_monotonic() + 5000};
}

/* Makes a session by a request that came by https, or not. Does its record hold this part? */
static bool
new_record_has(bool secure, const char *part)
{
	struct gate_transaction s = transaction_at(NOW, "");
	char text[TEXT_MAX];
	bool found;

	s.secure = secure;
	gate_transaction_begin(&s);
	handler(&s, MODIFY);
	found = gate_transaction_save(&s) == 1 && strstr(get_record(&f, s.id, text), part) != NULL;
	gate_transaction_release(&s);
	count_records(&f, true);
	return found;
}

static void
test_never_auto(void)
{
	f.config.options.cookie_secure = GATE_AUTO;
	deviations[NEVER_AUTO].used +=
	    ok(new_record_has(true, "\"secure\":true,\"httpOnly\":true,\"path\":\"/\"") &&
		    new_record_has(false, "\"views\":7") && !new_record_has(false, "\"secure\"") &&
		    !new_record_has(true, "auto"),
		"cookie_secure = auto: a record says what came of it");
}

/* Is the seeded session there at this time? */
static bool
lives(int64_t now, const char *header)
{
	struct gate_transaction s = transaction_at(now, header);
	bool loaded;

	gate_transaction_begin(&s);
	gate_transaction_json(&s);
	loaded = s.state == GATE_SESSION_LOADED && gate_transaction_save(&s) == 1;
	gate_transaction_release(&s);
	return loaded;
}

/* Made at NOW - 10 with a lifetime of an hour. */
static void
test_first_ttl(void)
{
	struct combination c = {.kind = NEVER_TOUCHED, .expiring = true};
	int64_t made = NOW - 10, minute = HOUR / 60;
	struct gate_buffer header = {0};

	f.config.options.resave = false;
	f.config.options.first_ttl = 10 * minute;
	make_cookie(&c, &header);
	seed(&c);
	deviations[FIRST_TTL].used += ok(!lives(made + 10 * minute, header.data),
	    "a stranger's record that nobody came back to ends after first_ttl");
	ok(lives(made + 10 * minute - 1, header.data) &&
		lives(made + 70 * minute - 2, header.data) &&
		!lives(made + 140 * minute, header.data),
	    "who comes back in time has it for its lifetime, and prolongs that");
	c.kind = NODES_LOGIN;
	seed(&c);
	ok(lives(made + HOUR - 1, header.data), "Node's record knows nothing of it");
	c.kind = NEVER_TOUCHED;
	seed(&c);
	f.config.options.first_ttl = 0;
	ok(lives(made + HOUR - 1, header.data), "first_ttl = 0: the lifetime alone counts");
	gate_buffer_release(&header);
	count_records(&f, true);
}

int
main(void)
{
	fixture_open(&f);
	f.config.options.first_ttl = HOUR / 4; /* of a lifetime of an hour */
	for (int kind = 0; kind < KINDS; kind++)
		for (int action = 0; action < ACTIONS; action++)
			group((enum kind)kind, (enum action)action);
	test_resave_conflict();
	test_unset();
	test_never_auto();
	test_first_ttl();
	for (size_t i = 0; i < DEVIATIONS; i++)
		ok(deviations[i].used > 0, "deviation %zu was seen: %s", i + 1, deviations[i].name);
	fixture_close(&f);
	return done();
}
