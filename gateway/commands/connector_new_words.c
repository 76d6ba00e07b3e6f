/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new_words: names as people write them (camelCase, with_underscores, Dutch
 * compounds, abbreviations, English) become words that can be compared.
 */
#include <string.h>

#include "commands/connector_new.h"

/*
 * Words of a line mean the same; the first is the one they are known by. Before it
 * stands '-' when they say little about what is meant, '@' when they say whose data it
 * is if it is not the client's, or of when if it is not of now.
 */
static const char synonyms[] =
	"datum date dat dt dd\n"
	"geboorte birth geb gebdat\n"
	"-naam name nm\n"
	"voornamen voornaam firstname forename given forenames\n"
	"voorletters initials voorl\n"
	"voorvoegsel voorvoegsels tussenvoegsel prefix vvg\n"
	"geslachtsnaam achternaam lastname surname family familienaam "
	"significantdeelvandeachternaam\n"
	"geslacht gender sex geslachtsaanduiding aand\n"
	"burgerservicenummer bsn burgerservicenr sofinummer sofinr citizen\n"
	"nummer number nr num no\n"
	"-code cd kode\n"
	"-omschrijving description oms omschr desc\n"
	"straat street straatnaam korte\n"
	"huisnummer housenumber huisnr\n"
	"huisletter houseletter\n"
	"toevoeging addition huisnummertoevoeging huisnrtoevoeging\n"
	"postcode postal postalcode zip zipcode pc postcd\n"
	"woonplaats city town\n"
	"plaats place\n"
	"gemeente municipality\n"
	"land country\n"
	"adres address\n"
	"telefoon phone telephone tel telefoonnummer telefoonnr mobile\n"
	"email mail emailadres\n"
	"-bedrag amount bedr\n"
	"aanvang begin start ingang van from sinds since b\n"
	"einde eind end until tot tm to e\n"
	"status stand state\n"
	"@werkgever employer eenheid\n"
	"dienstverband employment dienstverbanden job arbeidsverhouding ikv "
	"inkomstenverhouding\n"
	"uitkering benefit uitkeringen uitk\n"
	"inkomen income inkomsten earnings iko inkomstenopgave\n"
	"loon wage salary salaris\n"
	"bruto gross\n"
	"netto net\n"
	"periode period\n"
	"uren hours\n"
	"week weekly\n"
	"wet law regeling scheme act\n"
	"schuld debt schulden\n"
	"@schuldeiser creditor\n"
	"@kind child kinderen children\n"
	"@ouder parent ouders parents\n"
	"@partner spouse echtgenoot partners\n"
	"-persoon person personen client klant\n"
	"geheim geheimhouding secret\n"
	"huwelijk marriage huwelijkssluiting\n"
	"nationaliteit nationality nationaliteiten\n"
	"overlijden death deceased overl\n"
	"verblijf residence stay\n"
	"verblijfstitel permit\n"
	"rekening account rekeningnummer iban\n"
	"kenteken plate registration\n"
	"voertuig vehicle\n"
	"handelsnaam tradename\n"
	"kvk coc kvknummer\n"
	"vestiging branch establishment\n"
	"rechtsvorm legalform\n"
	"functie role function\n"
	"soort type srt\n"
	"reden reason aanleiding\n"
	"aanvraag application request aanvr aanvragen\n"
	"besluit decision beslissing beslis\n"
	"traject track programme rv integratievoorziening werkinstrument\n"
	"afspraak afspraken appointment\n"
	"zaak zaken case\n"
	"-kadastraal kadastrale cadastral\n"
	"anummer anr\n"
	"curatele curatelestelling\n"
	"kenmerk identificatie reference\n"
	"belemmering knelpunt obstacle\n"
	"opleiding education study\n"
	"studiefinanciering stufi\n"
	"percentage perc\n"
	"-aantal aant count\n"
	"-verhouding verh\n"
	"identiteitsbewijs legitimatiebewijs identity\n"
	"geldig valid geldigheid\n"
	"verzekering verzekerd insurance\n"
	"beroep beroepsnaam occupation\n"
	"leeftijd age\n"
	"waarde value\n"
	"jaar year\n"
	"maand month\n"
	"-indicatie ind\n"
	"-aanduiding\n"
	"-de\n"
	"-het\n"
	"-nl\n"
	"-op\n"
	"-voor\n"
	"-met\n"
	"-gegevens\n"
	"-gecodeerd\n"
	"-administratieve\n"
	"-sz\n"
	"-suwi\n"
	"-uwv\n"
	"-wb\n"
	"-duo\n"
	"-brp\n"
	"-atl\n"
	"@gezag\n"
	"@contactpersoon\n"
	"@bewindvoerder\n"
	"@eigenaar\n"
	"@historisch\n"
	"@onderzoek\n"
	"@onjuist\n"
	"@gerechtigde\n";

