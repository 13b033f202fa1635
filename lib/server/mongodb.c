/* server/mongodb.c: calls to a MongoDB server: a pool of clients behind two breakers. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "server/mongodb.h"

#define PROBE_INTERVAL 1000 /* ms */
#define PROBE_MOST 5000     /* ms that a probe may take */
#define NOBODY "gate probe" /* no record and no user has this id */
#define REASON_MAX 120
#define UNAUTHORIZED 13

/* ---- what went wrong ---- */

/* Did no server answer? A refusal is an answer. */
static bool
is_unreached(const bson_error_t *error)
{
	return error->domain == MONGOC_ERROR_SERVER_SELECTION ||
	    error->domain == MONGOC_ERROR_STREAM;
}

/* Returns the driver's text. If it chose no server, the part in brackets says why; a prefix there
 * names the step that failed. */
static const char *
words_of(const bson_error_t *error)
{
	static const char handshake[] = "TLS handshake failed: ";
	const char *text = error->message;

	if (error->domain != MONGOC_ERROR_SERVER_SELECTION)
		return text;
	text = strchr(text, '[');
	if (text == NULL)
		return "no server answers that fits the URI (tls, replicaSet)";
	text++;
	return strncmp(text, handshake, sizeof handshake - 1) == 0 ? text + sizeof handshake - 1
								   : text;
}

/* Copies the driver's text up to the first { or ", where a server repeats the command: ids may
 * stand there. */
static void
reason_of(const bson_error_t *error, char reason[REASON_MAX])
{
	/* our error names the host already, and the topology leaves no room for advice */
	static const char *const ends[] = {" calling hello on ", "]. Topology type: "};
	size_t length;

	snprintf(reason, REASON_MAX, "%.*s", REASON_MAX - 1, words_of(error));
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		char *end = strstr(reason, ends[i]);
		if (end != NULL)
			*end = '\0';
	}
	length = strcspn(reason, is_unreached(error) ? "{" : "{\"");
	while (length > 0 && strchr(" .:,]", reason[length - 1]) != NULL)
		length--;
	reason[length] = '\0';
	for (char *c = reason; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
}

static bool
says(const bson_error_t *error, const char *words)
{
	return strstr(error->message, words) != NULL;
}

static const char *
advice_for(const bson_error_t *error)
{
	if (error->domain == MONGOC_ERROR_CLIENT && error->code == MONGOC_ERROR_CLIENT_AUTHENTICATE)
		return "; check user, password and authSource of the URI";
	if (error->domain == MONGOC_ERROR_SERVER && error->code == UNAUTHORIZED)
		return "; name a user in the URI who may read and write there";
	if (!is_unreached(error))
		return "";
	if (says(error, "verify failed (62)") || says(error, "verify failed (64)"))
		return "; the certificate is for another host";
	if (says(error, "verify failed"))
		return "; tlsCAFile must hold who signed it";
	return says(error, "TLS") ? "; check tlsCAFile and tlsCertificateKeyFile of the URI" : "";
}

/* ---- open and close ---- */

static char *
name_of(const mongoc_uri_t *uri, const struct gate_mongodb_wish *wish)
{
	const mongoc_host_list_t *host = gate_mongoc.uri_get_hosts(uri);
	const char *place =
	    host != NULL ? host->host_and_port : gate_mongoc.uri_get_srv_hostname(uri);

	return bson_strdup_printf("%s mongodb://%.60s%s/%.40s", wish->option,
	    place != NULL ? place : "", host != NULL && host->next != NULL ? ",..." : "",
	    gate_mongoc.uri_get_database(uri));
}

/* Probes with a find of an id that does not exist: a server may answer ping while its finds
 * hang. */
static bool
find_nothing(const struct gate_mongodb *m, mongoc_client_t *client, bson_error_t *error)
{
	bson_t command = BSON_INITIALIZER, filter;
	bool good;

	BSON_APPEND_UTF8(&command, "find", m->collection);
	BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &filter);
	BSON_APPEND_UTF8(&filter, "_id", NOBODY);
	bson_append_document_end(&command, &filter);
	BSON_APPEND_INT32(&command, "limit", 1);
	BSON_APPEND_BOOL(&command, "singleBatch", true);
	good = gate_mongoc.client_read_command_with_opts(
	    client, m->database, &command, NULL, NULL, NULL, error);
	bson_destroy(&command);
	return good;
}

