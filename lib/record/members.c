/* record/members.c: parses a record's text into members, and prints members as text. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "record/private.h"

#define FIRST_ROOM 8

/* ---- members ---- */

struct gate_record_member *
gate_record_find(const struct gate_record *record, const char *name, size_t *at)
{
	for (size_t n = 0; n < gate_record_count(record); n++) {
		size_t i = *at < gate_record_count(record) - n
		    ? *at + n
		    : *at + n - gate_record_count(record);

		if (gate_record_at(record, i)->name == NULL ||
		    strcmp(gate_record_at(record, i)->name, name) != 0)
			continue;
		*at = i + 1 < gate_record_count(record) ? i + 1 : 0;
		return gate_record_at(record, i);
	}
	return NULL;
}

static struct gate_record_member *
find(const struct gate_record *record, const char *name)
{
	return gate_record_find(record, name, &(size_t){0});
}

struct gate_record_members *
gate_record_make_members(struct gate_record *record)
{
	if (record->members == NULL)
		record->members = calloc(1, sizeof *record->members);
	return record->members;
}

static struct gate_record_member *
append(struct gate_record *record)
{
	struct gate_record_members *m = gate_record_make_members(record);

	if (m == NULL)
		return NULL;
	if (m->count == m->room) {
		size_t room = m->room != 0 ? m->room * 2 : FIRST_ROOM;
		struct gate_record_member *all = realloc(m->all, room * sizeof *all);

		if (all == NULL)
			return NULL;
		m->all = all;
		m->room = room;
	}
	m->all[m->count] = (struct gate_record_member){0};
	return &m->all[m->count++];
}

static void
release_member(struct gate_record_member *member)
{
	if (member->quoted != NULL || member->name_owned)
		free(member->name);
	if (member->text_owned)
		free((char *)(uintptr_t)member->text);
}

struct gate_record
gate_record_blank(int64_t now, int64_t deadline, int64_t ttl, const char *user_member)
{
	return (struct gate_record){
	    .now = now, .deadline = deadline, .ttl = ttl, .user_member = user_member};
}

void
gate_record_release(struct gate_record *record)
{
	for (size_t i = 0; i < gate_record_count(record); i++)
		release_member(gate_record_at(record, i));
	if (record->members != NULL) {
		free(record->members->all);
		free(record->members->raw);
		free(record->members->name_of_user);
		free(record->members);
	}
	*record =
	    gate_record_blank(record->now, record->deadline, record->ttl, record->user_member);
}

/* Makes text, which was malloc'd and now is the member's, its new value. */
static void
take_text(struct gate_record_member *member, char *text, size_t length)
{
	if (member->text_owned)
		free((char *)(uintptr_t)member->text);
	member->text = text;
	member->length = length;
	member->text_owned = true;
	member->changed = true;
	member->removed = false;
}