static bool
is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte & 0x80) != 0;
}

struct meaning {
	uint32_t line; /* from 1; 0: the word is not in the table */
	bool little;
	uint32_t role; /* one bit; 0: none */
};

static struct meaning
find_meaning(const char *word, size_t len)
{
	uint32_t line = 1;
	uint32_t role = 1;
	const char *at = synonyms;
	char mark = ' ';
	for (bool first = true; *at != '\0'; at++) {
		if (first) {
			role <<= mark == '@' ? 1 : 0;
			mark = *at;
			at += mark == '-' || mark == '@' ? 1 : 0;
		}
		const char *own = at;
		while (*at != ' ' && *at != '\n') {
			at++;
		}
		if ((size_t)(at - own) == len && memcmp(own, word, len) == 0) {
			return (struct meaning){
				line, mark == '-', mark == '@' ? role : 0};
		}
		first = *at == '\n';
		line += first ? 1 : 0;
	}
	return (struct meaning){0};
}

static bool
is_known(const char *word, size_t len)
{
	return find_meaning(word, len).line != 0;
}

static void
add_word(struct kp_new_words *words, const char *text, size_t len)
{
	struct meaning meaning = find_meaning(text, len);
	/* A plural is the same word. */
	if (meaning.line == 0 && len > 5 && memcmp(text + len - 2, "en", 2) == 0) {
		meaning = find_meaning(text, len - 2);
	}
	if (meaning.line == 0 && len > 4 && text[len - 1] == 's') {
		meaning = find_meaning(text, len - 1);
	}
	uint32_t id = meaning.line;
	if (id == 0) {
		uint32_t hash = 2166136261u;
		for (size_t i = 0; i < len; i++) {
			hash = (hash ^ (unsigned char)text[i]) * 16777619u;
		}
		id = hash | 0x80000000u;
	}
	for (size_t i = 0; i < words->count; i++) {
		if (words->ids[i] == id) {
			return;
		}
	}
	if (words->count < KP_NEW_WORDS_MAX) {
		words->ids[words->count] = id;
		words->roles |= meaning.role;
		words->weights[words->count] = meaning.little ? 1 : 3;
		words->texts[words->count++] = (struct kp_slice){text, len};
	}
}

/* Bit n: the first n letters are a word of the table; those from n on are. */
static void
find_parts(const char *text, size_t len, uint64_t *ret_first, uint64_t *ret_last)
{
	const char *at = synonyms;
	*ret_first = 0;
	*ret_last = 0;
	while (*at != '\0') {
		at += *at == '-' || *at == '@' ? 1 : 0;
		const char *own = at;
		while (*at != ' ' && *at != '\n') {
			at++;
		}
		size_t own_len = (size_t)(at - own);
		if (own_len < len && memcmp(own, text, own_len) == 0) {
			*ret_first |= (uint64_t)1 << own_len;
		}
		if (own_len < len && memcmp(own, text + len - own_len, own_len) == 0) {
			*ret_last |= (uint64_t)1 << (len - own_len);
		}
		at++;
	}
}

/* "geboortedatum" is two words we know, perhaps with an s between. */
static void
add_compound(struct kp_new_words *words, const char *text, size_t len)
{
	uint64_t first = 0;
	uint64_t last = 0;
	if (len > 6 && len < 64 && !is_known(text, len)) {
		find_parts(text, len, &first, &last);
	}
	for (size_t at = len; last != 0 && at-- > 3;) {
		size_t before = at;
		if ((first >> before & 1) == 0 && before > 3 && text[at - 1] == 's') {
			before--;
		}
		if ((first >> before & 1) != 0 && (last >> at & 1) != 0 &&
			len - at >= 3) {
			add_word(words, text, before);
			add_word(words, text + at, len - at);
			return;
		}
	}
	add_word(words, text, len);
}

static bool
before_small(struct kp_slice text, size_t at)
{
	return at < text.len && text.data[at] >= 'a' && text.data[at] <= 'z';
}

/* A name that is one word of ours as a whole: voor_naam, burger_service_nr. */
static bool
add_whole(struct kp_arena *arena, struct kp_slice text, struct kp_new_words *words)
{
	char *copy = kp_arena_bytes(arena, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; copy != NULL && i < text.len; i++) {
		bool upper = text.data[i] >= 'A' && text.data[i] <= 'Z';
		char byte = upper ? (char)(text.data[i] - 'A' + 'a') : text.data[i];
		if (is_letter(byte)) {
			copy[len++] = byte;
		} else if (strchr("_- ", byte) == NULL) {
			return false;
		}
	}
	if (copy == NULL || !is_known(copy, len)) {
		return false;
	}
	add_word(words, copy, len);
	return true;
}

