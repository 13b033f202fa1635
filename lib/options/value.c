/* options/value.c: sets one option's member from text, and turns it back into text. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "http/field.h"
#include "options/private.h"

#define SEPARATORS ", \t"
#define BAD_QUOTES "has a quote too few or too many"

static const char *const yes_no[] = {"no", "yes", NULL};

static int
refuse(const struct gate_option_row *option, const struct gate_option_given *given,
    const char *value, const char *reason, struct gate_error *error)
{
	if (option->type == GATE_OPTION_SECRETS || option->type == GATE_OPTION_URL)
		return gate_fail(
		    error, GATE_EOPTION, "%s: %s %s", given->origin, option->name, reason);
	return gate_fail(error, GATE_EOPTION, "%s: %s: \"%.60s\" %s", given->origin, option->name,
	    value, reason);
}

static int
refuse_range(const struct gate_option_row *option, const struct gate_option_given *given,
    struct gate_error *error)
{
	struct gate_buffer range = {0};

	gate_option_add_number(&range, option->type, option->least);
	gate_buffer_puts(&range, " to ");
	gate_option_add_number(&range, option->type, option->most);
	gate_fail(error, GATE_EOPTION, "%s: %s: \"%.60s\" is not in the range %s", given->origin,
	    option->name, given->text, gate_buffer_text(&range));
	gate_buffer_release(&range);
	return -1;
}

static int
refuse_word(const struct gate_option_row *option, const struct gate_option_given *given,
    const char *const *words, struct gate_error *error)
{
	struct gate_buffer reason = {0};

	gate_buffer_puts(&reason, "is not one of");
	for (; *words != NULL; words++)
		gate_buffer_printf(&reason, " %s%s", *words, words[1] != NULL ? "," : "");
	refuse(option, given, given->text, gate_buffer_text(&reason), error);
	gate_buffer_release(&reason);
	return -1;
}

static void *
field_of(struct gate_options *options, const struct gate_option_row *option)
{
	return (char *)options + option->offset;
}

static const void *
const_field_of(const struct gate_options *options, const struct gate_option_row *option)
{
	return (const char *)options + option->offset;
}

static void
wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

static bool
is_list(const struct gate_option_row *option)
{
	return option->type == GATE_OPTION_LIST || option->type == GATE_OPTION_SECRETS;
}

static bool
is_text(const struct gate_option_row *option)
{
	return option->type == GATE_OPTION_TEXT || option->type == GATE_OPTION_URL;
}

void
gate_option_release(struct gate_options *options, const struct gate_option_row *option)
{
	char **values = field_of(options, option);

	if (!is_list(option) && !is_text(option))
		return;
	for (size_t i = 0; i < (is_list(option) ? GATE_LIST_MAX : 1); i++) {
		wipe(values[i]);
		values[i] = NULL;
	}
}

/* Returns where an item of a list ends, NULL if its quote is not closed. Quotes may hold
 * separators; an unquoted secret may, too. */
static const char *
item_end(const struct gate_option_row *option, const char *item)
{
	if (*item == '"')
		return strchr(item + 1, '"');
	if (option->type == GATE_OPTION_LIST)
		return item + strcspn(item, SEPARATORS);
	return item + strlen(item);
}

static const char *
add_item(struct gate_options *options, const struct gate_option_row *option, char *item)
{
	char **values = field_of(options, option);
	int64_t count = 0;
	const char *reason = option->check != NULL ? option->check(item) : NULL;

	while (values[count] != NULL)
		count++;
	if (*item == '\0')
		return "is empty";
	if (count >= option->most)
		return "is one value too many";
	if (option->type == GATE_OPTION_SECRETS && strlen(item) > GATE_SECRET_MAX)
		return "is too long";
	if (reason == NULL)
		values[count] = item;
	return reason;
}

