/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * command_dev_pki: `ketenpoort dev-pki DIR` makes an authority of its own with the
 * certificates that development, the demo and the tests need, and beside them those that
 * must not be let in. What exists and is good for another month stays.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "commands.h"
#include "core/arena.h"
#include "core/buffer.h"
#include "crypto/certificate_make.h"
#include "io/file.h"

#define DAY_S ((int64_t)86400)
#define LIFE_S (397 * DAY_S)
#define SPARE_S (30 * DAY_S)
#define FILE_BYTES_MAX ((size_t)1 << 20)
#define CLIENTS_MAX 64

enum exit_code {
	EXIT_MADE = 0,
	EXIT_FAILED = 1,
	EXIT_WRONG_USE = 2,
};

static const char usage[] =
	"usage: ketenpoort dev-pki [--host NAME]... [--client OIN=NAME]... DIR\n"
	"\n"
	"Makes a test authority and certificates in the folder DIR, for development "
	"only:\n"
	"\n"
	"  root.pem, issuing.pem   the authority: trust anchor and the issuer under it\n"
	"  crls.pem                their revocation lists\n"
	"  server.pem, .key        for a listener; server-rsa.pem, .key: the same with "
	"RSA\n"
	"  clients/OIN.pem, .key   for each organisation of the example rules\n"
	"  bad/*.pem, .key         must not be let in: expired, not-yet, revoked,\n"
	"                          wrong-usage, wrong-anchor, self-signed;\n"
	"                          bad/stale-crls.pem: lists that are out of date\n"
	"\n"
	"What is there and good for another 30 days is kept; the lists are made anew.\n"
	"\n"
	"  --host NAME        name or address of the server; default localhost, "
	"127.0.0.1,\n"
	"                     ::1\n"
	"  --client OIN=NAME  another organisation\n";

/* The organisations of policies/voorbeeld. */
static const char *const example_clients[][2] = {
	{"00000001830000001000", "Gemeente Súdermar"},
	{"00000001830000002000", "Gemeente Noorderveld"},
	{"00000001830000003000", "Gemeente Westerstad"},
	{"00000001830000004000", "Gemeente Zuidpolder"},
	{"00000001830000011000", "Sociale Dienst De Waarden"},
	{"00000001830000021000", "UWV"},
	{"00000001830000022000", "UWV WERKbedrijf"},
	{"00000001830000031000", "Sociale Verzekeringsbank"},
	{"00000001830000041000", "Mijn Inkomen, loket van de burger"},
};

/* Lifetime: one run. */
struct pki {
	const char *folder;
	struct kp_arena arena;
	char hosts[1024];
	const char *clients[CLIENTS_MAX];
	size_t client_count;
	int64_t now_s;
	struct kp_certificate *root;
	struct kp_certificate *issuing;
	struct kp_slice issuing_text; /* goes behind every certificate it signs */
	bool new_authority;
	unsigned made;
	unsigned kept;
};

static bool
complain(const struct pki *pki, const char *name, const char *what)
{
	(void)fprintf(stderr, "ketenpoort dev-pki: %s/%s: %s\n", pki->folder, name, what);
	return false;
}

static const char *
path_of(struct pki *pki, const char *name, const char *ending)
{
	const char *path =
		kp_arena_printf(&pki->arena, "%s/%s%s", pki->folder, name, ending);
	return path == NULL ? "" : path;
}

static bool
make_folder(struct pki *pki, const char *name)
{
	if (mkdir(path_of(pki, name, ""), 0755) != 0 && errno != EEXIST) {
		return complain(pki, name, strerror(errno));
	}
	return true;
}

static bool
write_file(struct pki *pki, const char *name, const char *ending, unsigned mode,
	struct kp_slice first, struct kp_slice second)
{
	struct kp_buffer text;
	struct kp_error err = {0};
	kp_buffer_init(&text, &pki->arena, FILE_BYTES_MAX);
	kp_buffer_add(&text, first.data, first.len);
	kp_buffer_add(&text, second.data, second.len);
	if (text.failed) {
		return complain(pki, name, "no memory for the file");
	}
	return kp_file_replace(path_of(pki, name, ending), kp_buffer_slice(&text), mode,
		       &err) == KP_OK ||
		complain(pki, name, err.message);
}

