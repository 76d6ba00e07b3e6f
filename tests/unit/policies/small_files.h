/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* small_files: the registers of a small policy set, as text. */
#ifndef KP_TESTS_POLICIES_SMALL_FILES_H
#define KP_TESTS_POLICIES_SMALL_FILES_H

#define SMALL_CATALOGUE                                                                  \
	"{\"versie\":\"1\",\"bronnen\":["                                                \
	"{\"naam\":\"brp\",\"titel\":\"B\",\"titelEn\":\"B\"},"                          \
	"{\"naam\":\"uwv\",\"titel\":\"U\",\"titelEn\":\"U\"}],"                         \
	"\"rubrieken\":["                                                                \
	"{\"naam\":\"persoon\",\"label\":\"P\",\"labelEn\":\"P\",\"bronnen\":[\"brp\"]," \
	"\"velden\":["                                                                   \
	"{\"pad\":\"naam.voornaam\",\"label\":\"V\",\"labelEn\":\"F\",\"soort\":"        \
	"\"tekst\","                                                                     \
	"\"bronnen\":[\"brp\",\"uwv\"],\"gevoeligheid\":\"openbaar\"},"                  \
	"{\"pad\":\"naam.achternaam\",\"label\":\"A\",\"labelEn\":\"L\",\"soort\":"      \
	"\"tekst\"},"                                                                    \
	"{\"pad\":\"geboorte\",\"label\":\"G\",\"labelEn\":\"B\",\"soort\":\"datum\","   \
	"\"gevoeligheid\":\"gevoelig\"}]},"                                              \
	"{\"naam\":\"partner\",\"label\":\"P\",\"labelEn\":\"P\",\"bronnen\":[\"brp\"]," \
	"\"derde\":true,\"velden\":["                                                    \
	"{\"pad\":\"naam\",\"label\":\"N\",\"labelEn\":\"N\",\"soort\":\"tekst\"}]},"    \
	"{\"naam\":\"werk\",\"label\":\"W\",\"labelEn\":\"W\",\"meervoudig\":true,"      \
	"\"bronnen\":[\"uwv\",\"brp\"],\"velden\":["                                     \
	"{\"pad\":\"loon\",\"label\":\"L\",\"labelEn\":\"P\",\"soort\":\"bedrag\","      \
	"\"gevoeligheid\":\"vertrouwelijk\"},"                                           \
	"{\"pad\":\"ziekte\",\"label\":\"Z\",\"labelEn\":\"I\",\"soort\":\"code\","      \
	"\"gevoeligheid\":\"bijzonder\"}]}]}"

#define SMALL_PURPOSE(id, under, extra)                                                  \
	"{\"id\":\"" id "\",\"naam\":\"N\",\"naamEn\":\"N\",\"grondslag\":\"art. 1\","   \
	"\"verwerking\":\"urn:x:" id "\",\"onder\":\"" under "\",\"eigenaar\":\"E\","    \
	"\"bewaartermijnDagen\":365,\"geldigVanaf\":\"2026-01-01\",\"herzien\":\"2027-"  \
	"01-01\"," extra "}"

#define SMALL_PURPOSES                                                                                 \
	"{\"wetten\":[{\"id\":\"wet-a\",\"naam\":\"A\",\"naamEn\":\"A\"},"                             \
	"{\"id\":\"wet-b\",\"naam\":\"B\",\"naamEn\":\"B\"}],\"doelen\":"                              \
	"[" SMALL_PURPOSE("intake", "wet-a",                                                           \
		"\"werkvoorraadVereist\":false") "," SMALL_PURPOSE("toets", "intake",                  \
		"\"werkvoorraadVereist\":true") "," SMALL_PURPOSE("fraude", "wet-a",                   \
		"\"werkvoorraadVereist\":false,\"vertrouwelijk\":true") "," SMALL_PURPOSE("tips",      \
		"wet-b",                                                                               \
		"\"werkvoorraadVereist\":false,\"bezwaarMogelijk\":true") "," SMALL_PURPOSE("signaal", \
		"wet-b", "\"werkvoorraadVereist\":false,\"alleenMachine\":true") "]}"

#define OIN_A "00000001000000001000"
#define OIN_B "00000001000000002000"
#define OIN_C "00000001000000003000"

#define SMALL_ORGANISATIONS                                                              \
	"{\"soorten\":[{\"id\":\"gemeente\",\"naam\":\"G\",\"naamEn\":\"M\"},"           \
	"{\"id\":\"uitvoerder\",\"naam\":\"U\",\"naamEn\":\"E\"}],\"organisaties\":["    \
	"{\"oin\":\"" OIN_A "\",\"naam\":\"A\",\"soort\":\"gemeente\"},"                 \
	"{\"oin\":\"" OIN_B                                                              \
	"\",\"naam\":\"B\",\"soort\":\"gemeente\",\"onder\":\"" OIN_C "\"},"             \
	"{\"oin\":\"" OIN_C                                                              \
	"\",\"naam\":\"C\",\"soort\":\"uitvoerder\",\"mandaten\":[\"" OIN_A "\"]}]}"

#define SMALL_ROLES                                                                      \
	"{\"rollen\":["                                                                  \
	"{\"id\":\"intake\",\"label\":\"I\",\"labelEn\":\"I\",\"stapelbaar\":true,"      \
	"\"organisatiesoorten\":[\"gemeente\",\"uitvoerder\"]},"                         \
	"{\"id\":\"manager\",\"label\":\"M\",\"labelEn\":\"M\",\"stapelbaar\":true,"     \
	"\"organisatiesoorten\":[\"gemeente\",\"uitvoerder\"]},"                         \
	"{\"id\":\"rechercheur\",\"label\":\"R\",\"labelEn\":\"R\",\"stapelbaar\":"      \
	"false,"                                                                         \
	"\"organisatiesoorten\":[\"gemeente\"]}]}"

#define SMALL_PROFILES                                                                   \
	"{\"profielen\":[{\"id\":\"naam\",\"label\":\"N\",\"labelEn\":\"N\","            \
	"\"velden\":[\"persoon.naam\"]}]}"

/* The shipped schema, for those that cannot read files. */
#define SMALL_SCHEMA                                                                     \
	"entity Rol; entity Organisatiesoort; entity Organisatie in [Organisatie, "      \
	"Organisatiesoort]; entity Medewerker in [Rol] = { organisatie: Organisatie };"  \
	"entity Doel in [Doel] = { bezwaarMogelijk: Bool, vertrouwelijk: Bool, "         \
	"alleenMachine: Bool, werkvoorraadVereist: Bool };"                              \
	"entity Rubriek in [Rubriek]; entity Bron;"                                      \
	"entity Veld in [Rubriek, Bron] = { gevoeligheid: Long, derde: Bool };"          \
	"type Feiten = { doel: Doel, inWerkvoorraad: Bool, heeftZaak: Bool, "            \
	"zaakGenoemd: "                                                                  \
	"Bool, redenGegeven: Bool, bezwaar: Bool, zelf: Bool, nu: datetime };"           \
	"action raadplegen, raadplegenBuitenWerkvoorraad, corrigeren, document "         \
	"appliesTo "                                                                     \
	"{ principal: [Medewerker], resource: [Veld], context: Feiten };"

#define CARD(id, purpose, review)                                                        \
	"@id(\"" id "\") @doel(\"" purpose                                               \
	"\") @grondslag(\"g\") @eigenaar(\"e\") @herzien(\"" review "\") "

#endif