static int
add_list(struct gate_options *options, const struct gate_option_row *option,
    const struct gate_option_given *given, struct gate_error *error)
{
	bool secrets = option->type == GATE_OPTION_SECRETS;
	const char *item = given->text, *end, *reason;
	char *copy;

	for (item += secrets ? 0 : strspn(item, SEPARATORS); *item != '\0';
	     item = end + strspn(end, SEPARATORS)) {
		bool quoted = *item == '"';

		end = item_end(option, item);
		if (end == NULL || (quoted && strchr(SEPARATORS, end[1]) == NULL))
			return refuse(option, given, item, BAD_QUOTES, error);
		copy = strndup(item + quoted, (size_t)(end - item) - quoted);
		if (copy == NULL)
			return gate_fail(error, GATE_EMEMORY, "options: out of memory");
		reason = add_item(options, option, copy);
		if (reason != NULL) {
			refuse(option, given, copy, reason, error);
			wipe(copy);
			return -1;
		}
		end += quoted;
	}
	return 0;
}

/* Is it a relative path? In a file it is refused: what it means depends on who reads the file. */
static bool
is_relative(const struct gate_option_row *option, const char *value)
{
	if (strncmp(value, "file:", 5) == 0 || strncmp(value, "unix:", 5) == 0)
		return value[5] != '/' &&
		    value[5] != '\0'; /* if it is empty, the store refuses it */
	return option->path && *value != '\0' && *value != '/';
}

static int
set_text(struct gate_options *options, const struct gate_option_row *option,
    const struct gate_option_given *given, const char *value, struct gate_error *error)
{
	const char *reason = NULL;
	char *copy;

	if (*value != '\0' && option->check != NULL)
		reason = option->check(value);
	if (*value == '\0' && option->least > 0)
		reason = "must not be empty";
	if (reason == NULL && given->level == GATE_FROM_FILE && is_relative(option, value))
		reason = "has a relative path: in a file it must begin with /";
	if (reason != NULL)
		return refuse(option, given, value, reason, error);
	copy = strdup(value);
	if (copy == NULL)
		return gate_fail(error, GATE_EMEMORY, "options: out of memory");
	gate_option_release(options, option);
	*(char **)field_of(options, option) = copy;
	return 0;
}

static int
set_word(struct gate_options *options, const struct gate_option_row *option,
    const struct gate_option_given *given, const char *value, struct gate_error *error)
{
	const char *const *words = option->words != NULL ? option->words : yes_no;
	unsigned int i = 0;

	while (words[i] != NULL && strcmp(words[i], value) != 0)
		i++;
	if (words[i] == NULL)
		return refuse_word(option, given, words, error);
	if (option->type == GATE_OPTION_SWITCH)
		*(bool *)field_of(options, option) = i == 1;
	else
		*(unsigned int *)field_of(options, option) = i;
	return 0;
}

static int
set_number(struct gate_options *options, const struct gate_option_row *option,
    const struct gate_option_given *given, const char *value, struct gate_error *error)
{
	int64_t number;
	const char *reason = gate_option_parse_number(option->type, value, &number);

	if (reason != NULL)
		return refuse(option, given, value, reason, error);
	if (number < option->least || number > option->most)
		return refuse_range(option, given, error);
	*(int64_t *)field_of(options, option) = number;
	return 0;
}

/* Copies text without quotes around it. Returns 0, or -1 if the quotes are wrong. */
static int
unquote(const char *text, char value[GATE_OPTION_VALUE_MAX + 1])
{
	size_t length = strlen(text);

	if (*text == '"') {
		if (length < 2 || strchr(text + 1, '"') != text + length - 1)
			return -1;
		text++;
		length -= 2;
	}
	memcpy(value, text, length);
	value[length] = '\0';
	return 0;
}

static int
check_text(const struct gate_option_given *given, const char *name, struct gate_error *error)
{
	if (strlen(given->text) > GATE_OPTION_VALUE_MAX)
		return gate_fail(error, GATE_EOPTION, "%s: %s is longer than %d bytes",
		    given->origin, name, GATE_OPTION_VALUE_MAX);
	if (!gate_field_is_value(given->text))
		return gate_fail(
		    error, GATE_EOPTION, "%s: %s holds a control byte", given->origin, name);
	return 0;
}

int
gate_option_read_text(const struct gate_option_given *given, const char *name,
    char value[GATE_OPTION_VALUE_MAX + 1], struct gate_error *error)
{
	if (check_text(given, name, error) < 0)
		return -1;
	if (unquote(given->text, value) < 0)
		return gate_fail(
		    error, GATE_EOPTION, "%s: %s: its value " BAD_QUOTES, given->origin, name);
	return 0;
}

