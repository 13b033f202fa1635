/* gate_session.c: gate session: lists, counts, shows, ends, sweeps and copies sessions. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "http/cookie.h"
#include "base/date.h"
#include "base/encode.h"
#include "base/error.h"
#include "gate_command.h"
#include "crypto/id.h"
#include "record/record.h"
#include "crypto/sign.h"
#include "user/user.h"

struct job {
	struct gate_options options;
	struct gate_store_link link;
	struct gate_error error;
	char id[GATE_ID_MAX + 1];       /* of show and kill */
	const char *user;               /* --user: only this user's sessions; NULL: all */
	bool all;                       /* --all, of kill */
	char *from;                     /* of copy: the URL of a store */
	struct gate_store_link *source; /* of copy: that store, open */
	size_t count, left, lost;       /* done; of copy: there already; failed */
	size_t seen;                    /* so far, in a walk over all sessions */
	bool shown;                     /* progress is on the terminal */
};

/* ---- progress, shown on a terminal ---- */

#define STEP 1000 /* sessions */

static void
show_progress(struct job *job)
{
	if (++job->seen % STEP == 0 && isatty(STDERR_FILENO)) {
		fprintf(stderr, "\r%zu sessions so far ", job->seen);
		job->shown = true;
	}
}

static void
end_progress(struct job *job)
{
	if (job->shown)
		fputs("\r\033[K", stderr);
	job->shown = false;
}

static void
print_time(int64_t ms, const char *otherwise)
{
	char date[GATE_ISO_LENGTH + 1];

	gate_iso_date(date, ms);
	printf("\t%s", ms > 0 && ms < INT64_MAX ? date : otherwise);
}

/* ---- one session ---- */

static int
print_session(struct job *job, const char *id, const struct gate_record *record)
{
	size_t length;
	char *text = gate_record_text(record, &length);

	if (text == NULL)
		return gate_fail(&job->error, GATE_EMEMORY, "out of memory");
	printf("%s\t", id);
	gate_command_print(record->user != NULL ? record->user : "-");
	print_time(record->created, "-");
	print_time(record->touched, "-");
	print_time(gate_record_end(record, &job->options), "never");
	printf("\t%zu\n", length);
	free(text);
	return 1;
}

static int
show(struct job *job)
{
	struct gate_record record = gate_command_record(&job->options);
	int result = gate_store_load(&job->link, job->id, &job->options, &record, &job->error);
	size_t length;
	char *text;

	if (result == 0)
		return gate_fail(&job->error, GATE_ESTORE, "there is no live session %s", job->id);
	if (result == GATE_UNREADABLE)
		return gate_fail(&job->error, GATE_ESTORE,
		    "session %s can't be read; gate session kill ends it", job->id);
	if (result < 0)
		return -1;
	text = gate_record_text(&record, &length);
	if (text != NULL)
		gate_command_print_json(text, length);
	else
		result = gate_fail(&job->error, GATE_EMEMORY, "out of memory");
	free(text);
	gate_store_release(&job->link, &record);
	return result;
}

static int
kill_one(void *data, const char *id, struct gate_record *record)
{
	struct job *job = data;
	bool unread = record->members == NULL; /* it may be somebody's */
	int result = record->user != NULL || unread
	    ? gate_store_end(&job->link, id, NULL, &job->error)
	    : gate_store_remove(&job->link, id, NULL, &job->error);

	job->count += result == 1;
	show_progress(job);
	return result < 0 ? -1 : 1;
}

/* Writes into the users' file or collection that all sessions of the user so far are over: that
 * ends also those that no index lists. */
static void
tell_users(struct job *job)
{
	struct gate_error error = {0};
	struct gate_users *users = NULL;
	int64_t since, now = gate_clock_wall();
	int result = -1;

	if (job->user == NULL || job->options.users[0] == '\0')
		return;
	users = gate_users_open(job->options.users, &error);
	if (users != NULL) {
		gate_users_set_timeouts(users, &job->options);
		result = gate_users_since(users, job->user, &since, &error);
	}
	if (result >= 0)
		result = gate_users_end(users, job->user, (now > since ? now : since) + 1, &error);
	if (result < 0)
		fprintf(stderr,
		    "gate: only the sessions that are listed end, as the users can't be told: %s\n",
		    error.text);
	gate_users_close(users);
}

static int
kill_sessions(struct job *job)
{
	int result;

	tell_users(job);
	result = gate_store_each(&job->link, job->user, kill_one, job, &job->error);
	end_progress(job);
	printf("%zu sessions are gone\n", job->count);
	return result;
}

