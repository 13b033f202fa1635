/* crypto/password_rules.c: what a new password must be: long enough, and not what everybody tries first.
 *
 * Published lists of leaked passwords hold thousands of at least 15 characters. Nearly all are put
 * together from a few well-known pieces, so the pieces stand here. The whole password is judged,
 * never what it merely contains: it is read in the cheapest way as words of the list, the user's
 * name and rows of keys, each worth as much as one letter, as repetitions of what stood before, and
 * as numbers and single characters. What is worth less than eight letters is refused. */
#include "config.h"

#include <limits.h>
#include <string.h>

#include "base/encode.h"
#include "crypto/password.h"

#define ENOUGH 16 /* eight letters */
#define LETTER 2
#define DIGIT 1 /* of a number: mostly a date, or of a telephone */
#define BLANK 0 /* or what else stands between words */
#define PIECE 2
#define REPETITION 1
#define NUMBER_MIN 4 /* digits */
#define PIECE_MIN 3  /* characters of a run, of a repetition, of a part of a name */
#define NAME_MAX_BYTES 255
#define UNREACHED UINT_MAX /* no piece ends here */

/* Parts of well-known passwords, by their first letter, in lower case and without digits for
 * letters. They are what people write in many languages, names, and what a site calls itself. */
static const char *const words[] = {
    "aaa abc access account acdc admin administrator africa after again aime ako alex "
    "alexander alexandra alexis all allah alone always am amanda amet amen america american amo "
    "amor amore amour an and andrea andrew android angel angela angels animal anna annie "
    "anniversary another anthony antidisestablishmentarianism any anything apple april are "
    "argentina army arsenal as asdf ashley at audi august austin australia auth authentication "
    "autumn avenged "
    "avengers azerty",
    "babe baby babyboy babygirl back backstreet backstreetboys backup bailey banana bank bar "
    "barbara barbie barcelona baseball basketball batman battery bayern be beach bear "
    "bears beatles beautiful because beckham been beer before being bella benfica benjamin "
    "berlin besiktas best bestfriend better bff bible bieber big bike bird birds birthday "
    "bismillah bit bite biteme bits black blah bless blessed blessing blink blue bmw boca bonita "
    "bonjour "
    "boo book born boston boy boyfriend boys brandon brasil brazil brian british brittany "
    "brooklyn brother brothers brown bugsbunny bunny business buster but butterfly by",
    "cake california camaro can canada candy cant car card carlos carmen caroline cars cash "
    "cat catherine cats celtic champion champions change changeit changeme charles charlie "
    "charlotte cheer cheerleader cheese chelsea chemical cherry chevy chicago chicken "
    "char characters chars child children china chocolate chouchou chris christ christian "
    "christina christine "
    "christmas christopher church cie cinta city claudia clave club cobra code coffee "
    "college colombia come company computer consectetur contrasena cookie cookies cool corazon "
    "corinthians correct correcthorsebatterystaple corvette could counter cow cowboys "
    "crazy credit cristina cristo crystal cullen cute cutie",
    "dad daddy daisy dallas damn dance dancer dancing daniel daniela danielle dark darkness "
    "darling darth data database daughter david davidson day days dead dear death debian "
    "december default demo demon desktop dev development deus deutschland devil diablo diamond "
    "diamonds "
    "diana dich did die diego dios direction disney do doctor does dog doggy dogs dollar "
    "dollars dolphin dominic dont doo dortmund doudou down dragon dragonball duck",
    "each eagle eagles earth easy edward eight elizabeth elvis email emily eminem emma engel "
    "england enter eric espana estrella ethan ever everton every everybody everyone "
    "everything example express",
    "facebook faith falcon fall falloutboy familia familie famille family fastcgi father fc "
    "february fenerbahce fernando ferrari fire first fish five flamengo florida flower "
    "flowers floyd foo foobar football for ford forest forever forget forgot fortnite four "
    "fox france francisco freedom friday friend friends friendsforever friendship frodo "
    "from fuck fucked fucker fucking fuckoff fuckyou fun funny",
    "gabriel gabriela galatasaray game gamer games gandalf garden garfield gate geheim george "
    "germany get ginger girl girlfriend girls give glory gmail go god godis gods going "
    "gold golden golf gonna good google gorgeous got grace gray great green greenday grey "
    "guest guitar guns",
    "had haha hahaha hallo handsome hannah happiness happy happybirthday hard harley harry "
    "harrypotter has haslo hate hater have hawaii heart hearts heather heaven hell hello "
    "hellokitty henry her here hermione hermosa him hiphop his hockey hola hollywood holy "
    "home honda honey honeys hope horse horses hot hotmail house how hug hulk hundred "
    "hunter husband",
    "ich if ilove iloveyou in india indian indonesia inshallah instagram inter internet into "
    "insecure iphone ipsum ireland irish iron ironmaiden ironman is isabella island istanbul it "
    "italia "
    "its",
    "jack jackson jacob jake james jamie january japan jasmine jason javier jedi jennifer "
    "jersey jessica jessie jesus jesuschrist jetaime joanna john johnny johnson joker "
    "jonas jonasbrothers jonathan jones jordan jorge jose joseph joshua juan julia julian "
    "july june juniors just justin justinbieber juventus jwt",
    "kamu karen katherine kawasaki kevin key kids kill killer kimberly king kings kiss kisses "
    "kita kitten kitty klaster know kocham kochamcie korea kyle",
    "lady lakers laptop last lasvegas laura lauren lazy led lemon least length leonardo let "
    "letmein liebe "
    "liebling life light lightning like lily linda linkedin linkin linkinpark linux lion "
    "lions lisa little live liverpool living login logon lol london long look lord lorem louis "
    "love loved loveisintheair lovely loveme lover lovers loves loveu loveyou loving lucas "
    "luck lucky luis luke",
    "madison madrid maggie magic mahal mahalkita maiden mail make makes malaysia mama maman "
    "man manager manchester manchesterunited manutd many march marcus margaret maria marie "
    "marine mario mark marriage married martha martin marvel mary master matrix matthew "
    "max may me megan melissa mercedes merlin messi metal metallica mexico miami michael "
    "michelle mickey microsoft midnight miguel mike milan million mimamor mine minecraft "
    "minimum minnie mivida mohammed mom mommy monday money monica monkey moon moonlight more "
    "morgan most motdepasse mother motorcycle mouse movie much muhammad mum mummy music "
    "must mustang mutter my mychemicalromance myself myspace mysql",
    "name named napoli naruto natalie natasha nathan nature navy need network never new "
    "newpass newyork next nice nicholas nicole night nine ninja nintendo nirvana no node nobody "
    "nokia not nothing november now nsync number numbers nurse",
    "obrigado ocean october of off office old oliver olivia on once onceuponatime one "
    "onedirection online only oops open operator or oracle orange other our out over own "
    "owner",
    "packers pakistan palmeiras pamela panther papa paramore paris park party pass passphrase "
    "passw passwd password passwort patricia patrick patriots paul peace people pepper "
    "person peter philippines phoenix piano pig pikachu pilipinas pin pink pinkfloyd "
    "pirate pirates pizza place player players playstation please pokemon police polska "
    "pony pooh porsche porto portugal postgres potter pray prayer presley pretty prince "
    "princesa princess private production public puppy purple",
    "queen quick qwert qwerty",
    "rabbit rachel raiders rain rainbow random ranger rangers rap real really realmadrid rebecca "
    "red "
    "redsox remember replace reset ricardo rich richard right river robert roberto roblox rock "
    "rocker rocks roll roma romance ronaldo rooney root rose roses russia ryan",
    "sabrina safe samantha same sample samsung samuel sandra sara sarah satan saturday saudade "
    "savior saviour say sayang schalke schatz school scooby scoobydoo scotland scott sea "
    "sebastian second secret secrets secure security see senha september server service "
    "sesame session seven sevenfold shadow she shit short siempre signin signup silver "
    "simple simpsons sister sisters site six skate skateboard skateboarding sky skywalker "
    "slipknot smile smiley smith snake snoopy snow so soccer sofia softball soldier soleil "
    "some someone something son song sonic sonne sony sophie sorry southpark spain "
    "spiderman spirit spongebob spongebobsquarepants sporting spring squarepants staple "
    "star starcraft starlight stars startrek starwars steelers stephanie stephen steven "
    "still stop storm string strawberry strike strong student sugar summer sun sunday sunny "
    "sunset sunshine supercalifragilisticexpialidocious superman superuser support surf "
    "susan suzuki sweet sweetheart sweetie sweety swimming sydney sysadmin system",
    "take taylor te teacher team teamo tell temp temporary ten tennis tequiero teresa test "
    "tester testing texas than thank thanks that thats the their them then there they "
    "thing think this thomas those thousand three thunder thursday tiamo tiffany tiger "
    "tigers tigger time tinkerbell to today together token tokens tokyo tonight too toujours "
    "toyota "
    "trabzonspor tree truck true trustno trustnoone truth try tuesday tupac turkey turkiye "
    "turtle tweety twilight twitter two tyler",
    "ubuntu under unicorn united university up upon us usa user username users",
    "vader valentina vampire vanessa vater vegas veronica very victor victoria vida vincent "
    "violet virginia vodka volleyball",
    "wait walk wanna want warcraft warrior was water way we weather web website wedding "
    "wednesday welcome well were what whatever when where which whiskey white who whose "
    "why wife will william williams willkommen windows winner winners winnie winniethepooh "
    "winter with without wizard wolf wolves wont word work world would",
    "xbox xxx xyz",
    "yahoo yamaha yankees yeah yellow yes yoda york you youllneverwalkalone your youre youtube",
    "zelda zeppelin zero zxcv",
};