int
gate_option_set(struct gate_options *options, const struct gate_option_row *option,
    const struct gate_option_given *given, struct gate_error *error)
{
	char value[GATE_OPTION_VALUE_MAX + 1];

	if (check_text(given, option->name, error) < 0)
		return -1;
	if (is_list(option))
		return add_list(options, option, given, error);
	if (unquote(given->text, value) < 0)
		return refuse(option, given, given->text, BAD_QUOTES, error);
	if (is_text(option))
		return set_text(options, option, given, value, error);
	if (option->type == GATE_OPTION_SWITCH || option->type == GATE_OPTION_WORD)
		return set_word(options, option, given, value, error);
	return set_number(options, option, given, value, error);
}

/* Returns where the next confidential value of an option of a MongoDB URI begins, NULL if there is
 * none. */
static const char *
find_hidden(const char *text)
{
	static const char *const ends[] = {"password=", "authmechanismproperties="};

	for (; *text != '\0'; text++)
		for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
			if (strncasecmp(text, ends[i], strlen(ends[i])) == 0)
				return text + strlen(ends[i]);
	return NULL;
}

/* Adds a URL without user, password and confidential values. Cuts at the last @; but a confidential
 * value may hold that @: then nothing after the scheme is shown. */
static void
add_url(struct gate_buffer *out, const char *url)
{
	const char *authority = strstr(url, "://"), *at = strrchr(url, '@');
	const char *hidden = find_hidden(url);

	if (authority != NULL && at != NULL && at > authority) {
		gate_buffer_add(out, url, (size_t)(authority + 3 - url));
		gate_buffer_puts(out, "(hidden)");
		url = hidden == NULL || hidden > at ? at : "";
	}
	for (; (hidden = find_hidden(url)) != NULL; url = hidden + strcspn(hidden, "&")) {
		gate_buffer_add(out, url, (size_t)(hidden - url));
		gate_buffer_puts(out, "(hidden)");
	}
	gate_buffer_puts(out, url);
}

char *
gate_option_text(const struct gate_options *options, const struct gate_option_row *option)
{
	const void *field = const_field_of(options, option);
	struct gate_buffer out = {0};

	gate_buffer_puts(&out, "");
	switch (option->type) {
	case GATE_OPTION_TEXT:
		gate_buffer_puts(&out, *(char *const *)field);
		break;
	case GATE_OPTION_URL:
		add_url(&out, *(char *const *)field);
		break;
	case GATE_OPTION_SWITCH:
		gate_buffer_puts(&out, yes_no[*(const bool *)field]);
		break;
	case GATE_OPTION_WORD:
		gate_buffer_puts(&out, option->words[*(const unsigned int *)field]);
		break;
	case GATE_OPTION_SECRETS:
		gate_buffer_puts(&out, *(char *const *)field != NULL ? "(hidden)" : "");
		break;
	case GATE_OPTION_LIST:
		for (char *const *value = field; *value != NULL; value++)
			gate_buffer_printf(&out, "%s%s", out.length > 0 ? ", " : "", *value);
		break;
	default:
		gate_option_add_number(&out, option->type, *(const int64_t *)field);
	}
	if (!out.failed)
		return out.data;
	gate_buffer_release(&out);
	return NULL;
}

int
gate_option_give(struct gate_options *options, const struct gate_option_row *option,
    const struct gate_option_given *given, struct gate_error *error)
{
	struct gate_option_entry *entry = gate_option_entry_of(options, option);
	bool list = option->type == GATE_OPTION_LIST || option->type == GATE_OPTION_SECRETS;

	if (given->level == GATE_FROM_FILE && entry->level == GATE_FROM_FILE && !list)
		return gate_fail(error, GATE_EOPTION, "%s: %s is set in line %u already",
		    given->origin, option->name, entry->line);
	if (list && entry->level != given->level)
		gate_option_release(options, option);
	free(entry->origin);
	entry->origin = strdup(given->origin);
	if (entry->origin == NULL)
		return gate_fail(error, GATE_EMEMORY, "options: out of memory");
	entry->level = given->level;
	entry->line = given->line;
	return gate_option_set(options, option, given, error);
}