/* One that is there, whole, and good for a while. */
static struct kp_certificate *
find(struct pki *pki, const char *name, bool bad)
{
	struct kp_slice certificate;
	struct kp_slice key;
	struct kp_certificate *found = NULL;
	struct kp_error err;
	if (kp_file_read_all(path_of(pki, name, ".pem"), &pki->arena, FILE_BYTES_MAX,
		    &certificate, &err) != KP_OK ||
		kp_file_read_all(path_of(pki, name, ".key"), &pki->arena, FILE_BYTES_MAX,
			&key, &err) != KP_OK ||
		kp_certificate_read(certificate, key, &found, &err) != KP_OK) {
		return NULL;
	}
	/* What another authority signed is of no use under this one. */
	if (pki->new_authority ||
		(!bad && kp_certificate_until_s(found) < pki->now_s + SPARE_S)) {
		kp_certificate_destroy(&found);
	}
	return found;
}

static bool
make(struct pki *pki, const char *name, const struct kp_certificate_wish *wish,
	const struct kp_certificate *issuer, struct kp_slice behind,
	struct kp_certificate **ret_made)
{
	struct kp_slice certificate;
	struct kp_slice key;
	struct kp_error err = {0};
	if (kp_certificate_make(wish, issuer, ret_made, &err) != KP_OK ||
		kp_certificate_write(*ret_made, &pki->arena, &certificate) != KP_OK ||
		kp_certificate_write_key(*ret_made, &pki->arena, &key) != KP_OK) {
		return complain(pki, name, "could not be made");
	}
	pki->made++;
	return write_file(pki, name, ".key", 0600, key, (struct kp_slice){NULL, 0}) &&
		write_file(pki, name, ".pem", 0644, certificate, behind);
}

static bool
keep_or_make(struct pki *pki, const char *name, const struct kp_certificate_wish *wish)
{
	struct kp_certificate *one = find(pki, name, false);
	pki->kept += one != NULL ? 1 : 0;
	bool good = one != NULL ||
		make(pki, name, wish, pki->issuing, pki->issuing_text, &one);
	kp_certificate_destroy(&one);
	return good;
}

static struct kp_certificate_wish
wish_for(const struct pki *pki, enum kp_make_use use, const char *common_name)
{
	return (struct kp_certificate_wish){.key = KP_MAKE_EC_P256,
		.use = use,
		.common_name = common_name,
		.from_s = pki->now_s - 3600,
		.until_s = pki->now_s + LIFE_S};
}

/* When an authority is made anew, everything under it is. */
static bool
make_authority(struct pki *pki)
{
	struct kp_certificate_wish root =
		wish_for(pki, KP_MAKE_AUTHORITY, "Ketenpoort ontwikkeling root");
	struct kp_certificate_wish issuing =
		wish_for(pki, KP_MAKE_AUTHORITY, "Ketenpoort ontwikkeling uitgever");
	const struct kp_slice none = {NULL, 0};
	root.organisation = "Ketenpoort ontwikkeling";
	issuing.organisation = root.organisation;
	root.until_s += LIFE_S;
	issuing.until_s += SPARE_S;
	pki->root = find(pki, "root", false);
	pki->issuing = pki->root == NULL ? NULL : find(pki, "issuing", false);
	pki->new_authority = pki->issuing == NULL;
	if ((pki->root == NULL && !make(pki, "root", &root, NULL, none, &pki->root)) ||
		(pki->issuing == NULL &&
			!make(pki, "issuing", &issuing, pki->root, none,
				&pki->issuing))) {
		return false;
	}
	return kp_certificate_write(pki->issuing, &pki->arena, &pki->issuing_text) ==
		KP_OK;
}

