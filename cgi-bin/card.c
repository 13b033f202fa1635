/* card.c: the haircut card: a new one holds 100, each visit takes 10, a POST makes a new one. */
#include <string.h>

#include <gate.h>

enum { FULL = 100, PRICE = 10 };

/* The ten boxes of the card in the order they are used; true: used. */
static json_t *
boxes(json_int_t left)
{
	json_t *array = json_array();

	for (json_int_t i = 0; i < FULL / PRICE; i++)
		json_array_append_new(array, json_boolean(i * PRICE < FULL - left));
	return array;
}

/* Takes 10 from the card. After a double click (?new=yes) the first visit of the new card may be
 * done already: then shows that visit again. */
static void
visit(struct gate_request *req)
{
	json_t *session = gate_session(req);
	json_t *card = json_object_get(session, "card");
	json_int_t before = json_is_integer(card) ? json_integer_value(card) : FULL;
	bool made, paid;
	json_int_t left;
	json_t *page;

	if (before < 0 || before > FULL) /* not ours */
		before = FULL;
	made = gate_query(req, "new") != NULL && before < FULL;
	if (made)
		before += PRICE;
	paid = before >= PRICE;
	left = paid ? before - PRICE : before;
	page = json_pack("{s:I, s:I, s:i, s:b, s:b, s:o}", "before", before, "left", left, "price",
	    PRICE, "paid", paid, "used_up", left < PRICE, "boxes", boxes(left));
	if (paid && !made)
		json_object_set_new(session, "card", json_integer(left));
	gate_render_new(req, "card.html", page);
}

/* Makes a new card. The redirect leads to a visit, which takes the first 10 at once. */
static void
make_card(struct gate_request *req)
{
	if (gate_repeated(req) == 1) {
		gate_redirect(req, "~/card?new=yes");
		return;
	}
	json_object_set_new(gate_session(req), "card", json_integer(FULL));
	gate_redirect(req, "~/card");
}

static void
answer(struct gate_request *req)
{
	if (!gate_allow(req, "GET, HEAD, POST"))
		return;
	if (strcmp(gate_method(req), "POST") == 0)
		make_card(req);
	else
		visit(req);
}

int
main(int argc, char **argv)
{
	return gate_main(argc, argv, answer);
}