/* Neighbours on a keyboard or in the alphabet; read in both directions. */
static const char *const rows[] = {"01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop[]\\",
    "asdfghjkl;'", "zxcvbnm,./", "!@#$%^&*()_+", "!\"#$%&'()", "qwertzuiop", "yxcvbnm,.-",
    "azertyuiop", "qsdfghjklm", "wxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik<(ol>", "1qazxsw23edcvfr45tgbnhy67ujm",
    "qazwsxedcrfvtgbyhnujmikolp", "1q2w3e4r5t6y7u8i9o0p[", "q1w2e3r4t5y6u7i8o9p0",
    "a1s2d3f4g5h6j7k8l9", "1z2x3c4v5b6n7m", "a1b2c3d4e5f6g7h8i9j0", "1a2b3c4d5e6f7g8h9i0j", "02468",
    "13579", "112233445566778899", "aabbccddeeffgghhiijj", "147258369", "1593572468", "1597532684",
    "741852963", "789456123"};

/* A letter, and what is often written in its place. */
static const char swaps[] = "a4a@b8c(e3g6g9i1i!i|l1l!l|o0s5s$t7t+z2";

struct guess {
	const char *name;                   /* of the user, in lower case */
	char text[GATE_WORTH_MAX + 1];      /* in lower case */
	size_t length;                      /* bytes */
	unsigned digit;                     /* what one of a number is worth */
	unsigned worth[GATE_WORTH_MAX + 1]; /* of the first so many bytes, read most cheaply */
	uint16_t seen[GATE_WORTH_MAX];      /* so many bytes from here on stood before, too */
};