static bool
make_servers(struct pki *pki)
{
	struct kp_certificate_wish wish = wish_for(pki, KP_MAKE_SERVER, "Ketenpoort");
	wish.organisation = "Ketenpoort ontwikkeling";
	wish.hosts = pki->hosts;
	struct kp_certificate_wish rsa = wish;
	rsa.key = KP_MAKE_RSA_3072;
	return keep_or_make(pki, "server", &wish) &&
		keep_or_make(pki, "server-rsa", &rsa);
}

static bool
make_client(struct pki *pki, const char *oin, const char *organisation)
{
	struct kp_certificate_wish wish = wish_for(pki, KP_MAKE_CLIENT, organisation);
	const char *name = kp_arena_printf(&pki->arena, "clients/%s", oin);
	wish.organisation = organisation;
	wish.serial_number = oin;
	return name != NULL && keep_or_make(pki, name, &wish);
}

static bool
make_clients(struct pki *pki)
{
	bool good = make_folder(pki, "clients");
	for (size_t i = 0; good && i < KP_ARRAY_LEN(example_clients); i++) {
		good = make_client(pki, example_clients[i][0], example_clients[i][1]);
	}
	for (size_t i = 0; good && i < pki->client_count; i++) {
		size_t len = strcspn(pki->clients[i], "=");
		const char *oin =
			kp_arena_printf(&pki->arena, "%.*s", (int)len, pki->clients[i]);
		good = oin != NULL && make_client(pki, oin, pki->clients[i] + len + 1);
	}
	return good;
}

/* Each differs from a good one in one thing. */
enum bad {
	BAD_EXPIRED,
	BAD_NOT_YET,
	BAD_REVOKED,
	BAD_WRONG_USAGE,
	BAD_WRONG_ANCHOR,
	BAD_SELF_SIGNED,
	BAD_COUNT,
};

static bool
make_bad(struct pki *pki, struct kp_certificate *bad[BAD_COUNT])
{
	static const char *const names[BAD_COUNT] = {"bad/expired", "bad/not-yet",
		"bad/revoked", "bad/wrong-usage", "bad/wrong-anchor", "bad/self-signed"};
	struct kp_certificate *other = NULL;
	const struct kp_slice none = {NULL, 0};
	struct kp_certificate_wish wishes[BAD_COUNT];
	struct kp_certificate_wish authority =
		wish_for(pki, KP_MAKE_AUTHORITY, "Een andere uitgever");
	for (size_t i = 0; i < BAD_COUNT; i++) {
		wishes[i] = wish_for(pki, KP_MAKE_CLIENT, example_clients[0][1]);
		wishes[i].organisation = example_clients[0][1];
		wishes[i].serial_number = example_clients[0][0];
	}
	wishes[BAD_EXPIRED].from_s = pki->now_s - 30 * DAY_S;
	wishes[BAD_EXPIRED].until_s = pki->now_s - DAY_S;
	wishes[BAD_NOT_YET].from_s = pki->now_s + 365 * DAY_S;
	wishes[BAD_WRONG_USAGE].use = KP_MAKE_SERVER;
	other = find(pki, "bad/other-root", true);
	pki->kept += other != NULL ? 1 : 0;
	bool good = other != NULL ||
		make(pki, "bad/other-root", &authority, NULL, none, &other);
	for (size_t i = 0; good && i < BAD_COUNT; i++) {
		const struct kp_certificate *issuer = i == BAD_WRONG_ANCHOR ? other
			: i == BAD_SELF_SIGNED                              ? NULL
					       : pki->issuing;
		bad[i] = find(pki, names[i], true);
		pki->kept += bad[i] != NULL ? 1 : 0;
		good = bad[i] != NULL ||
			make(pki, names[i], &wishes[i], issuer,
				issuer == pki->issuing ? pki->issuing_text : none,
				&bad[i]);
	}
	kp_certificate_destroy(&other);
	return good;
}