/* Probes with an update that matches nothing. It changes nothing, but needs all that a write
 * needs. */
static bool
write_nothing(const struct gate_mongodb *m, mongoc_client_t *client, bson_error_t *error)
{
	mongoc_collection_t *collection =
	    gate_mongoc.client_get_collection(client, m->database, m->collection);
	bson_t filter = BSON_INITIALIZER, update = BSON_INITIALIZER, set;
	bool good;

	BSON_APPEND_UTF8(&filter, "_id", NOBODY);
	BSON_APPEND_DOCUMENT_BEGIN(&update, "$setOnInsert", &set);
	BSON_APPEND_BOOL(&set, "probe", true);
	bson_append_document_end(&update, &set);
	good = gate_mongoc.collection_update_one(collection, &filter, &update, NULL, NULL, error);
	bson_destroy(&update);
	bson_destroy(&filter);
	gate_mongoc.collection_destroy(collection);
	return good;
}

/* Asks a breaker's question. Returns 1 if the server answers, even by a refusal, else 0. */
static int
ask(struct gate_mongodb *m,
    bool (*question)(const struct gate_mongodb *, mongoc_client_t *, bson_error_t *))
{
	mongoc_client_t *client = gate_mongoc.client_pool_pop(m->pool);
	bson_error_t error = {0};
	bool answered;

	if (client == NULL)
		return 0;
	gate_mongodb_use_stream(client, true);
	gate_mongodb_set_end(gate_clock_monotonic() + PROBE_MOST);
	answered = question(m, client, &error) || !is_unreached(&error);
	gate_mongodb_set_end(0);
	gate_mongoc.client_pool_push(m->pool, client);
	return answered;
}

static int
ask_find(void *m)
{
	return ask(m, find_nothing);
}

static int
ask_write(void *m)
{
	return ask(m, write_nothing);
}

static int
make_breakers(struct gate_mongodb *m, struct gate_error *error)
{
	const struct gate_breaker_probe reads = {ask_find, m, m->name, "reads", PROBE_INTERVAL};
	const struct gate_breaker_probe writes = {ask_write, m, m->name, "writes", PROBE_INTERVAL};

	m->reads = gate_breaker_new(&reads, error);
	m->writes = m->reads != NULL ? gate_breaker_new(&writes, error) : NULL;
	return m->writes != NULL ? 0 : -1;
}

/* Sets the error for a URI that no pool takes. For mongodb+srv that is an error of the store, not
 * of the option: the next DNS query may succeed. */
static int
refuse(const struct gate_mongodb_wish *wish, const mongoc_uri_t *uri, const bson_error_t *why,
    struct gate_error *error)
{
	bool srv = gate_mongoc.uri_get_srv_hostname(uri) != NULL;
	char reason[REASON_MAX];

	reason_of(why, reason);
	return gate_fail(error, srv ? GATE_ESTORE : GATE_EOPTION, "%s mongodb%s: %s", wish->option,
	    srv ? "+srv" : "", reason);
}

int
gate_mongodb_open(
    struct gate_mongodb *m, const struct gate_mongodb_wish *wish, struct gate_error *error)
{
	mongoc_uri_t *uri = gate_mongodb_uri(wish, error);
	bson_error_t why = {0};
	int result = -1;

	*m = (struct gate_mongodb){0};
	if (uri == NULL)
		return -1;
	m->name = name_of(uri, wish);
	m->database = bson_strdup(gate_mongoc.uri_get_database(uri));
	m->collection = wish->collection;
	m->patient_uri = gate_mongodb_patient_uri(uri);
	m->pool = gate_mongoc.client_pool_new_with_error(uri, &why);
	if (m->pool != NULL) {
		gate_mongoc.client_pool_set_error_api(m->pool, MONGOC_ERROR_API_VERSION_2);
		result = make_breakers(m, error);
	} else {
		refuse(wish, uri, &why, error);
	}
	gate_mongoc.uri_destroy(uri);
	if (result < 0)
		gate_mongodb_close(m);
	return result;
}

void
gate_mongodb_close(struct gate_mongodb *m)
{
	gate_breaker_free(m->reads);
	gate_breaker_free(m->writes);
	if (m->patient != NULL)
		gate_mongoc.client_destroy(m->patient);
	if (m->pool != NULL)
		gate_mongoc.client_pool_destroy(m->pool);
	if (m->patient_uri != NULL)
		gate_mongoc.uri_destroy(m->patient_uri);
	bson_free(m->database);
	bson_free(m->name);
	*m = (struct gate_mongodb){0};
}

