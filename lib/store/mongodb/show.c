/* store/mongodb/show.c: prints BSON as the JSON that Node prints of it. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/date.h"
#include "base/encode.h"
#include "base/number.h"
#include "record/json.h"
#include "store/mongodb/private.h"

#define DEPTH_MAX 200
#define SAFE_MAX (INT64_C(1) << 53) /* Node's driver makes numbers of int64s up to this */

static void
show_date(struct gate_buffer *out, int64_t ms)
{
	char text[GATE_JS_DATE_MAX];

	if (gate_js_date(text, ms))
		gate_buffer_printf(out, "\"%s\"", text);
	else
		gate_buffer_puts(out, "null");
}

/* Prints a Long's members beyond SAFE_MAX: that class of the driver has no toJSON. */
static void
show_long(struct gate_buffer *out, int64_t value)
{
	if (value >= -SAFE_MAX && value <= SAFE_MAX)
		gate_buffer_integer(out, value);
	else
		gate_buffer_printf(out,
		    "{\"high\":%" PRId32 ",\"low\":%" PRId32 ",\"unsigned\":false}",
		    (int32_t)(value >> 32), (int32_t)(uint32_t)(value & 0xffffffff));
}

static void
show_real(struct gate_buffer *out, double value)
{
	if (isfinite(value))
		gate_json_print_real(out, value);
	else
		gate_buffer_puts(out, "null");
}

static void
show_binary(struct gate_buffer *out, const bson_iter_t *value)
{
	char hex[33];
	const uint8_t *bytes;
	bson_subtype_t kind;
	uint32_t length;
	size_t encoded;

	bson_iter_binary(value, &kind, &length, &bytes);
	if (kind == BSON_SUBTYPE_UUID && length == 16) {
		gate_hex(hex, bytes, 16);
		gate_buffer_printf(out, "\"%.8s-%.4s-%.4s-%.4s-%.12s\"", hex, hex + 8, hex + 12,
		    hex + 16, hex + 20);
		return;
	}
	encoded = GATE_BASE64_LENGTH((size_t)length);
	gate_buffer_putc(out, '"');
	if (gate_buffer_reserve(out, encoded + 1) == 0) {
		gate_base64(out->data + out->length, bytes, length);
		out->length += encoded;
	}
	gate_buffer_printf(out, "%.*s\"", (int)(encoded % 4 != 0 ? 4 - encoded % 4 : 0), "==");
}

static bool
show_text(struct gate_buffer *out, const char *text, size_t length)
{
	if (!gate_utf8_valid(text, length))
		return false;
	gate_json_print_string(out, text, length);
	return true;
}

static bool
show_object_id(struct gate_buffer *out, const bson_oid_t *id)
{
	char hex[25];

	bson_oid_to_string(id, hex);
	gate_buffer_printf(out, "\"%s\"", hex);
	return true;
}

static bool
show_decimal(struct gate_buffer *out, const bson_iter_t *value)
{
	char text[BSON_DECIMAL128_STRING];
	bson_decimal128_t decimal;

	bson_iter_decimal128(value, &decimal);
	bson_decimal128_to_string(&decimal, text);
	gate_buffer_printf(out, "{\"$numberDecimal\":\"%s\"}", text);
	return true;
}

static bool show_members(struct gate_buffer *, const bson_iter_t *, int depth);

static bool
show_code(struct gate_buffer *out, const bson_iter_t *value, int depth)
{
	const uint8_t *bytes;
	uint32_t length, scope_length;
	const char *code;
	bson_t scope;
	bson_iter_t at;
	bool good;

	if (BSON_ITER_HOLDS_CODE(value))
		code = bson_iter_code(value, &length);
	else
		code = bson_iter_codewscope(value, &length, &scope_length, &bytes);
	gate_buffer_puts(out, "{\"code\":");
	good = show_text(out, code, length);
	if (good && BSON_ITER_HOLDS_CODEWSCOPE(value)) {
		gate_buffer_puts(out, ",\"scope\":");
		good = bson_init_static(&scope, bytes, scope_length) &&
		    bson_iter_init(&at, &scope) && show_members(out, &at, depth + 1);
	}
	gate_buffer_putc(out, '}');
	return good;
}

static bool
show_pointer(struct gate_buffer *out, const bson_iter_t *value)
{
	const bson_oid_t *id;
	const char *collection;
	uint32_t length;
	bool good;

	bson_iter_dbpointer(value, &length, &collection, &id);
	gate_buffer_puts(out, "{\"$ref\":");
	good = show_text(out, collection, length);
	gate_buffer_puts(out, ",\"$id\":");
	show_object_id(out, id);
	gate_buffer_putc(out, '}');
	return good;
}

