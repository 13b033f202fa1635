/* record/members.c: parses a record's text into members, and prints members as text. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "record/private.h"

#define FIRST_ROOM 8

/* ---- members ---- */

struct gate_member *
gate_record_find(const struct gate_record *record, const char *name, size_t *at)
{
	for (size_t n = 0; n < record->count; n++) {
		size_t i = *at < record->count - n ? *at + n : *at + n - record->count;

		if (record->members[i].name == NULL || strcmp(record->members[i].name, name) != 0)
			continue;
		*at = i + 1 < record->count ? i + 1 : 0;
		return &record->members[i];
	}
	return NULL;
}

static struct gate_member *
find(const struct gate_record *record, const char *name)
{
	return gate_record_find(record, name, &(size_t){0});
}

static struct gate_member *
append(struct gate_record *record)
{
	struct gate_member *members = record->members;

	if (record->count == record->room) {
		size_t room = record->room != 0 ? record->room * 2 : FIRST_ROOM;

		members = realloc(members, room * sizeof *members);
		if (members == NULL)
			return NULL;
		record->members = members;
		record->room = room;
	}
	members[record->count] = (struct gate_member){0};
	return &members[record->count++];
}

static void
release_member(struct gate_member *member)
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
	for (size_t i = 0; i < record->count; i++)
		release_member(&record->members[i]);
	free(record->members);
	free(record->raw);
	free(record->name_of_user);
	*record =
	    gate_record_blank(record->now, record->deadline, record->ttl, record->user_member);
}

/* Makes text, which was malloc'd and now is the member's, its new value. */
static void
take_text(struct gate_member *member, char *text, size_t length)
{
	if (member->text_owned)
		free((char *)(uintptr_t)member->text);
	member->text = text;
	member->length = length;
	member->text_owned = true;
	member->changed = true;
	member->removed = false;
}

struct gate_member *
gate_record_put(struct gate_record *record, const char *name, const char *text, size_t length)
{
	struct gate_member *member = find(record, name);
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

const struct gate_member *
gate_record_get(const struct gate_record *record, const char *name)
{
	const struct gate_member *member = find(record, name);

	return member != NULL && !member->removed ? member : NULL;
}

/* ---- text to members ---- */

struct parse {
	struct gate_record *record;
	const char *text; /* borrowed; record->raw is its copy, into which members point */
};

/* Ends a name without escapes by a NUL in place of its closing quote. jansson decodes a name with
 * escapes, and `quoted` keeps its bytes, to be written back as they were. */
static int
name_member(struct gate_member *member, char *quoted, size_t length)
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
	struct gate_member *member = append(p->record);

	if (member == NULL)
		return -1;
	member->text = p->record->raw + (span->value - p->text);
	member->length = span->value_length;
	return name_member(member, p->record->raw + (span->name - p->text), span->name_length);
}

static int
by_name_then_place(const void *a, const void *b)
{
	const struct gate_member *const *one = a, *const *two = b;
	int order = strcmp((*one)->name, (*two)->name);

	return order != 0 ? order : (*one > *two) - (*one < *two);
}

/* Merges members of the same name as JavaScript does: the first one's place, the last one's
 * value. */
static int
drop_duplicates(struct gate_record *record)
{
	struct gate_member **sorted = malloc((record->count + 1) * sizeof(struct gate_member *));
	size_t named = 0, kept = 0;

	if (sorted == NULL)
		return -1;
	for (size_t i = 0; i < record->count; i++)
		if (record->members[i].name != NULL)
			sorted[named++] = &record->members[i];
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
	for (size_t i = 0; i < record->count; i++) {
		if (record->members[i].removed)
			release_member(&record->members[i]);
		else
			record->members[kept++] = record->members[i];
	}
	record->count = kept;
	return 0;
}

static bool
has_duplicates(const struct gate_record *record)
{
	if (record->count > 64) /* too many to compare in pairs: drop_duplicates sorts */
		return true;
	for (size_t i = 1; i < record->count; i++)
		for (size_t j = 0; j < i; j++)
			if (record->members[i].name != NULL && record->members[j].name != NULL &&
			    strcmp(record->members[i].name, record->members[j].name) == 0)
				return true;
	return false;
}

int
gate_record_read_members(struct gate_record *record, const char *text, size_t length)
{
	struct parse p = {record, text};
	int result;

	record->raw = malloc(length + 1);
	if (record->raw == NULL)
		return -1;
	memcpy(record->raw, text, length);
	record->raw[length] = '\0';
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
gate_record_look_up(
    const struct gate_member *object, const char *const *names, const char **texts, size_t count)
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
	for (size_t i = 0; i < record->count; i++) {
		const struct gate_member *member = &record->members[i];

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
