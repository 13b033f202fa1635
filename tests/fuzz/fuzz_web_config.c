/* fuzz_web_config.c: reads any bytes as a web server's configuration. The first byte says which
 * server's; behind a zero byte is a second file, `other`. Nothing else is read. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../../cgi-bin/gate_check/web.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
take(void *data, enum gate_check_level level, const char *file, unsigned int line, const char *text)
{
	size_t *said = data;

	if (file == NULL || *text == '\0' || level > GATE_CHECK_ERROR || line == 0)
		abort();
	(*said)++;
}

/* Is a node where its parent says, and are its words what it says? */
static void
check_node(const struct gate_web_node *node)
{
	size_t count = 0;

	while (node->words[count] != NULL)
		count++;
	if (count != node->count || node->file == NULL || node->depth > GATE_WEB_DEPTH_MAX)
		abort();
	if (node->first != NULL && (node->first->prev != NULL || node->first->parent != node))
		abort();
	if (node->next != NULL && (node->next->prev != node || node->next->parent != node->parent))
		abort();
	if (node->parent != NULL && node->next == NULL && node->parent->last != node)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static gate_web_reader *const readers[] = {
	    gate_web_read_nginx, gate_web_read_apache, gate_web_read_lighttpd, gate_web_read_caddy};
	const char *text = (const char *)bytes + 1, *zero;
	size_t said = 0, count = 0, length;
	struct gate_web web;

	if (size == 0)
		return 0;
	zero = memchr(text, '\0', size - 1);
	length = zero != NULL ? (size_t)(zero - text) : size - 1;
	if (gate_web_init(&web, readers[bytes[0] % 4], take, &said) < 0)
		abort();
	web.sealed = true;
	if (zero != NULL && gate_web_give(&web, "other", zero + 1, size - 2 - length) < 0)
		abort();
	gate_web_load_text(&web, "main", text, length);
	for (const struct gate_web_node *at = web.root; at != NULL;
	     at = gate_web_walk(web.root, at)) {
		check_node(at);
		count++;
	}
	if (count > web.nodes || web.nodes > GATE_WEB_NODES_MAX || (web.full && said == 0))
		abort();
	gate_web_release(&web);
	return 0;
}