/* Prints a value that is neither a document nor an array. */
static bool
show_scalar(struct gate_buffer *out, const bson_iter_t *value, int depth)
{
	uint32_t length, high, low;
	const char *text;

	switch (bson_iter_type(value)) {
	case BSON_TYPE_UTF8:
		text = bson_iter_utf8(value, &length);
		return show_text(out, text, length);
	case BSON_TYPE_SYMBOL:
		text = bson_iter_symbol(value, &length);
		return show_text(out, text, length);
	case BSON_TYPE_DOUBLE:
		show_real(out, bson_iter_double(value));
		return true;
	case BSON_TYPE_INT32:
		gate_buffer_integer(out, bson_iter_int32(value));
		return true;
	case BSON_TYPE_INT64:
		show_long(out, bson_iter_int64(value));
		return true;
	case BSON_TYPE_BOOL:
		gate_buffer_puts(out, bson_iter_bool(value) ? "true" : "false");
		return true;
	case BSON_TYPE_DATE_TIME:
		show_date(out, bson_iter_date_time(value));
		return true;
	case BSON_TYPE_OID:
		return show_object_id(out, bson_iter_oid(value));
	case BSON_TYPE_BINARY:
		show_binary(out, value);
		return true;
	case BSON_TYPE_DECIMAL128:
		return show_decimal(out, value);
	case BSON_TYPE_TIMESTAMP:
		bson_iter_timestamp(value, &high, &low);
		gate_buffer_printf(
		    out, "{\"$timestamp\":\"%" PRIu64 "\"}", (uint64_t)high << 32 | low);
		return true;
	case BSON_TYPE_CODE:
	case BSON_TYPE_CODEWSCOPE:
		return show_code(out, value, depth);
	case BSON_TYPE_DBPOINTER:
		return show_pointer(out, value);
	case BSON_TYPE_REGEX:
	case BSON_TYPE_MINKEY:
	case BSON_TYPE_MAXKEY:
		gate_buffer_puts(out, "{}");
		return true;
	case BSON_TYPE_NULL:
	case BSON_TYPE_UNDEFINED:
		gate_buffer_puts(out, "null");
		return true;
	case BSON_TYPE_EOD:
	case BSON_TYPE_DOCUMENT:
	case BSON_TYPE_ARRAY:
		break;
	}
	return false;
}

static bool
is_container(const bson_iter_t *value)
{
	return BSON_ITER_HOLDS_DOCUMENT(value) || BSON_ITER_HOLDS_ARRAY(value);
}

static bool
show_value(struct gate_buffer *out, const bson_iter_t *value, int depth)
{
	bson_iter_t inner;
	bool array = BSON_ITER_HOLDS_ARRAY(value), first = true, good = true;

	if (!is_container(value))
		return show_scalar(out, value, depth);
	if (!array)
		return bson_iter_recurse(value, &inner) && show_members(out, &inner, depth + 1);
	if (depth >= DEPTH_MAX || !bson_iter_recurse(value, &inner))
		return false;
	gate_buffer_putc(out, '[');
	for (; good && bson_iter_next(&inner); first = false) {
		if (!first)
			gate_buffer_putc(out, ',');
		good = show_value(out, &inner, depth + 1);
	}
	gate_buffer_putc(out, ']');
	return good;
}

/* Prints a document, without its undefined members. */
static bool
show_members(struct gate_buffer *out, const bson_iter_t *start, int depth)
{
	bson_iter_t at = *start;
	bool first = true, good = depth < DEPTH_MAX;

	gate_buffer_putc(out, '{');
	while (good && bson_iter_next(&at)) {
		if (BSON_ITER_HOLDS_UNDEFINED(&at))
			continue;
		if (!first)
			gate_buffer_putc(out, ',');
		first = false;
		good = show_text(out, bson_iter_key(&at), bson_iter_key_len(&at));
		gate_buffer_putc(out, ':');
		good = good && show_value(out, &at, depth);
	}
	gate_buffer_putc(out, '}');
	return good;
}

int
gate_store_mongodb_show(struct gate_buffer *out, const bson_iter_t *document)
{
	bson_iter_t inner;
	bool good = bson_iter_recurse(document, &inner) && show_members(out, &inner, 0);

	return out->failed ? -1 : good;
}

bool
gate_store_mongodb_show_value(struct gate_buffer *out, const bson_iter_t *value)
{
	return show_value(out, value, 0);
}
