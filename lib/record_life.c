/* record_life.c: when a record ends: one rule for loads, lists, sweeps and copies. */
#include "config.h"

#include "options.h"
#include "record.h"

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

bool
gate_record_is_first(const struct gate_record *record, const struct gate_options *options)
{
	int64_t lifetime = record->max_age != 0 ? record->max_age : record->ttl;

	return options->first_ttl > 0 && options->first_ttl < lifetime && record->user == NULL &&
	    record->created > 0 && record->touched == record->created;
}

int64_t
gate_record_end(const struct gate_record *record, const struct gate_options *options)
{
	int64_t end = record->expires;

	if (options->absolute_timeout > 0 && record->created > 0)
		end = smaller(end, record->created + options->absolute_timeout);
	if (gate_record_is_first(record, options))
		end = smaller(end, record->created + options->first_ttl);
	return end;
}

bool
gate_record_is_live(const struct gate_record *record, const struct gate_options *options)
{
	return gate_record_end(record, options) > record->now;
}