static int
kill_session(struct job *job)
{
	int result;

	if (job->user != NULL || job->all)
		return kill_sessions(job);
	result = gate_store_end(&job->link, job->id, NULL, &job->error);
	if (result == 0)
		return gate_fail(&job->error, GATE_ESTORE, "there is no session %s", job->id);
	if (result == 1)
		printf("%s is gone\n", job->id);
	return result;
}

/* ---- all of them ---- */

/* Skips what has expired: `each` of a store shows that, too. */
static int
print_one(void *data, const char *id, struct gate_record *record)
{
	struct job *job = data;

	if (!isatty(STDOUT_FILENO)) /* else the list itself shows progress */
		show_progress(job);
	return gate_store_is_live(&job->link, id, record, &job->options)
	    ? print_session(job, id, record)
	    : 1;
}

static int
count_one(void *data, const char *id, struct gate_record *record)
{
	struct job *job = data;

	job->count += gate_store_is_live(&job->link, id, record, &job->options);
	show_progress(job);
	return 1;
}

static int
list(struct job *job)
{
	int result = gate_store_each(&job->link, job->user, print_one, job, &job->error);

	end_progress(job);
	return result;
}

static int
count(struct job *job)
{
	int result = gate_store_each(&job->link, job->user, count_one, job, &job->error);

	end_progress(job);
	if (result > 0)
		printf("%zu\n", job->count);
	return result;
}

static int
sweep(struct job *job)
{
	int swept;

	job->options.sweep_interval = 0;                 /* whenever the last sweep was */
	job->options.auto_remove = GATE_REMOVE_INTERVAL; /* even if the programs sweep nothing */
	swept = gate_store_sweep(&job->link, &job->options, &job->error);
	if (swept >= 0)
		printf("%d removed\n", swept);
	return swept;
}

/* No store tells how far its sweep is. */
static int
sweep_with_time(struct job *job)
{
	struct gate_command_clock clock;
	int result;

	setvbuf(stdout, NULL, _IOFBF, BUFSIZ); /* the result comes behind the time */
	gate_command_clock_begin(&clock, "sweeping");
	result = sweep(job);
	gate_command_clock_end(&clock);
	return result;
}

/* ---- a move from one store to another ---- */

/* Copies a live session, with the end that it has in the other store. Leaves out __lastAccess,
 * which is session-file-store's own member. Leaves alone a session that is in this store already:
 * that is newer. Returns 1, or -1 with the error set. */
static int
copy_one(void *data, const char *id, struct gate_record *record)
{
	struct job *job = data;
	void *was = record->was;
	int64_t lifetime = gate_record_lifetime(record), seen;
	int result;

	show_progress(job);
	if (!gate_store_is_live(job->source, id, record, &job->options))
		return 1;
	if (record->user != NULL && gate_store_was_ended(&job->link, id, NULL) == 1)
		return 1; /* it must not come back */
	gate_record_remove(record, "__lastAccess");
	if (record->expires == INT64_MAX)
		record->expires = record->now + lifetime;
	seen = record->expires - lifetime; /* the best guess at its last use */
	record->expires = gate_record_end(record, &job->options);
	if (record->touched > seen)
		seen = record->touched;
	if (seen < record->now)
		record->now = seen;
	record->was = NULL; /* belongs to the other store */
	result = gate_store_create(&job->link, id, record, &job->error);
	record->was = was;
	job->count += result == 1;
	job->left += result == 0;
	if (result >= 0)
		return 1;
	if (job->error.code != GATE_ESESSION)
		return -1;
	fprintf(stderr, "gate: %.8s...: %s\n", id, job->error.text);
	job->error = (struct gate_error){0};
	job->lost++;
	return 1;
}

static int
copy(struct job *job)
{
	struct gate_options options = job->options;
	struct gate_store_link from;
	int result;

	options.store = job->from;
	if (gate_command_open(&from, &options, &job->error) < 0)
		return -1;
	job->source = &from;
	result = gate_store_each(&from, NULL, copy_one, job, &job->error);
	gate_store_close(&from);
	end_progress(job);
	printf("%zu sessions copied, %zu were there already\n", job->count, job->left);
	if (result > 0 && job->lost > 0)
		return gate_fail(&job->error, GATE_ESESSION, "%zu could not be copied", job->lost);
	return result;
}

/* ---- the command line ---- */

/* Finds the id in a cookie's value as browsers send it, s%3AID.SIGNATURE or s:ID.SIGNATURE. Returns
 * below 0 with the error set if there is none, or the signature is wrong. */
