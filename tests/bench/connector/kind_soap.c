/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* kind_soap: incomes as Suwinet tells them, and libxml2's tree of them. */
#include <libxml/parser.h>
#include <string.h>

#include "bench/connector/kinds.h"

/* The same fields by walking a tree: as a program that knows the message would. */

static xmlNodePtr
child_of(xmlNodePtr node, const char *name)
{
	for (xmlNodePtr child = node == NULL ? NULL : node->children; child != NULL;
		child = child->next) {
		if (child->type == XML_ELEMENT_NODE &&
			strcmp((const char *)child->name, name) == 0) {
			return child;
		}
	}
	return NULL;
}

static void
take_node(struct kp_bench *bench, xmlNodePtr node)
{
	xmlChar *text = node == NULL ? NULL : xmlNodeGetContent(node);
	bench->values += text != NULL && text[0] != 0 ? 1 : 0;
	xmlFree(text);
}

static void
take_statement(struct kp_bench *bench, xmlNodePtr node, xmlNodePtr employer)
{
	static const char *const names[] = {"DatBIko", "DatEIko", "AantVerloondeUrenIko"};
	static const char *const amounts[] = {"BedrBrutoloonSv",
		"BedrIngehoudenLbPremieVolksverz", "BedrVakantietoeslag"};
	take_node(bench, employer);
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		take_node(bench, child_of(node, names[i]));
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(amounts); i++) {
		take_node(bench, child_of(child_of(node, amounts[i]), "WaardeBedr"));
	}
}

static void
by_tree(struct kp_bench *bench)
{
	xmlDocPtr document = xmlReadMemory(bench->answer.data, (int)bench->answer.len,
		NULL, NULL, XML_PARSE_NONET | XML_PARSE_HUGE);
	KP_REQUIRE(document != NULL);
	xmlNodePtr client =
		child_of(child_of(child_of(xmlDocGetRootElement(document), "Body"),
				 "UWVPersoonsIkvInfoResponse"),
			"ClientSuwi");
	KP_REQUIRE(client != NULL);
	for (xmlNodePtr ikv = client->children; ikv != NULL; ikv = ikv->next) {
		if (child_of(ikv, "DatBIkv") == NULL) {
			continue;
		}
		xmlNodePtr employer = child_of(ikv, "AdministratieveEenheid");
		take_node(bench, child_of(ikv, "DatBIkv"));
		take_node(bench, child_of(employer, "Loonheffingennr"));
		for (xmlNodePtr at = ikv->children; at != NULL; at = at->next) {
			if (strcmp((const char *)at->name, "Inkomstenopgave") == 0) {
				take_statement(bench, at,
					child_of(employer, "NaamAdministratieveEenheid"));
			}
		}
	}
	xmlFreeDoc(document);
}

/* Answers. */

static void
add_amount(struct kp_buffer *buffer, const char *name, unsigned value)
{
	kp_buffer_printf(buffer,
		"<%s><CdMunteenheid>EUR</CdMunteenheid><CdPositiefNegatief>+</"
		"CdPositiefNegatief><WaardeBedr>%u</WaardeBedr></%s>",
		name, value, name);
}

static void
add_statement(struct kp_buffer *buffer, unsigned i)
{
	kp_buffer_printf(buffer,
		"<Inkomstenopgave><DatBIko>20%02u%02u01</DatBIko><DatEIko>20%02u%02u28</"
		"DatEIko><AantSvDagenIko>21</AantSvDagenIko><AantVerloondeUrenIko>160</"
		"AantVerloondeUrenIko>",
		i / 12 % 100, i % 12 + 1, i / 12 % 100, i % 12 + 1);
	add_amount(buffer, "BedrBrutoloonSv", 149940 + i);
	add_amount(buffer, "BedrLoonLbPremieVolksverz", 142800 + i);
	add_amount(buffer, "BedrIngehoudenLbPremieVolksverz", 24500);
	add_amount(buffer, "BedrVakantietoeslag", 11500);
	KP_BUFFER_ADD(buffer, "</Inkomstenopgave>");
}

static struct kp_slice
make_answer(struct kp_arena *arena, size_t bytes)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, arena, KP_BENCH_BYTES_MAX);
	KP_BUFFER_ADD(&buffer,
		"<e:Envelope "
		"xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>"
		"<w:UWVPersoonsIkvInfoResponse "
		"xmlns:w=\"http://bkwi.nl/SuwiML/Diensten/UWVDossierInkomstenGSD/v0200\">"
		"<ClientSuwi><Burgerservicenr>" KP_BENCH_BSN "</Burgerservicenr>");
	unsigned i = 0;
	do {
		KP_BUFFER_ADD(&buffer,
			"<Inkomstenverhouding><DatBIkv>20000101</DatBIkv>"
			"<AdministratieveEenheid><NaamAdministratieveEenheid>Bakkerij De "
			"Proef</"
			"NaamAdministratieveEenheid><Loonheffingennr>001234567L01</"
			"Loonheffingennr></AdministratieveEenheid>");
		do {
			add_statement(&buffer, i++);
		} while (i % 24 != 0 && buffer.len < bytes);
		KP_BUFFER_ADD(&buffer, "</Inkomstenverhouding>");
	} while (buffer.len < bytes);
	KP_BUFFER_ADD(&buffer,
		"</ClientSuwi></w:UWVPersoonsIkvInfoResponse></e:Body></e:Envelope>");
	KP_REQUIRE(!buffer.failed);
	return kp_buffer_slice(&buffer);
}

const struct kp_bench_kind kp_bench_soap = {
	.name = "soap",
	.manifest = "connectors/soap/manifests/suwinet-uwv-inkomsten.json",
	.type = "text/xml",
	.library = "libxml2's",
	.make_answer = make_answer,
	.by_tree = by_tree,
};
