/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_html: pages for print; see policy_table.h. XHTML-like on purpose (every element
 * closed), so that an XML reader can check it. Nothing is fetched from anywhere.
 */
#include "commands/policy_table.h"

#include <string.h>

#include "commands/policy_options.h"

/* Colours only support what the words say already; contrast is at least 7:1. */
static const char style[] =
	"body{font:16px/1.45 system-ui,sans-serif;color:#111;background:#fff;"
	"margin:2rem auto;max-width:72rem;padding:0 1rem}\n"
	"h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2.5rem}\n"
	"table{border-collapse:collapse;width:100%;margin:1rem 0}\n"
	"caption{text-align:left;font-weight:600;padding:.4rem 0}\n"
	"th,td{border:1px solid #767676;padding:.3rem .5rem;text-align:left;"
	"vertical-align:top}\n"
	"thead th{background:#eee}tbody th{font-weight:400}\n"
	"td.niets{color:#444}td.alles{font-weight:600;background:#e6f2e6}\n"
	"td.mits{background:#fff4d6}td.deel{background:#eef3fa}\n"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}\n"
	"dt{font-weight:600}dd{margin:0}\n"
	"@media print{body{font-size:10pt;margin:0;max-width:none}"
	"section{break-before:page}section:first-of-type{break-before:auto}"
	"thead{display:table-header-group}tr{break-inside:avoid}"
	"th,td{border-color:#000}}\n";

void
kp_html_text(FILE *out, struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.data[i]) {
		case '&':
			(void)fputs("&amp;", out);
			break;
		case '<':
			(void)fputs("&lt;", out);
			break;
		case '>':
			(void)fputs("&gt;", out);
			break;
		case '"':
			(void)fputs("&quot;", out);
			break;
		default:
			(void)fputc(text.data[i], out);
			break;
		}
	}
}

void
kp_html_string(FILE *out, const char *text)
{
	kp_html_text(out, kp_slice_from(text));
}

void
kp_html_begin(FILE *out, const char *title, bool english)
{
	(void)fprintf(out,
		"<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n"
		"<meta charset=\"utf-8\"/>\n"
		"<meta name=\"viewport\" content=\"width=device-width, "
		"initial-scale=1\"/>\n<title>",
		KP_SAY(english, "nl", "en"));
	kp_html_string(out, title);
	(void)fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<h1>",
		style);
	kp_html_string(out, title);
	(void)fputs("</h1>\n", out);
}

void
kp_html_end(FILE *out)
{
	(void)fputs("</main>\n</body>\n</html>\n", out);
}

static void
print_cell(FILE *out, const char *text)
{
	const char *tab = strchr(text, '\t');
	if (tab == NULL) {
		(void)fputs("<td>", out);
		kp_html_string(out, text);
	} else {
		(void)fprintf(out, "<td class=\"%.*s\">", (int)(tab - text), text);
		kp_html_string(out, tab + 1);
	}
	(void)fputs("</td>", out);
}

static void
print_header(FILE *out, const char *scope, const char *text)
{
	(void)fprintf(out, "<th scope=\"%s\">", scope);
	kp_html_string(out, text);
	(void)fputs("</th>", out);
}

void
kp_html_table(FILE *out, const struct kp_table *table, const char *caption)
{
	(void)fputs("<table>\n<caption>", out);
	kp_html_string(out, caption);
	(void)fputs("</caption>\n<thead>\n<tr>", out);
	for (size_t i = 0; i < table->columns; i++) {
		print_header(out, "col", table->cells[i]);
	}
	(void)fputs("</tr>\n</thead>\n<tbody>\n", out);
	for (size_t row = 1; row < table->rows; row++) {
		const char *const *cells = &table->cells[row * table->columns];
		(void)fputs("<tr>", out);
		print_header(out, "row", cells[0]);
		for (size_t i = 1; i < table->columns; i++) {
			print_cell(out, cells[i]);
		}
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</tbody>\n</table>\n", out);
}
