/* mongodb.c: the way to a MongoDB server: a pool of clients behind a breaker. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "log.h"
#include "mongodb.h"

#define PROBE_INTERVAL 1000 /* ms */
#define HEARTBEAT 500       /* ms, the least: after an error the driver waits for the next one */
#define REASON_MAX 120
#define UNAUTHORIZED 13

/* ---- what went wrong ---- */

/* Was nobody there to answer? A command that was refused is an answer. */
static bool
is_unreached(const bson_error_t *error)
{
	return error->domain == MONGOC_ERROR_SERVER_SELECTION ||
	    error->domain == MONGOC_ERROR_STREAM;
}

/* What a search for a server found stands in brackets, with how far it came before. */
static const char *
words_of(const bson_error_t *error)
{
	static const char handshake[] = "TLS handshake failed: ";
	const char *text = error->message;

	if (error->domain != MONGOC_ERROR_SERVER_SELECTION)
		return text;
	text = strchr(text, '[');
	if (text == NULL)
		return "no server answers";
	text++;
	return strncmp(text, handshake, sizeof handshake - 1) == 0 ? text + sizeof handshake - 1
								   : text;
}

/* The driver's words, without what a server repeats of a command: there may be ids in it. */
static void
reason_of(const bson_error_t *error, char reason[REASON_MAX])
{
	size_t length;

	snprintf(reason, REASON_MAX, "%.*s", REASON_MAX - 1, words_of(error));
	length = strcspn(reason, is_unreached(error) ? "{]" : "{\"");
	while (length > 0 && strchr(" .:,", reason[length - 1]) != NULL)
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
	return says(error, "TLS") ? "; check tlsCAFile of the URI" : "";
}

/* Warnings of the driver's own threads; what concerns a call comes back from the call. */
static void
log_driver(mongoc_log_level_t level, const char *domain, const char *message, void *data)
{
	(void)data;
	if (level <= MONGOC_LOG_LEVEL_WARNING)
		gate_log(GATE_LOG_WARN, "mongodb-driver", "domain", domain, "text", message, NULL);
}

/* ---- the URI ---- */

static int
refuse(const struct gate_mongodb_wish *wish, const char *why, struct gate_error *error)
{
	return gate_fail(error, GATE_EOPTION, "%s mongodb: %s", wish->option, why);
}

static void
limit(mongoc_uri_t *uri, const char *name, int64_t value)
{
	if (!mongoc_uri_has_option(uri, name))
		mongoc_uri_set_option_as_int32(uri, name, (int32_t)value);
}

static void
set_limits(mongoc_uri_t *uri, const struct gate_mongodb_wish *wish)
{
	limit(uri, MONGOC_URI_CONNECTTIMEOUTMS, wish->connect_timeout);
	limit(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, wish->select_timeout);
	limit(uri, MONGOC_URI_SOCKETTIMEOUTMS, wish->socket_timeout);
	limit(uri, MONGOC_URI_WAITQUEUETIMEOUTMS, wish->select_timeout);
	limit(uri, MONGOC_URI_MAXPOOLSIZE, wish->clients);
	limit(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, HEARTBEAT);
}

/* What a secondary knows is old: a session that was just ended would still be there. */
static void
read_from_primary(mongoc_uri_t *uri, const struct gate_mongodb_wish *wish)
{
	const mongoc_read_prefs_t *asked = mongoc_uri_get_read_prefs_t(uri);
	mongoc_read_prefs_t *primary;

	if (mongoc_read_prefs_get_mode(asked) == MONGOC_READ_PRIMARY)
		return;
	gate_log(GATE_LOG_WARN, "option-ignored", "option", wish->option, "text",
	    "readPreference: what gate reads always comes from the primary", NULL);
	primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
	mongoc_uri_set_read_prefs_t(uri, primary);
	mongoc_read_prefs_destroy(primary);
}

/* NULL with the error set. The parser's own words are kept back: they may hold the password. */
static mongoc_uri_t *
parse(const struct gate_mongodb_wish *wish, struct gate_error *error)
{
	mongoc_uri_t *uri;
	const char *why = NULL;

	mongoc_log_set_handler(NULL, NULL);
	uri = mongoc_uri_new_with_error(wish->url, NULL);
	mongoc_log_set_handler(log_driver, NULL);
	if (uri == NULL)
		why = "the URI can't be read; it looks like mongodb://USER:PASSWORD@HOST/DATABASE, "
		      "with %XX for what is special in user and password";
	else if (mongoc_uri_get_database(uri) == NULL || *mongoc_uri_get_database(uri) == '\0')
		why = "the URI names no database, say mongodb://HOST/DATABASE";
	else if (!mongoc_write_concern_is_acknowledged(mongoc_uri_get_write_concern(uri)))
		why = "w=0 can't be used, as it tells no write from a lost one";
	if (why == NULL)
		return uri;
	refuse(wish, why, error);
	if (uri != NULL)
		mongoc_uri_destroy(uri);
	return NULL;
}

int
gate_mongodb_check(const struct gate_mongodb_wish *wish, struct gate_error *error)
{
	mongoc_uri_t *uri;

	mongoc_init();
	uri = parse(wish, error);
	if (uri == NULL)
		return -1;
	mongoc_uri_destroy(uri);
	return 0;
}

