/* documents.h: the MongoDB store, the commands that it sends, and its documents as Node sees
 * them. */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include "records.h"
#include "record/members.h"
#include "store/mongodb/private.h"

static struct fixture f;
static mongoc_client_t *client; /* a way of our own, as Node has one */
static mongoc_collection_t *sessions;

/* ---- what the store sends ---- */

static struct {
	int count;
	char text[20][2000];
} sent;

static inline void
note_command(const mongoc_apm_command_started_t *event)
{
	const char *name = mongoc_apm_command_started_get_command_name(event);
	char *json;

	if (strcmp(name, "endSessions") == 0 || strncmp(name, "list", 4) == 0)
		return; /* once a process */
	json = bson_as_relaxed_extended_json(mongoc_apm_command_started_get_command(event), NULL);
	if (sent.count < 20)
		snprintf(sent.text[sent.count], sizeof sent.text[0], "%s %s", name, json);
	sent.count++;
	bson_free(json);
}

/* Was this sent, as the i-th command? */
static inline bool
was_sent(int i, const char *name, const char *part)
{
	bool good = i < sent.count && strncmp(sent.text[i], name, strlen(name)) == 0 &&
	    strstr(sent.text[i], part) != NULL;

	if (!good)
		printf("# wanted: %s ... %s\n#   sent: %s\n", name, part,
		    i < sent.count ? sent.text[i] : "nothing");
	return good;
}

static inline void
watch(void)
{
	mongoc_apm_callbacks_t *callbacks = mongoc_apm_callbacks_new();
	struct gate_store_mongodb *store = f.link.store;

	mongoc_apm_set_command_started_cb(callbacks, note_command);
	mongoc_client_pool_set_apm_callbacks(store->mongodb.pool, callbacks, NULL);
	store->mongodb.patient = mongoc_client_new_from_uri(store->mongodb.patient_uri);
	mongoc_client_set_error_api(store->mongodb.patient, MONGOC_ERROR_API_VERSION_2);
	mongoc_client_set_apm_callbacks(store->mongodb.patient, callbacks, NULL);
	mongoc_apm_callbacks_destroy(callbacks);
}

/* A store on the program's server, with one option more than usual. */
static inline bool
open_with(const char *option)
{
	if (open_fixture_with(&f, "mongodb:", "no", option) < 0) {
		printf("# %s\n", f.error.text);
		return false;
	}
	watch();
	sent.count = 0;
	return true;
}

/* ---- what is there ---- */

static inline void
insert(const char *json)
{
	bson_error_t error;
	bson_t *document = bson_new_from_json((const uint8_t *)json, -1, &error);
	bson_t options = BSON_INITIALIZER;

	BSON_APPEND_BOOL(&options, "validate", false);
	if (document == NULL ||
	    !mongoc_collection_insert_one(sessions, document, &options, NULL, &error)) {
		printf("Bail out! %s: %s\n", json, error.message);
		exit(2);
	}
	bson_destroy(&options);
	bson_destroy(document);
}

/* Yours. */
static inline bson_t *
find(const char *id)
{
	bson_t filter = BSON_INITIALIZER, *copy = NULL;
	const bson_t *document;
	mongoc_cursor_t *cursor;

	BSON_APPEND_UTF8(&filter, "_id", id);
	cursor = mongoc_collection_find_with_opts(sessions, &filter, NULL, NULL);
	if (mongoc_cursor_next(cursor, &document))
		copy = bson_copy(document);
	mongoc_cursor_destroy(cursor);
	bson_destroy(&filter);
	return copy != NULL ? copy : bson_new();
}

/* The document, as extended JSON that keeps the types. */
static inline bool
holds(const char *id, const char *wanted, const char *name)
{
	bson_t *document = find(id);
	char *json = bson_as_canonical_extended_json(document, NULL);
	bson_t *expected = bson_new_from_json((const uint8_t *)wanted, -1, NULL);
	char *other = bson_as_canonical_extended_json(expected, NULL);
	bool good = is(json, other, name);

	bson_free(json);
	bson_free(other);
	bson_destroy(expected);
	bson_destroy(document);
	return good;
}

