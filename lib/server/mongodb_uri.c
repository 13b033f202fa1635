/* server/mongodb_uri.c: reads a MongoDB URI, and adds gate's limits to it. */
#include "config.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "server/mongodb.h"

#define HEARTBEAT 500   /* ms, the driver's minimum: after an error it waits for the next one */
#define OPTION_MAX 40   /* bytes of an option's name in a message */
#define CLIENTS_LEAST 4 /* a walk over the records holds one while it changes each by another */
#define PATIENCE 300000 /* ms that an answer may take if no request waits for it */

/* ---- what the driver says ---- */

struct doubt {                       /* the driver's complaint about the URI that is parsed */
	bool unknown;                /* about an option that the driver does not know */
	char option[OPTION_MAX + 1]; /* its name, or "" */
};

static _Thread_local struct doubt *doubted; /* set while this thread parses a URI */

/* Is this an option of other drivers that this driver can do without? */
static bool
is_harmless(const char *option)
{
	static const char *const names[] = {"maxconnecting", "servermonitoringmode", "timeoutms",
	    "usenewurlparser", "useunifiedtopology"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(option, names[i]) == 0)
			return true;
	return false;
}

/* Takes the option's name, which stands in quotes, from the driver's message. Nothing else of the
 * message may be shown: it can hold a password. */
static void
note_doubt(struct doubt *doubt, const char *message)
{
	static const char unknown[] = "Unsupported URI option";
	const char *name = message + strcspn(message, "\"'");
	size_t length = 0;

	if (*name != '\0')
		name++;
	while (isalnum((unsigned char)name[length]) || name[length] == '_')
		length++;
	if (length <= OPTION_MAX && strchr("\"'", name[length]) != NULL)
		snprintf(doubt->option, sizeof doubt->option, "%.*s", (int)length, name);
	doubt->unknown =
	    strncmp(message, unknown, sizeof unknown - 1) == 0 && !is_harmless(doubt->option);
}

/* Keeps the driver's first complaint while this thread parses a URI. Logs other warnings, from the
 * driver's threads; not those about streams, as the call's own error has them. */
static void
log_driver(mongoc_log_level_t level, const char *domain, const char *message, void *data)
{
	(void)data;
	if (level > MONGOC_LOG_LEVEL_WARNING || strcmp(domain, "stream") == 0)
		return;
	if (doubted == NULL)
		gate_log(GATE_LOG_WARN, "mongodb-driver", "domain", domain, "text", message, NULL);
	else if (doubted != NULL && !doubted->unknown)
		note_doubt(doubted, message);
}

/* ---- the URI ---- */

static bool
names_option(const char *url, const char *name)
{
	size_t length = strlen(name);
	const char *at = strrchr(url, '@');

	for (at = strpbrk(at != NULL ? at : url, "?&"); at != NULL; at = strpbrk(at + 1, "?&"))
		if (strncasecmp(at + 1, name, length) == 0 && at[1 + length] == '=')
			return length > 0;
	return false;
}

static int
refuse(const struct gate_mongodb_wish *wish, const char *why, struct gate_error *error)
{
	return gate_fail(error, GATE_EOPTION, "%s mongodb: %s", wish->option, why);
}

static void
limit(mongoc_uri_t *uri, const char *name, int64_t value)
{
	if (!gate_mongoc.uri_has_option(uri, name))
		gate_mongoc.uri_set_option_as_int32(uri, name, (int32_t)value);
}

/* Sets a wtimeout of 2/3 of the socket timeout. A write that waits for other members of the replica
 * set then gets an answer in time, and the server does not count as away. Only if the URI has w:
 * without it, a wtimeout could replace the server's default write concern. */
static void
limit_write_concern(mongoc_uri_t *uri)
{
	int64_t most =
	    (int64_t)gate_mongoc.uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, 0) * 2 /
	    3;
	mongoc_write_concern_t *concern =
	    gate_mongoc.write_concern_copy(gate_mongoc.uri_get_write_concern(uri));
	int64_t own = gate_mongoc.write_concern_get_wtimeout_int64(concern);

	if (gate_mongoc.uri_has_option(uri, MONGOC_URI_W) && most > 0 && (own <= 0 || own > most)) {
		gate_mongoc.write_concern_set_wtimeout_int64(concern, most);
		gate_mongoc.uri_set_write_concern(uri, concern);
	}
	gate_mongoc.write_concern_destroy(concern);
}

