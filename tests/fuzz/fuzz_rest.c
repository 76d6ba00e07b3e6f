/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* An answer of a partner, read along mappings that use every kind of path and every way
 * to go on. The first byte chooses the size of the pieces and the manifest; what follows
 * a byte 0 is the header field Link. */
#include <string.h>

#include "connector_host.h"
#include "connectors/registry.h"

/* In single quotes, for the reader's sake. */
#define WHO                                                                              \
	"'source':'s','organisation':{'oin':'00000000000000000001','name':'n'},"         \
	"'connector':'rest','endpoint':'http://127.0.0.1/b',"

static const char *const manifests[] = {
	/* Every kind of field. */
	"{" WHO "'request':{'method':'POST','target':'/v','body':{'b':'{bsn}','f':"
	"'{velden}'}},'response':{'root':'personen[]','subject':'bsn','valid_on':"
	"'geldig','in_investigation':'inOnderzoek','outcome':{'path':'code','values':"
	"{'x':'fout'}},'notes':{'path':'meldingen[].code','texts':{'m':'t'}},"
	"'fields':{'persoon.naam':'naam','persoon.geboren':{'path':'geboren','form':"
	"'date_object'},'persoon.ja':{'path':'ja','form':'yes_no'},'persoon.er':"
	"{'path':'er','form':'present'},'persoon.code':{'path':'c','table':'t'},"
	"'persoon.eerste':'p[].n[].v','persoon.soort':'q[s.c=x].w','persoon.vast':{'"
	"constant':1}},'lists':"
	"{'uitkeringen':{'items':'u[]','valid_on':'g','fields':{'uitkeringen.a':'a',"
	"'uitkeringen.d':{'path':'d','date':'yyyymmdd'}}},'codesen':{'items':'k[]',"
	"'fields':{'codesen.k':'.'}}},'paging':{'next':'volgende'}},"
	"'tables':{'t':{'a':true,'*':'z'}}}",
	/* Rows without a wrapper, each of somebody, in pages of two. */
	"{" WHO "'request':{'target':'/v?o={vanaf}'},'response':{'root':'[]','subject':"
	"'bsn','lists':{'uitkeringen':{'items':'.','fields':{'uitkeringen.a':'a'}}},"
	"'paging':{'size':2,'rows':'[]'}}}",
	/* The same, naming nobody, and an error body that is an object. */
	"{" WHO "'request':{'target':'/v','query':{'c':'{pagina}'}},'response':{"
	"'subject':null,'outcome':{'path':'code','values':{'x':'nietsGevonden'}},"
	"'lists':{'uitkeringen':{'items':'[]','fields':{'uitkeringen.a':'a[].b'}}},"
	"'paging':{'size':1,'rows':'[].a[]','first':0}}}",
	/* HAL, and a link in the head. */
	"{" WHO "'request':{'target':'/v','query':{'fields':'{velden}','expand':"
	"'{ingesloten}'}},'response':{'root':'_embedded.p[]','subject':"
	"'_embedded.persoon.bsn','valid_on_header':'link','fields':{'persoon.naam':"
	"'_embedded.persoon.naam'},'lists':{'uitkeringen':{'items':'_embedded.u[]',"
	"'fields':{'uitkeringen.a':'_embedded.a.b'}}},'paging':{'link_header':true,"
	"'links_from':'https://x.example/y'}}}",
	/* A cursor, and a number of pages. */
	"{" WHO "'request':{'method':'POST','target':'/v','body':{'na':'{vervolg}'}},"
	"'response':{'subject':'bsn','lists':{'uitkeringen':{'items':'u[]','fields':"
	"{'uitkeringen.a':'a'}}},'paging':{'cursor':'c','target':'/w?c={vervolg}'}}}",
	"{" WHO "'request':{'target':'/v?p={pagina}'},'response':{'subject':'bsn',"
	"'lists':{'uitkeringen':{'items':'u[]','fields':{'uitkeringen.a':'a'}}},"
	"'paging':{'pages':'n'}}}",
};

#define MANIFESTS (sizeof(manifests) / sizeof(manifests[0]))

static struct kp_text
with_double_quotes(struct fuzz_host *fuzz, const char *text)
{
	char *copy = kp_arena_strdup(&fuzz->arena, text);
	FUZZ_CHECK(copy != NULL);
	for (char *at = copy; *at != '\0'; at++) {
		*at = *at == '\'' ? '"' : *at;
	}
	return (struct kp_text){copy, strlen(copy)};
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kp_registry registry;
	struct fuzz_host fuzz;
	struct kp_fault fault = {0};
	void *instance = NULL;
	if (len == 0) {
		return 0;
	}
	kp_registry_init(&registry);
	const struct kp_connector *rest =
		kp_registry_find(&registry, kp_slice_from("rest"));
	fuzz_host_init(&fuzz);
	struct kp_text manifest =
		with_double_quotes(&fuzz, manifests[bytes[0] / 32 % MANIFESTS]);
	int verdict = rest->open(&fuzz.host, manifest, &instance, &fault);
	FUZZ_CHECK(verdict == KP_DONE);
	struct kp_text answer = {(const char *)bytes + 1, len - 1};
	const char *end = memchr(answer.data, '\0', answer.len);
	if (end != NULL) {
		fuzz.link = (struct kp_text){
			end + 1, answer.len - (size_t)(end + 1 - answer.data)};
		answer.len = (size_t)(end - answer.data);
	}
	fuzz_host_call(&fuzz, rest, instance, answer, (size_t)bytes[0] % 32 + 1);
	rest->close(instance);
	fuzz_host_deinit(&fuzz);
	kp_registry_deinit(&registry);
	return 0;
}