static char *
name_of(const mongoc_uri_t *uri, const struct gate_mongodb_wish *wish)
{
	const mongoc_host_list_t *host = mongoc_uri_get_hosts(uri);
	const char *place = host != NULL ? host->host_and_port : mongoc_uri_get_srv_hostname(uri);

	return bson_strdup_printf("%s mongodb://%.60s%s/%.40s", wish->option,
	    place != NULL ? place : "", host != NULL && host->next != NULL ? ",..." : "",
	    mongoc_uri_get_database(uri));
}

/* ---- open and close ---- */

static int
ask_server(void *data)
{
	struct gate_mongodb *m = data;
	mongoc_client_t *client = mongoc_client_pool_pop(m->pool);
	bson_t ping = BSON_INITIALIZER;
	bson_error_t error;
	bool good;

	if (client == NULL)
		return 0;
	BSON_APPEND_INT32(&ping, "ping", 1);
	good = mongoc_client_command_simple(client, m->database, &ping, NULL, NULL, &error);
	mongoc_client_pool_push(m->pool, client);
	bson_destroy(&ping);
	return good || !is_unreached(&error);
}

static int
make_pool(struct gate_mongodb *m, const mongoc_uri_t *uri, const struct gate_mongodb_wish *wish,
    struct gate_error *error)
{
	bson_error_t why = {0};
	char reason[REASON_MAX];

	m->pool = mongoc_client_pool_new_with_error(uri, &why);
	if (m->pool == NULL) {
		reason_of(&why, reason);
		if (mongoc_uri_get_srv_hostname(uri) != NULL) /* DNS may know it in a moment */
			return gate_fail(
			    error, GATE_ESTORE, "%s mongodb+srv: %s", wish->option, reason);
		return refuse(wish, reason, error);
	}
	mongoc_client_pool_set_error_api(m->pool, MONGOC_ERROR_API_VERSION_2);
	if (mongoc_uri_get_appname(uri) == NULL)
		mongoc_client_pool_set_appname(m->pool, "gate");
	return 0;
}

int
gate_mongodb_open(
    struct gate_mongodb *m, const struct gate_mongodb_wish *wish, struct gate_error *error)
{
	struct gate_breaker_probe probe = {
	    .ask = ask_server, .data = m, .interval = PROBE_INTERVAL};
	mongoc_uri_t *uri;

	*m = (struct gate_mongodb){0};
	mongoc_init(); /* its counterpart may be called once only, by a process that ends: nobody does */
	uri = parse(wish, error);
	if (uri == NULL)
		return -1;
	set_limits(uri, wish);
	read_from_primary(uri, wish);
	m->name = name_of(uri, wish);
	m->database = bson_strdup(mongoc_uri_get_database(uri));
	if (make_pool(m, uri, wish, error) == 0) {
		probe.name = m->name;
		m->breaker = gate_breaker_new(&probe, error);
	}
	mongoc_uri_destroy(uri);
	if (m->breaker != NULL)
		return 0;
	gate_mongodb_close(m);
	return -1;
}

void
gate_mongodb_close(struct gate_mongodb *m)
{
	gate_breaker_free(m->breaker);
	if (m->pool != NULL)
		mongoc_client_pool_destroy(m->pool);
	bson_free(m->database);
	bson_free(m->name);
	*m = (struct gate_mongodb){0};
}

/* ---- calls ---- */

int
gate_mongodb_begin(struct gate_mongodb *m, struct gate_mongodb_call *call, const char *collection,
    struct gate_error *error)
{
	*call = (struct gate_mongodb_call){.mongodb = m};
	if (!gate_breaker_enter(m->breaker, &call->turn))
		return gate_fail(error, GATE_ESTORE, "%s: the server does not answer", m->name);
	call->client = mongoc_client_pool_pop(m->pool);
	if (call->client == NULL)
		return gate_fail(error, GATE_ESTORE,
		    "%s: no connection became free; maxPoolSize of the URI is less than threads",
		    m->name);
	if (collection != NULL)
		call->collection =
		    mongoc_client_get_collection(call->client, m->database, collection);
	return 0;
}

int
gate_mongodb_end(
    struct gate_mongodb_call *call, bool good, const char *what, struct gate_error *error)
{
	struct gate_mongodb *m = call->mongodb;
	char reason[REASON_MAX];

	if (call->collection != NULL)
		mongoc_collection_destroy(call->collection);
	mongoc_client_pool_push(m->pool, call->client);
	gate_breaker_leave(m->breaker, call->turn, good || !is_unreached(&call->error));
	if (good)
		return 1;
	reason_of(&call->error, reason);
	return gate_fail(
	    error, GATE_ESTORE, "%s: %s: %s%s", m->name, what, reason, advice_for(&call->error));
}

int
gate_mongodb_ping(struct gate_mongodb *m, struct gate_error *error)
{
	struct gate_mongodb_call call;
	bson_t ping = BSON_INITIALIZER;
	bool good;

	if (gate_mongodb_begin(m, &call, NULL, error) < 0) {
		bson_destroy(&ping);
		return -1;
	}
	BSON_APPEND_INT32(&ping, "ping", 1);
	good =
	    mongoc_client_command_simple(call.client, m->database, &ping, NULL, NULL, &call.error);
	bson_destroy(&ping);
	return gate_mongodb_end(&call, good, "the server can't be asked", error);
}