/* ---- calls ---- */

/* Takes the client with long timeouts, and makes it on first use. */
static int
take_patient(struct gate_mongodb *m, struct gate_mongodb_call *call, struct gate_error *error)
{
	bson_error_t why = {0};
	char reason[REASON_MAX];

	call->client = m->patient;
	if (m->patient != NULL)
		return 0;
	call->client = m->patient =
	    gate_mongoc.client_new_from_uri_with_error(m->patient_uri, &why);
	if (m->patient != NULL) {
		gate_mongoc.client_set_error_api(m->patient, MONGOC_ERROR_API_VERSION_2);
		gate_mongodb_use_stream(m->patient, false);
		return 0;
	}
	reason_of(&why, reason);
	return gate_fail(error, GATE_ESTORE, "%s: %s", m->name, reason);
}

static int
take_client(struct gate_mongodb *m, struct gate_mongodb_call *call, struct gate_error *error)
{
	call->client = gate_mongoc.client_pool_pop(m->pool);
	if (call->client != NULL) {
		gate_mongodb_use_stream(call->client, true);
		return 0;
	}
	return gate_fail(error, GATE_ESTORE,
	    "%s: all connections that maxPoolSize of the URI allows are in use", m->name);
}

/* Does the breaker let the call pass? A write also asks the breaker of reads, as it can't succeed
 * if reads fail. */
static bool
may_begin(const struct gate_mongodb *m, struct gate_mongodb_call *call)
{
	return gate_breaker_enter(m->reads, &call->reads_turn) &&
	    (call->kind != GATE_MONGODB_WRITE || gate_breaker_enter(m->writes, &call->writes_turn));
}

int
gate_mongodb_begin(struct gate_mongodb *m, struct gate_mongodb_call *call,
    enum gate_mongodb_kind kind, const char *collection, struct gate_error *error)
{
	*call = (struct gate_mongodb_call){.mongodb = m, .kind = kind};
	if (gate_clock_is_late())
		return gate_fail(error, GATE_ESTORE, "%s: %s", m->name, GATE_CLOCK_LATE);
	if (!may_begin(m, call))
		return gate_fail(error, GATE_ESTORE, "%s: the server does not answer", m->name);
	if ((kind == GATE_MONGODB_PATIENT ? take_patient : take_client)(m, call, error) < 0)
		return -1;
	if (collection != NULL)
		call->collection =
		    gate_mongoc.client_get_collection(call->client, m->database, collection);
	call->end_before = gate_mongodb_set_end(gate_clock_end(GATE_MONGODB_CALL_MOST));
	return 0;
}

/* Does a failed write say something about writes? Not if the breaker of reads opened meanwhile: the
 * server was away as a whole. */
static bool
is_of_writes(const struct gate_mongodb_call *call)
{
	unsigned turn;

	return gate_breaker_enter(call->mongodb->reads, &turn) && turn == call->reads_turn;
}

/* Gives the client back, and tells the breaker of the call's kind. A patient call tells none: its
 * timeout says nothing about the server. */
static void
give_back(struct gate_mongodb_call *call, bool reached)
{
	struct gate_mongodb *m = call->mongodb;

	gate_mongodb_set_end(call->end_before);
	if (call->collection != NULL)
		gate_mongoc.collection_destroy(call->collection);
	if (call->kind != GATE_MONGODB_PATIENT)
		gate_mongoc.client_pool_push(m->pool, call->client);
	if (call->kind == GATE_MONGODB_READ)
		gate_breaker_leave(m->reads, call->reads_turn, reached);
	if (call->kind == GATE_MONGODB_WRITE && (reached || is_of_writes(call)))
		gate_breaker_leave(m->writes, call->writes_turn, reached);
}

int
gate_mongodb_end(
    struct gate_mongodb_call *call, bool good, const char *what, struct gate_error *error)
{
	char reason[REASON_MAX];
	bool denied =
	    !good && call->error.domain == MONGOC_ERROR_SERVER && call->error.code == UNAUTHORIZED;

	give_back(call, good || !is_unreached(&call->error));
	if (good)
		return 1;
	reason_of(&call->error, reason);
	return gate_fail(error, denied ? GATE_EOPTION : GATE_ESTORE, "%s: %s: %s%s",
	    call->mongodb->name, what, reason, advice_for(&call->error));
}
