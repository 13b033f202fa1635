/* record/members.h: what a record holds, for the files that walk over all of it. */
#ifndef GATE_RECORD_MEMBERS_H
#define GATE_RECORD_MEMBERS_H

#include "record/record.h"

struct gate_record_member {
	char *name;            /* decoded; NULL: jansson can't hold it */
	const char *quoted;    /* the name as it was read, with quotes, or NULL */
	const char *text;      /* the value's JSON text */
	size_t quoted_length;  /* bytes of quoted */
	size_t length;         /* bytes of text */
	bool changed, removed; /* since the record was loaded */
	bool visible;          /* gate_session shows it */
	bool name_owned, text_owned;
};

struct gate_record_members {
	struct gate_record_member *all;
	size_t count, room;
	char *raw;          /* the text that was read; members point into it */
	char *name_of_user; /* what record->user points to, or NULL */
	int64_t max_age;    /* cookie.originalMaxAge in ms, 0: none */
	bool endless;       /* the cookie as it was read has no end, and needs no repair */
};

static inline size_t
gate_record_count(const struct gate_record *record)
{
	return record->members != NULL ? record->members->count : 0;
}

/* Returns member i, which is below gate_record_count. */
static inline struct gate_record_member *
gate_record_at(const struct gate_record *record, size_t i)
{
	return &record->members->all[i];
}

/* Returns the member of that name, or NULL if there is none, or it was removed. */
const struct gate_record_member *gate_record_named(const struct gate_record *, const char *name);

#endif
