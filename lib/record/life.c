/* record/life.c: when a record began and ends, by one rule for loads, lists, sweeps and copies. */
#include "config.h"

#include "base/clock.h"
#include "options/options.h"
#include "record/record.h"

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

bool
gate_record_is_ahead(const struct gate_record *record, int64_t time)
{
	return time > record->now + GATE_CLOCK_APART;
}

void
gate_record_settle(struct gate_record *record)
{
	int64_t age = gate_record_max_age(record);

	if (gate_record_is_ahead(record, record->touched) ||
	    gate_record_is_ahead(record, record->created) ||
	    (age > 0 && record->expires < INT64_MAX &&
		gate_record_is_ahead(record, record->expires) &&
		gate_record_is_ahead(record, record->expires - age)))
		record->ahead = true;
	if (!record->ahead)
		return;
	if (gate_record_is_ahead(record, record->touched))
		record->touched = record->now;
	if (gate_record_is_ahead(record, record->created))
		record->created = record->now;
	record->expires = smaller(record->expires, record->now + gate_record_lifetime(record));
}

bool
gate_record_began_ahead(const struct gate_record *record)
{
	return record->ahead && record->created == record->now;
}

bool
gate_record_is_first(const struct gate_record *record, const struct gate_options *options)
{
	int64_t lifetime = gate_record_lifetime(record);

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
