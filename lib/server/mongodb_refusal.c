/* server/mongodb_refusal.c: what a server's refusal means, whichever of its relatives it is. */
#include "config.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "server/mongodb.h"

#define PAUSE_FIRST 10 /* ms; twice as long each time, five times */
#define MARGIN                                                                                     \
	500 /* ms that are left for the last try: one that is cut off says the server is away */
#define AGAIN_MOST 30

/* The numbers that MongoDB had for it in its time, and mongos and the services that speak its language
 * have. */
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

/* Some say it in words only. */
static bool
says_taken(const char *text)
{
	return strcasestr(text, "duplicate key") != NULL || strstr(text, "E11000") != NULL;
}

/* In the first of a reply's writeErrors: the driver overlooks one without a number. */
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
