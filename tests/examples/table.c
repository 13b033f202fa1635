/* table.c: a store in the memory of one process: store = table: with workers = 1. */
#include <gate.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static json_t *records;  /* id: [text, expires, touched]; a row never changes */
static json_t *counters; /* key: [count, expires, last, before] */
static const char *user_member;

static int
fail(struct gate_error *error)
{
	return gate_fail(error, GATE_EMEMORY, "store table: out of memory");
}

static int
open_table(
    void **store, const char *url, const struct gate_options *options, struct gate_error *error)
{
	if (records == NULL)
		records = json_object();
	if (counters == NULL)
		counters = json_object();
	user_member = gate_options_get(options, "user_member");
	*store = records;
	return records != NULL && counters != NULL ? 0 : fail(error);
}

/* Removes what expired over a minute ago, once a minute. */
static void
purge(json_t *rows, time_t *last)
{
	time_t now = time(NULL);
	const char *key;
	json_t *row;
	void *next;

	if (now - *last < 60)
		return;
	*last = now;
	json_object_foreach_safe(rows, next, key, row)
		if (json_integer_value(json_array_get(row, 1)) / 1000 < now - 60)
			json_object_del(rows, key);
}

static int
read_row(json_t *row, struct gate_record *record)
{
	json_int_t expires, touched;
	const char *text;
	size_t length;

	if (json_unpack(row, "[s%, I, I]", &text, &length, &expires, &touched) < 0)
		return 0;
	record->expires = expires;
	record->touched = touched;
	record->was = json_incref(row);
	return gate_record_parse(record, text, length);
}

static void
release(struct gate_record *record)
{
	json_decref(record->was);
}

static int
load(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	json_t *row;
	int result;

	pthread_mutex_lock(&lock);
	row = json_incref(json_object_get(records, id));
	pthread_mutex_unlock(&lock);
	if (row == NULL)
		return 0;
	result = read_row(row, record);
	json_decref(row);
	if (result < 0)
		return fail(error);
	return result == 0 ? GATE_UNREADABLE : 1;
}

/* Puts the record where the row `was` is; NULL: where none is. */
static int
put(json_t *was, const char *id, const struct gate_record *record, struct gate_error *error)
{
	static time_t purged;
	size_t length = 0;
	char *text = gate_record_text(record, &length);
	json_t *row = text == NULL ? NULL
				   : json_pack("[s%, I, I]", text, length,
					 (json_int_t)record->expires, (json_int_t)record->now);
	int result = GATE_CONFLICT;

	free(text);
	pthread_mutex_lock(&lock);
	purge(records, &purged);
	if (json_object_get(records, id) == was)
		result = json_object_set(records, id, row) == 0 ? 1 : fail(error);
	pthread_mutex_unlock(&lock);
	json_decref(row);
	return result;
}

static int
create(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	int result = put(NULL, id, record, error);

	return result == GATE_CONFLICT ? 0 : result;
}

static int
update(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	return put(record->was, id, record, error);
}

static int
take(void *store, const char *id, struct gate_record *record, struct gate_error *error)
{
	const json_t *row;
	int result = record != NULL ? GATE_CONFLICT : 0;

	pthread_mutex_lock(&lock);
	row = json_object_get(records, id);
	if (row != NULL && (record == NULL || record->was == row))
		result = json_object_del(records, id) == 0;
	pthread_mutex_unlock(&lock);
	return result;
}

static int
each(void *store, const char *user, gate_store_visit *visit, void *data, struct gate_error *error)
{
	int result = 1;
	const char *id;
	json_t *all, *row;

	pthread_mutex_lock(&lock);
	all = json_copy(records); /* visit may change the table */
	pthread_mutex_unlock(&lock);
	if (all == NULL)
		return fail(error);
	json_object_foreach(all, id, row) {
		struct gate_record record = {
		    .now = (int64_t)time(NULL) * 1000, .user_member = user_member};

		if (read_row(row, &record) < 0)
			result = fail(error);
		else if (user == NULL || (record.user != NULL && strcmp(record.user, user) == 0))
			result = visit(data, id, &record);
		release(&record);
		gate_record_release(&record);
		if (result != 1)
			break;
	}
	json_decref(all);
	return result < 0 ? -1 : 1;
}

static int
bump(void *store, const char *key, int64_t add, int64_t lifetime, struct gate_bump *bump,
    struct gate_error *error)
{
	static time_t purged;
	json_int_t c[4] = {0};
	struct gate_counter counter;
	int result = 1;

	pthread_mutex_lock(&lock);
	purge(counters, &purged);
	json_unpack(json_object_get(counters, key), "[I, I, I, I]", c, c + 1, c + 2, c + 3);
	counter = (struct gate_counter){c[0], c[1], c[2], c[3]};
	if (!gate_counter_bump(&counter, add, lifetime, bump))
		json_object_del(counters, key);
	else if (json_object_set_new(counters, key,
		     json_pack("[I, I, I, I]", counter.count, counter.expires, counter.last,
			 counter.before)) < 0)
		result = fail(error);
	pthread_mutex_unlock(&lock);
	return result;
}

static void
close_table(void *store)
{
	/* the next open finds what is there */
}

static const struct gate_store table = {
    .scheme = "table",
    .open = open_table,
    .load = load,
    .create = create,
    .update = update,
    .touch = update,
    .remove = take,
    .release = release,
    .each = each,
    .bump = bump,
    .close = close_table,
};
static const struct gate_store *const stores[] = {&table, NULL};

GATE_STORE_MODULE(stores);
