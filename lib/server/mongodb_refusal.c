/* server/mongodb_refusal.c: what a refusal means, from MongoDB or a service that speaks its
 * protocol. */
#include "config.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "server/mongodb.h"

#define PAUSE_FIRST 10 /* ms; each pause doubles, five times at most */
#define MARGIN                                                                                     \
	500 /* ms; less is too little for a try: one that is cut off counts as a server away */
#define AGAIN_MOST 30

/* The duplicate-key codes of MongoDB's versions, of mongos, and of services that speak its
 * protocol. */
static bool
is_number_of_taken(int64_t code)
{
	return code == 11000 || code == 11001 || code == 12582;
}

static bool
is_number_of_busy(int64_t code)
{
	return code == 16500 /* too many requests */ || code == 112 /* two writes at once */;
}

/* Some services send no code, only a text. */
static bool
says_taken(const char *text)
{
	return strcasestr(text, "duplicate key") != NULL || strstr(text, "E11000") != NULL;
}

/* Looks at the first of a reply's writeErrors, as the driver overlooks an entry without a code. */
static bool
is_write_error(const bson_t *reply, bool is_number(int64_t), bool says(const char *))
{
	bson_iter_t start, at;

	if (reply == NULL)
		return false;
	if (bson_iter_init(&start, reply) &&
	    bson_iter_find_descendant(&start, "writeErrors.0.code", &at) &&
	    BSON_ITER_HOLDS_INT(&at) && is_number(bson_iter_as_int64(&at)))
		return true;
	return says != NULL && bson_iter_init(&start, reply) &&
	    bson_iter_find_descendant(&start, "writeErrors.0.errmsg", &at) &&
	    BSON_ITER_HOLDS_UTF8(&at) && says(bson_iter_utf8(&at, NULL));
}

static bool
is_answer(const bson_error_t *error)
{
	return error->domain != MONGOC_ERROR_SERVER_SELECTION &&
	    error->domain != MONGOC_ERROR_STREAM;
}

bool
gate_mongodb_is_taken(const struct gate_mongodb_call *call, const bson_t *reply)
{
	return is_answer(&call->error) &&
	    (is_number_of_taken(call->error.code) || says_taken(call->error.message) ||
		is_write_error(reply, is_number_of_taken, says_taken));
}

bool
gate_mongodb_again(struct gate_mongodb_call *call, const bson_t *reply)
{
	int64_t pause = PAUSE_FIRST << (call->tries < 5 ? call->tries : 5);
	struct timespec time = {.tv_nsec = pause * 1000000};

	if (!is_answer(&call->error) ||
	    !(is_number_of_busy(call->error.code) ||
		is_write_error(reply, is_number_of_busy, NULL)) ||
	    ++call->tries > AGAIN_MOST || gate_mongodb_left() < pause + MARGIN)
		return false;
	nanosleep(&time, NULL);
	call->error = (bson_error_t){0};
	return true;
}