static void
copy_lower(char *out, const char *text, size_t size)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < size; i++)
		out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]);
	out[i] = '\0';
}

/* Is this byte the first of a character, or the end? */
static bool
is_boundary(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static bool
is_decimal(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

/* The bytes at `at` can be read as a piece of that worth. */
static void
take(struct guess *g, size_t at, size_t length, unsigned worth)
{
	if (g->worth[at] + worth < g->worth[at + length])
		g->worth[at + length] = g->worth[at] + worth;
}

static void
take_character(struct guess *g, size_t at)
{
	size_t length = gate_utf8_character(g->text + at, g->length - at);

	take(g, at, length > 0 ? length : 1, strchr(" -_.", g->text[at]) != NULL ? BLANK : LETTER);
}

static void
take_number(struct guess *g, size_t at)
{
	for (size_t n = 0; is_decimal(g->text[at + n]);)
		if (++n >= NUMBER_MIN)
			take(g, at, n, (unsigned)n * g->digit);
}

static bool
stands_for(char c, char letter)
{
	if (c == letter || (c >= 'a' && c <= 'z'))
		return c == letter;
	for (const char *swap = swaps; *swap != '\0'; swap += 2)
		if (swap[0] == letter && swap[1] == c)
			return true;
	return false;
}

static void
take_word(struct guess *g, size_t at, const char *word, size_t length)
{
	if (length > g->length - at)
		return;
	for (size_t i = 0; i < length; i++)
		if (!stands_for(g->text[at + i], word[i]))
			return;
	take(g, at, length, PIECE);
}

static void
take_words(struct guess *g, size_t at)
{
	size_t length;

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (!stands_for(g->text[at], words[i][0]))
			continue;
		for (const char *word = words[i]; *word != '\0';
		     word += length + (word[length] != '\0')) {
			length = strcspn(word, " ");
			take_word(g, at, word, length);
		}
	}
}

/* The whole name, and each part of one such as anna.kowalska@example.org. */
static void
take_name(struct guess *g, size_t at)
{
	size_t length;

	if (strlen(g->name) >= PIECE_MIN)
		take_word(g, at, g->name, strlen(g->name));
	for (const char *part = g->name; *part != '\0'; part += length > 0 ? length : 1) {
		for (length = 0; is_letter(part[length]) || is_decimal(part[length]);)
			length++;
		if (length >= PIECE_MIN)
			take_word(g, at, part, length);
	}
}

/* All lengths, since a word may begin where a run could go on. */
static void
take_run(struct guess *g, size_t at, const char *row, size_t start, bool backwards)
{
	for (size_t n = 0; at + n < g->length && (!backwards || n <= start);) {
		if (g->text[at + n] != row[backwards ? start - n : start + n])
			return;
		if (++n >= PIECE_MIN)
			take(g, at, n, PIECE);
	}
}

static void
take_runs(struct guess *g, size_t at)
{
	for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
		for (const char *start = rows[r]; (start = strchr(start, g->text[at])) != NULL;
		     start++) {
			take_run(g, at, rows[r], (size_t)(start - rows[r]), false);
			take_run(g, at, rows[r], (size_t)(start - rows[r]), true);
		}
}

/* Where it began earlier; it may go on into the repetition itself, as in "aaaa". A comparison for each
 * two bytes, whatever stands there. */
static void
find_repetitions(struct guess *g)
{
	for (size_t distance = 1; distance < g->length; distance++) {
		uint16_t equal = 0;

		for (size_t at = g->length; at-- > distance;) {
			equal = g->text[at] == g->text[at - distance] ? (uint16_t)(equal + 1) : 0;
			if (equal > g->seen[at])
				g->seen[at] = equal;
		}
	}
}

static void
take_repetitions(struct guess *g, size_t at)
{
	unsigned characters = 0;

	for (size_t n = 0; n < g->seen[at];) {
		characters += is_boundary(g->text[at + n++]);
		if (characters >= PIECE_MIN && is_boundary(g->text[at + n]))
			take(g, at, n, REPETITION);
	}
}

unsigned
gate_password_worth(const char *text, const char *name, bool numbers)
{
	char lower[NAME_MAX_BYTES + 1];
	struct guess g = {.name = lower,
	    .length = strnlen(text, GATE_WORTH_MAX),
	    .digit = numbers ? DIGIT : LETTER};
	unsigned worth;

	copy_lower(lower, name != NULL ? name : "", sizeof lower);
	copy_lower(g.text, text, sizeof g.text);
	for (size_t i = 1; i <= g.length; i++)
		g.worth[i] = UNREACHED;
	find_repetitions(&g);
	for (size_t at = 0; at < g.length; at++) {
		if (g.worth[at] == UNREACHED)
			continue;
		take_character(&g, at);
		take_number(&g, at);
		take_words(&g, at);
		take_name(&g, at);
		take_runs(&g, at);
		take_repetitions(&g, at);
	}
	worth = g.worth[g.length];
	explicit_bzero(&g, sizeof g);
	return worth;
}

/* C0, DEL and C1. */
static bool
has_control(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
		if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
			return true;
	return false;
}

const char *
gate_password_refusal(const char *password, const char *name)
{
	size_t length = strnlen(password, GATE_PASSWORD_MAX + 1), characters = 0;

	if (length > GATE_PASSWORD_MAX)
		return "is longer than 511 bytes";
	if (!gate_utf8_valid(password, length))
		return "is not valid UTF-8";
	if (has_control(password))
		return "holds a control character";
	for (size_t i = 0; i < length; i++)
		characters += is_boundary(password[i]);
	if (characters < GATE_PASSWORD_MIN)
		return "is shorter than 15 characters";
	if (gate_password_worth(password, name, true) < ENOUGH)
		return "is too easy to guess: it is made of well-known words, rows of keys, "
		       "repetitions or the user's name";
	return NULL;
}