static bool
write_lists(struct pki *pki, const char *name, const struct kp_certificate *revoked,
	int64_t from_s, int64_t until_s)
{
	struct kp_slice of_root;
	struct kp_slice of_issuing;
	if (kp_certificate_write_crl(pki->root, NULL, 0, from_s, until_s, &pki->arena,
		    &of_root) != KP_OK ||
		kp_certificate_write_crl(pki->issuing, &revoked, 1, from_s, until_s,
			&pki->arena, &of_issuing) != KP_OK) {
		return complain(pki, name, "could not be made");
	}
	return write_file(pki, name, ".pem", 0644, of_root, of_issuing);
}

static bool
make_all(struct pki *pki)
{
	struct kp_certificate *bad[BAD_COUNT] = {NULL};
	bool good = make_folder(pki, "") && make_folder(pki, "bad") &&
		make_authority(pki) && make_servers(pki) && make_clients(pki) &&
		make_bad(pki, bad) &&
		write_lists(pki, "crls", bad[BAD_REVOKED], pki->now_s - 3600,
			pki->now_s + 2 * LIFE_S) &&
		write_lists(pki, "bad/stale-crls", bad[BAD_REVOKED],
			pki->now_s - 30 * DAY_S, pki->now_s - DAY_S);
	for (size_t i = 0; i < BAD_COUNT; i++) {
		kp_certificate_destroy(&bad[i]);
	}
	kp_certificate_destroy(&pki->root);
	kp_certificate_destroy(&pki->issuing);
	return good;
}

/* Arguments. */

static bool
is_address(const char *host)
{
	return strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);
}

static bool
add_host(struct pki *pki, const char *host)
{
	size_t len = strlen(pki->hosts);
	int written = snprintf(pki->hosts + len, sizeof(pki->hosts) - len, "%s%s:%s",
		len > 0 ? "," : "", is_address(host) ? "IP" : "DNS", host);
	return written > 0 && (size_t)written < sizeof(pki->hosts) - len &&
		strpbrk(host, ", \n") == NULL;
}

static bool
add_client(struct pki *pki, const char *client)
{
	size_t digits = strspn(client, "0123456789");
	if (digits != 20 || client[digits] != '=' || client[digits + 1] == '\0' ||
		pki->client_count == CLIENTS_MAX) {
		(void)fprintf(stderr,
			"ketenpoort dev-pki: --client takes 20 digits, = and a name, at "
			"most %d times\n",
			CLIENTS_MAX);
		return false;
	}
	pki->clients[pki->client_count++] = client;
	return true;
}

static bool
take_arguments(struct pki *pki, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool good = true;
		bool more = i + 1 < argc;
		if (strcmp(argv[i], "--host") == 0 && more) {
			good = add_host(pki, argv[++i]);
		} else if (strcmp(argv[i], "--client") == 0 && more) {
			good = add_client(pki, argv[++i]);
		} else if (argv[i][0] != '-' && pki->folder == NULL) {
			pki->folder = argv[i];
		} else {
			good = false;
		}
		if (!good) {
			return false;
		}
	}
	if (pki->hosts[0] == '\0') {
		(void)snprintf(pki->hosts, sizeof(pki->hosts),
			"DNS:localhost,IP:127.0.0.1,IP:::1");
	}
	return pki->folder != NULL;
}

int
kp_command_dev_pki(int argc, char **argv)
{
	struct pki pki = {.now_s = (int64_t)time(NULL)};
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		(void)fputs(usage, stdout);
		return EXIT_MADE;
	}
	if (!take_arguments(&pki, argc, argv)) {
		(void)fputs(usage, stderr);
		return EXIT_WRONG_USE;
	}
	kp_arena_init(&pki.arena, 16 * FILE_BYTES_MAX, NULL);
	bool good = make_all(&pki);
	kp_arena_deinit(&pki.arena);
	if (good) {
		(void)printf("%s: %u certificates made, %u kept; for development only\n",
			pki.folder, pki.made, pki.kept);
	}
	return good ? EXIT_MADE : EXIT_FAILED;
}