void
kp_new_split(struct kp_arena *arena, struct kp_slice text, struct kp_new_words *words)
{
	char *copy = kp_arena_bytes(arena, text.len + 1);
	if (copy == NULL || add_whole(arena, text, words)) {
		return;
	}
	size_t begin = 0;
	bool before_lower = false;
	for (size_t i = 0; i <= text.len; i++) {
		char byte = i < text.len ? text.data[i] : ' ';
		bool upper = byte >= 'A' && byte <= 'Z';
		char lower = upper ? (char)(byte - 'A' + 'a') : byte;
		bool letter = is_letter(lower);
		/* A word ends before a capital after a small letter, and at whatever is
		 * no letter. */
		if (i > begin &&
			(!letter ||
				(upper && (before_lower || before_small(text, i + 1))))) {
			add_compound(words, copy + begin, i - begin);
			begin = i;
		}
		copy[i] = letter ? lower : ' ';
		begin = letter ? begin : i + 1;
		before_lower = letter && !upper;
	}
}

void
kp_new_words_left(const struct kp_new_words *words, const struct kp_new_words *around,
	struct kp_new_words *ret_left)
{
	bool telling = false;
	*ret_left = (struct kp_new_words){0};
	for (size_t i = 0; i < words->count; i++) {
		bool there = false;
		for (size_t j = 0; j < around->count; j++) {
			there = there || around->ids[j] == words->ids[i];
		}
		if (!there) {
			size_t at = ret_left->count++;
			ret_left->ids[at] = words->ids[i];
			ret_left->weights[at] = words->weights[i];
			ret_left->texts[at] = words->texts[i];
			telling = telling || words->weights[i] > 1;
		}
	}
	if (!telling) {
		*ret_left = (struct kp_new_words){0};
	}
}

bool
kp_new_has_word(const struct kp_new_words *words, const char *word)
{
	struct kp_new_words one = {0};
	add_word(&one, word, strlen(word));
	for (size_t i = 0; i < words->count; i++) {
		if (words->ids[i] == one.ids[0]) {
			return true;
		}
	}
	return false;
}

bool
kp_new_same_role(const struct kp_new_words *a, const struct kp_new_words *b)
{
	return a->roles == b->roles;
}

/* Do they differ in one letter? */
static bool
nearly(struct kp_slice a, struct kp_slice b)
{
	if (a.len > b.len) {
		struct kp_slice other = a;
		a = b;
		b = other;
	}
	size_t same = 0;
	size_t tail = 0;
	while (same < a.len && a.data[same] == b.data[same]) {
		same++;
	}
	while (tail < a.len - same &&
		a.data[a.len - 1 - tail] == b.data[b.len - 1 - tail]) {
		tail++;
	}
	return b.len - a.len <= 1 && same + tail + 1 >= b.len;
}

static unsigned
word_alike(const struct kp_new_words *a, size_t i, const struct kp_new_words *b, size_t j)
{
	struct kp_slice one = a->texts[i];
	struct kp_slice other = b->texts[j];
	if (a->ids[i] == b->ids[j]) {
		return 100;
	}
	size_t shorter = one.len < other.len ? one.len : other.len;
	if (shorter >= 4 && memcmp(one.data, other.data, shorter) == 0) {
		return 75;
	}
	return shorter >= 5 && nearly(one, other) ? 75 : 0;
}

/* Of each word of `a` the likest of `b`, by weight; and the weights. */
static unsigned
best_sum(const struct kp_new_words *a, const struct kp_new_words *b, unsigned *weights)
{
	unsigned sum = 0;
	for (size_t i = 0; i < a->count; i++) {
		unsigned best = 0;
		for (size_t j = 0; j < b->count; j++) {
			unsigned one = word_alike(a, i, b, j);
			best = one > best ? one : best;
		}
		sum += best * a->weights[i];
		*weights += a->weights[i];
	}
	return sum;
}

unsigned
kp_new_alike(const struct kp_new_words *a, const struct kp_new_words *b)
{
	unsigned weights = 0;
	unsigned sum = best_sum(a, b, &weights) + best_sum(b, a, &weights);
	return a->count == 0 || b->count == 0 ? 0 : sum / weights;
}

bool
kp_new_share_word(const struct kp_new_words *a, const struct kp_new_words *b)
{
	for (size_t i = 0; i < a->count; i++) {
		for (size_t j = 0; j < b->count; j++) {
			if (word_alike(a, i, b, j) > 0) {
				return true;
			}
		}
	}
	return false;
}