static int
find_signed_id(struct job *job, const char *value)
{
	struct gate_buffer header = {0}, values = {0};
	struct gate_keys *keys = gate_options_keys(&job->options, &job->error);
	size_t offset, length;
	int result = -1;
	bool old;

	if (keys == NULL)
		goto out;
	gate_buffer_printf(&header, "x=%s", value);
	if (gate_cookie_values(gate_buffer_text(&header), header.length, "x", &values, &offset, 1) <
	    1)
		gate_fail(&job->error, GATE_EOPTION,
		    "this is neither a session's id nor a cookie's value (s:ID.SIGNATURE)");
	else if (gate_unsign(
		     keys, values.data + offset, strlen(values.data + offset), &length, &old) != 1)
		gate_fail(&job->error, GATE_EOPTION,
		    "none of our secrets made the signature of this cookie");
	else if (length > GATE_ID_MAX)
		gate_fail(&job->error, GATE_EOPTION, "no session has so long an id");
	else
		result =
		    snprintf(job->id, sizeof job->id, "%.*s", (int)length, values.data + offset);
out:
	gate_buffer_release(&header);
	gate_buffer_release(&values);
	gate_keys_free(keys);
	return result;
}

static int
find_id(struct job *job, const char *text)
{
	if (!gate_id_valid(text))
		return find_signed_id(job, text);
	return snprintf(job->id, sizeof job->id, "%s", text);
}

static const struct {
	const char *name;
	int (*run)(struct job *);
	enum { NOTHING, ID, STORE } takes; /* what follows the name */
	bool user;                         /* or --user NAME follows */
} jobs[] = {
    {"list", list, NOTHING, true},
    {"count", count, NOTHING, true},
    {"sweep", sweep_with_time, NOTHING, false},
    {"show", show, ID, false},
    {"kill", kill_session, ID, true},
    {"copy", copy, STORE, false},
};

#define JOBS (sizeof jobs / sizeof *jobs)

/* Takes --user NAME, --user=NAME and, for kill, --all out of argv, wherever they stand. Returns how
 * many arguments are left, or -1 if --user has no name. */
static int
take_user(struct job *job, int argc, char **argv, bool kills)
{
	int left = 2;

	for (int i = 2; i < argc; i++) {
		const char *name = NULL;

		if (kills && strcmp(argv[i], "--all") == 0) {
			job->all = true;
			continue;
		}
		if (strncmp(argv[i], "--user=", 7) == 0)
			name = argv[i] + 7;
		else if (strcmp(argv[i], "--user") == 0)
			name = i + 1 < argc && strncmp(argv[i + 1], "--", 2) != 0 ? argv[++i] : "";
		if (name != NULL && *name == '\0')
			return -1;
		if (name != NULL)
			job->user = name;
		else
			argv[left++] = argv[i];
	}
	argv[left] = NULL;
	return left;
}

int
gate_command_session(int argc, char **argv)
{
	struct job job = {.count = 0};
	int taken = 1, result = -1;
	bool by_id;
	size_t i = 0;

	while (argc > 1 && i < JOBS && strcmp(jobs[i].name, argv[1]) != 0)
		i++;
	if (argc < 2 || i == JOBS)
		return gate_command_usage(
		    "gate session needs list, count, show, kill, sweep or copy%s%.40s",
		    argc > 1 ? ", not " : "", argc > 1 ? argv[1] : "");
	if (jobs[i].user && (argc = take_user(&job, argc, argv, jobs[i].takes == ID)) < 0)
		return gate_command_usage(
		    "gate session %s needs a name behind --user", jobs[i].name);
	if (job.user != NULL && job.all)
		return gate_command_usage("gate session kill needs --user NAME or --all, not both");
	by_id = jobs[i].takes == ID && job.user == NULL && !job.all;
	if ((by_id || jobs[i].takes == STORE) &&
	    (++taken >= argc || (jobs[i].takes == STORE && argv[2][0] == '-')))
		return gate_command_usage("gate session %s needs %s", jobs[i].name,
		    jobs[i].takes == STORE ? "the store to copy from, as file:/some/folder"
			: jobs[i].user     ? "an id, --user NAME or --all"
					   : "an id");
	job.from = argv[2];
	/* an id may itself begin with a dash: only these two are surely no id */
	if (by_id && (strncmp(argv[2], "--config", 8) == 0 || strcmp(argv[2], "-c") == 0))
		return gate_command_usage(
		    "gate session %s needs the id before %s", jobs[i].name, argv[2]);
	if (gate_command_options(&job.options, argc - taken, argv + taken, &job.error) == 0 &&
	    (!by_id || find_id(&job, argv[2]) >= 0) &&
	    gate_command_open(&job.link, &job.options, &job.error) >= 0)
		result = jobs[i].run(&job);
	gate_store_close(&job.link);
	gate_options_release(&job.options);
	if (result < 0)
		return gate_command_fail(&job.error);
	return GATE_COMMAND_DONE;
}