static inline bool
holds_bytes(const char *id, const char *hex, const char *name)
{
	bson_t *document = find(id);
	char *text = malloc(document->len * 2 + 1);
	bool good;

	if (text == NULL)
		exit(2);
	gate_hex(text, bson_get_data(document), document->len);
	good = is(text, hex, name);
	free(text);
	bson_destroy(document);
	return good;
}

static inline bool
update_is_taken(const char *id, const char *json, bson_error_t *error)
{
	bson_t filter = BSON_INITIALIZER;
	bson_t *update = bson_new_from_json((const uint8_t *)json, -1, NULL);
	bool taken;

	BSON_APPEND_UTF8(&filter, "_id", id);
	taken = mongoc_collection_update_one(sessions, &filter, update, NULL, NULL, error);
	bson_destroy(update);
	bson_destroy(&filter);
	return taken;
}

static inline void
update_as_node(const char *id, const char *json)
{
	bson_error_t error;

	if (!update_is_taken(id, json, &error)) {
		printf("Bail out! %s: %s\n", json, error.message);
		exit(2);
	}
}

static inline void
drop(void)
{
	mongoc_collection_drop(sessions, NULL);
}

static inline void
command(const char *json)
{
	bson_t *request = bson_new_from_json((const uint8_t *)json, -1, NULL);
	bson_error_t error;

	if (!mongoc_collection_command_simple(sessions, request, NULL, NULL, &error)) {
		printf("Bail out! %s: %s\n", json, error.message);
		exit(2);
	}
	bson_destroy(request);
}

static inline bool
shows(const char *id, const char *name, const char *wanted, const char *what)
{
	struct gate_record record;
	const struct gate_record_member *m;
	char *text;
	bool good;

	if (get(&f.link, id, &record) != 1)
		return ok(false, "%s", what);
	m = gate_record_named(&record, name);
	text = m != NULL ? strndup(m->text, m->length) : NULL;
	good = is(text, wanted, what);
	free(text);
	gate_store_release(&f.link, &record);
	return good;
}

/* Loads, sets a member to a JSON text (NULL: removes it), writes. As the store answers. */
static inline int
set_member(const char *id, const char *name, const char *text)
{
	struct gate_record record;
	struct gate_error error = {0};
	int result = get(&f.link, id, &record);

	if (result != 1)
		return result;
	if (text != NULL) {
		gate_record_set(&record, name, text);
	} else {
		json_t *session = gate_record_session(&record);

		json_object_del(session, name);
		gate_record_merge(&record, session, &error);
		json_decref(session);
	}
	record.now = gate_clock_wall();
	stamp(&record, HOUR);
	result = gate_store_update(&f.link, id, &record, &error);
	if (result == -1)
		printf("# %s\n", error.text);
	gate_store_release(&f.link, &record);
	return result;
}

#define FAR "{\"$date\":\"2099-01-01T00:00:00Z\"}"
#define COOKIE                                                                                     \
	"\"cookie\":{\"originalMaxAge\":3600000,\"partitioned\":null,\"expires\":" FAR             \
	",\"httpOnly\":true,\"path\":\"/\"}"
#define PLAIN(id, members)                                                                         \
	"{\"_id\":\"" id "\",\"session\":{" COOKIE members "},\"expires\":" FAR                    \
	",\"theirs\":1,\"createdAt\":" FAR "}"

/* ---- the whole ---- */

/* Skips all if there is no server. */
static inline void
documents_open(void)
{
	char url[MONGODB_URI_MAX];

	if (mongodb_url(url, "") == 0)
		skip_all("there is no MongoDB server: tests/mongodb-server --install makes one");
	mongoc_init();
	client = mongoc_client_new(url);
	if (client == NULL)
		exit(2);
	mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2);
	sessions = mongoc_client_get_collection(
	    client, mongoc_uri_get_database(mongoc_client_get_uri(client)), "sessions");
	enter_scratch();
}

static inline void
documents_close(void)
{
	leave_scratch();
	mongoc_collection_destroy(sessions);
	mongoc_client_destroy(client);
}

#endif