/* Names a file that can't be read before any server is asked. */
static int
check_files(const mongoc_uri_t *uri, const struct gate_mongodb_wish *wish, struct gate_error *error)
{
	static const char *const options[][2] = {{MONGOC_URI_TLSCAFILE, "tlsCAFile"},
	    {MONGOC_URI_TLSCERTIFICATEKEYFILE, "tlsCertificateKeyFile"}};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		const char *path = gate_mongoc.uri_get_option_as_utf8(uri, options[i][0], NULL);

		if (path != NULL && access(path, R_OK) < 0)
			return gate_fail_errno(error, GATE_EOPTION, "%s mongodb: %s %s",
			    wish->option, options[i][1], path);
	}
	return 0;
}

/* Refuses a URI that the driver can't parse. Shows the driver's text only if the URI holds no
 * password. */
static int
refuse_text(const struct gate_mongodb_wish *wish, const char *option, const char *why,
    struct gate_error *error)
{
	if (*option != '\0')
		return gate_fail(error, GATE_EOPTION,
		    "%s mongodb: the URI's option %s can't be what it is set to", wish->option,
		    option);
	if (strpbrk(wish->url, "@%") == NULL && strcasestr(wish->url, "password") == NULL)
		return gate_fail(error, GATE_EOPTION, "%s mongodb: the URI can't be read: %.120s",
		    wish->option, why);
	return refuse(wish,
	    "the URI can't be read; it looks like mongodb://USER:PASSWORD@HOST/DATABASE, with %XX "
	    "for what is special in user and password",
	    error);
}

/* Does a host hold an @? Then it is the rest of a password with a bare @: the driver would show it,
 * and ask DNS for it. */
static bool
has_bare_at(const mongoc_uri_t *uri)
{
	const mongoc_host_list_t *host = gate_mongoc.uri_get_hosts(uri);
	const char *srv = gate_mongoc.uri_get_srv_hostname(uri);

	if (srv != NULL && strchr(srv, '@') != NULL)
		return true;
	for (; host != NULL; host = host->next)
		if (host->host[0] != '/' && strchr(host->host, '@') != NULL)
			return true;
	return false;
}

/* Refuses a URI that can't be used. The driver only ignores an option that it does not know:
 * tsl=true would mean no TLS. */
static int
judge(const mongoc_uri_t *uri, const struct doubt *doubt, const char *why,
    const struct gate_mongodb_wish *wish, struct gate_error *error)
{
	const char *option = names_option(wish->url, doubt->option) ? doubt->option : "";

	if (uri == NULL)
		return refuse_text(wish, option, why, error);
	if (has_bare_at(uri))
		return refuse(wish, "an @ in a password is written %40", error);
	if (doubt->unknown)
		return gate_fail(error, GATE_EOPTION,
		    "%s mongodb: libmongoc does not know an option of the URI: %s", wish->option,
		    *option != '\0' ? option : "look for a misspelled one");
	if (gate_mongoc.uri_get_database(uri) == NULL || *gate_mongoc.uri_get_database(uri) == '\0')
		return refuse(
		    wish, "the URI names no database, say mongodb://HOST/DATABASE", error);
	if (!gate_mongoc.write_concern_is_acknowledged(gate_mongoc.uri_get_write_concern(uri)))
		return refuse(
		    wish, "w=0 can't be used, as it tells no write from a lost one", error);
	if (*option != '\0')
		gate_log(GATE_LOG_WARN, "option-doubtful", "option", wish->option, "text",
		    "the driver finds fault with an option of the URI", "name", option, NULL);
	return check_files(uri, wish, error);
}