struct gate_record_member *
gate_record_put(struct gate_record *record, const char *name, const char *text, size_t length)
{
	struct gate_record_member *member = find(record, name);
	char *copy = malloc(length + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (member == NULL) {
		char *own = strdup(name);

		member = own != NULL ? append(record) : NULL;
		if (member == NULL) {
			free(own);
			free(copy);
			return NULL;
		}
		member->name = own;
		member->name_owned = true;
	}
	take_text(member, copy, length);
	return member;
}

int
gate_record_set(struct gate_record *record, const char *name, const char *text)
{
	return gate_record_put(record, name, text, strlen(text)) != NULL ? 0 : -1;
}

static void
show(const struct gate_record_member *m, struct gate_member *shown)
{
	*shown = (struct gate_member){m->name, m->text, m->length, m->changed, m->removed};
}

const struct gate_record_member *
gate_record_named(const struct gate_record *record, const char *name)
{
	const struct gate_record_member *member = find(record, name);

	return member != NULL && !member->removed ? member : NULL;
}

bool
gate_record_get(const struct gate_record *record, const char *name, struct gate_member *shown)
{
	const struct gate_record_member *member = gate_record_named(record, name);

	if (member == NULL)
		return false;
	show(member, shown);
	return true;
}

bool
gate_record_next(const struct gate_record *record, size_t *at, struct gate_member *shown)
{
	if (*at >= gate_record_count(record))
		return false;
	show(gate_record_at(record, (*at)++), shown);
	return true;
}

void
gate_record_remove(struct gate_record *record, const char *name)
{
	struct gate_record_member *member = find(record, name);

	if (member != NULL)
		member->removed = true;
}

int64_t
gate_record_lifetime(const struct gate_record *record)
{
	return record->members != NULL && record->members->max_age != 0 ? record->members->max_age
									: record->ttl;
}

int64_t
gate_record_max_age(const struct gate_record *record)
{
	return record->members != NULL ? record->members->max_age : 0;
}

size_t
gate_record_size(const struct gate_record *record)
{
	size_t size = 2; /* the braces */

	for (size_t i = 0; i < gate_record_count(record); i++) {
		const struct gate_record_member *m = gate_record_at(record, i);

		if (!m->removed)
			size += m->length + 2 +
			    (m->quoted != NULL ? m->quoted_length : strlen(m->name) + 2);
	}
	return size;
}

/* ---- text to members ---- */

struct parse {
	struct gate_record *record;
	const char *text; /* borrowed; the members' raw is its copy, into which members point */
};

/* Ends a name without escapes by a NUL in place of its closing quote. jansson decodes a name with
 * escapes, and `quoted` keeps its bytes, to be written back as they were. */
static int
name_member(struct gate_record_member *member, char *quoted, size_t length)
{
	json_t *decoded;

	if (memchr(quoted, '\\', length) == NULL) {
		quoted[length - 1] = '\0';
		member->name = quoted + 1;
		return 0;
	}
	member->quoted = quoted;
	member->quoted_length = length;
	decoded = gate_json_load(quoted, length);
	if (decoded != NULL && strlen(json_string_value(decoded)) == json_string_length(decoded)) {
		member->name = strdup(json_string_value(decoded));
		if (member->name == NULL) {
			json_decref(decoded);
			return -1;
		}
	}
	json_decref(decoded);
	return 0;
}

static int
parse_member(void *data, const struct gate_json_span *span)
{
	struct parse *p = data;
	struct gate_record_member *member = append(p->record);

	if (member == NULL)
		return -1;
	member->text = p->record->members->raw + (span->value - p->text);
	member->length = span->value_length;
	return name_member(
	    member, p->record->members->raw + (span->name - p->text), span->name_length);
}

static int
by_name_then_place(const void *a, const void *b)
{
	const struct gate_record_member *const *one = a, *const *two = b;
	int order = strcmp((*one)->name, (*two)->name);

	return order != 0 ? order : (*one > *two) - (*one < *two);
}

/* Merges members of the same name as JavaScript does: the first one's place, the last one's
 * value. */
static int
drop_duplicates(struct gate_record *record)
{
	struct gate_record_member **sorted =
	    malloc((gate_record_count(record) + 1) * sizeof(struct gate_record_member *));
	size_t named = 0, kept = 0;

	if (sorted == NULL)
		return -1;
	for (size_t i = 0; i < gate_record_count(record); i++)
		if (gate_record_at(record, i)->name != NULL)
			sorted[named++] = gate_record_at(record, i);
	qsort(sorted, named, sizeof *sorted, by_name_then_place);
	for (size_t i = 0, first = 0; i < named; i++) {
		if (i == first || strcmp(sorted[i]->name, sorted[first]->name) != 0) {
			first = i;
			continue;
		}
		sorted[first]->text = sorted[i]->text;
		sorted[first]->length = sorted[i]->length;
		sorted[i]->removed = true;
	}
	free(sorted);
	for (size_t i = 0; i < gate_record_count(record); i++) {
		if (gate_record_at(record, i)->removed)
			release_member(gate_record_at(record, i));
		else
			*gate_record_at(record, kept++) = *gate_record_at(record, i);
	}
	if (record->members != NULL)
		record->members->count = kept;
	return 0;
}

static bool
has_duplicates(const struct gate_record *record)
{
	if (gate_record_count(record) >
	    64) /* too many to compare in pairs: drop_duplicates sorts */
		return true;
	for (size_t i = 1; i < gate_record_count(record); i++)
		for (size_t j = 0; j < i; j++)
			if (gate_record_at(record, i)->name != NULL &&
			    gate_record_at(record, j)->name != NULL &&
			    strcmp(gate_record_at(record, i)->name,
				gate_record_at(record, j)->name) == 0)
				return true;
	return false;
}

int
gate_record_read_members(struct gate_record *record, const char *text, size_t length)
{
	struct parse p = {record, text};
	int result;

	if (gate_record_make_members(record) == NULL ||
	    (record->members->raw = malloc(length + 1)) == NULL)
		return -1;
	memcpy(record->members->raw, text, length);
	record->members->raw[length] = '\0';
	result = gate_json_members(text, length, parse_member, &p);
	if (result > 0 && has_duplicates(record) && drop_duplicates(record) < 0)
		result = -1;
	return result;
}

struct look_up { /* finds several members of an object in one pass */
	const char *const *names;
	const char **texts;
	size_t count;
};

static int
look_at(void *data, const struct gate_json_span *span)
{
	struct look_up *look = data;

	for (size_t i = 0; i < look->count; i++)
		if (gate_json_named(span, look->names[i]))
			look->texts[i] = span->value;
	return 0;
}

int
gate_record_look_up(const struct gate_record_member *object, const char *const *names,
    const char **texts, size_t count)
{
	struct look_up look = {names, texts, count};

	for (size_t n = 0; n < count; n++)
		texts[n] = NULL;
	return gate_json_members(object->text, object->length, look_at, &look);
}

static bool
is_number(const char *text)
{
	return text[0] == '-' || (text[0] >= '0' && text[0] <= '9');
}

int64_t
gate_record_milliseconds(const char *text)
{
	double number = 0;

	if (text != NULL && is_number(text))
		number = strtod(text, NULL); /* stops at the comma or brace behind the number */
	return number > -9e15 && number < 9e15 ? (int64_t)number : 0;
}

/* ---- members to text ---- */

char *
gate_record_text(const struct gate_record *record, size_t *length)
{
	struct gate_buffer out = {0};
	bool first = true;

	gate_buffer_putc(&out, '{');
	for (size_t i = 0; i < gate_record_count(record); i++) {
		const struct gate_record_member *member = gate_record_at(record, i);

		if (member->removed)
			continue;
		if (!first)
			gate_buffer_putc(&out, ',');
		first = false;
		if (member->quoted != NULL)
			gate_buffer_add(&out, member->quoted, member->quoted_length);
		else
			gate_json_print_string(&out, member->name, strlen(member->name));
		gate_buffer_putc(&out, ':');
		gate_buffer_add(&out, member->text, member->length);
	}
	gate_buffer_putc(&out, '}');
	if (out.failed)
		gate_buffer_release(&out);
	*length = out.length;
	return out.data;
}