/* Parses and checks the URI. Returns NULL with the error set. Yours. */
static mongoc_uri_t *
parse(const struct gate_mongodb_wish *wish, struct gate_error *error)
{
	struct doubt doubt = {0};
	bson_error_t why = {0};
	mongoc_uri_t *uri;

	if (gate_mongoc_load(error) < 0)
		return NULL;
	gate_mongoc
	    .init(); /* nobody calls cleanup, its counterpart: it works once, as a process ends */
	gate_mongoc.log_set_handler(log_driver, NULL);
	doubted = &doubt;
	uri = gate_mongoc.uri_new_with_error(wish->url, &why);
	doubted = NULL;
	if (uri == NULL)
		note_doubt(&doubt, why.message);
	if (judge(uri, &doubt, why.message, wish, error) == 0)
		return uri;
	if (uri != NULL)
		gate_mongoc.uri_destroy(uri);
	return NULL;
}

int
gate_mongodb_check(const struct gate_mongodb_wish *wish, struct gate_error *error)
{
	mongoc_uri_t *uri = parse(wish, error);

	if (uri == NULL)
		return -1;
	gate_mongoc.uri_destroy(uri);
	return 0;
}

static void
log_ignored(const struct gate_mongodb_wish *wish, const char *text)
{
	gate_log(GATE_LOG_WARN, "option-ignored", "option", wish->option, "text", text, NULL);
}

/* Sets reads to the primary and the default read concern. A secondary, or a majority read, may
 * return old data: a session that just ended would still be there. */
static void
read_the_latest(mongoc_uri_t *uri, const struct gate_mongodb_wish *wish)
{
	mongoc_read_prefs_t *primary = gate_mongoc.read_prefs_new(MONGOC_READ_PRIMARY);
	mongoc_read_concern_t *latest = gate_mongoc.read_concern_new();

	if (gate_mongoc.read_prefs_get_mode(gate_mongoc.uri_get_read_prefs_t(uri)) !=
	    MONGOC_READ_PRIMARY)
		log_ignored(wish, "readPreference: what gate reads always comes from the primary");
	if (!gate_mongoc.read_concern_is_default(gate_mongoc.uri_get_read_concern(uri)))
		log_ignored(wish, "readConcernLevel: gate always reads the latest");
	gate_mongoc.uri_set_read_prefs_t(uri, primary);
	gate_mongoc.uri_set_read_concern(uri, latest);
	gate_mongoc.read_concern_destroy(latest);
	gate_mongoc.read_prefs_destroy(primary);
}

mongoc_uri_t *
gate_mongodb_uri(const struct gate_mongodb_wish *wish, struct gate_error *error)
{
	mongoc_uri_t *uri = parse(wish, error);

	if (uri == NULL)
		return NULL;
	limit(uri, MONGOC_URI_CONNECTTIMEOUTMS, wish->connect_timeout);
	limit(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, wish->select_timeout);
	limit(uri, MONGOC_URI_SOCKETTIMEOUTMS, wish->socket_timeout);
	limit(uri, MONGOC_URI_WAITQUEUETIMEOUTMS, wish->select_timeout);
	limit(uri, MONGOC_URI_MAXPOOLSIZE, wish->clients);
	if (gate_mongoc.uri_get_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, 0) < CLIENTS_LEAST)
		gate_mongoc.uri_set_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, CLIENTS_LEAST);
	limit(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, HEARTBEAT);
	limit_write_concern(uri);
	if (gate_mongoc.uri_get_appname(uri) == NULL)
		gate_mongoc.uri_set_appname(uri, "gate");
	read_the_latest(uri, wish);
	return uri;
}

mongoc_uri_t *
gate_mongodb_patient_uri(const mongoc_uri_t *uri)
{
	mongoc_uri_t *patient = gate_mongoc.uri_copy(uri);
	int32_t own = gate_mongoc.uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, 0);
	mongoc_write_concern_t *concern =
	    gate_mongoc.write_concern_copy(gate_mongoc.uri_get_write_concern(uri));

	if (own > 0 && own < PATIENCE)
		gate_mongoc.uri_set_option_as_int32(patient, MONGOC_URI_SOCKETTIMEOUTMS, PATIENCE);
	/* limit_write_concern sets one to fit the longer socket timeout */
	gate_mongoc.write_concern_set_wtimeout_int64(concern, 0);
	gate_mongoc.uri_set_write_concern(patient, concern);
	limit_write_concern(patient);
	gate_mongoc.write_concern_destroy(concern);
	return patient;
}
