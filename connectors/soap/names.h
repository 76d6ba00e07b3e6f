/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* names: the namespaces and algorithms of SOAP, WS-Addressing, WS-Security and XML
 * Signature, as their standards write them. */
#ifndef KP_SOAP_NAMES_H
#define KP_SOAP_NAMES_H

#define KP_NAMES_SOAP11 "http://schemas.xmlsoap.org/soap/envelope/"
#define KP_NAMES_SOAP12 "http://www.w3.org/2003/05/soap-envelope"
#define KP_NAMES_XSI "http://www.w3.org/2001/XMLSchema-instance"
/* WS-Addressing 1.0 - Core. */
#define KP_NAMES_WSA "http://www.w3.org/2005/08/addressing"
#define KP_NAMES_ANONYMOUS KP_NAMES_WSA "/anonymous"

/* Web Services Security: SOAP Message Security 1.1; X.509 Certificate Token Profile 1.1.
 */
#define KP_NAMES_WSS "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
#define KP_NAMES_WSSE KP_NAMES_WSS "wssecurity-secext-1.0.xsd"
#define KP_NAMES_WSU KP_NAMES_WSS "wssecurity-utility-1.0.xsd"
#define KP_NAMES_X509 KP_NAMES_WSS "x509-token-profile-1.0#X509v3"
/* UsernameToken Profile 1.1. */
#define KP_NAMES_PASSWORD KP_NAMES_WSS "username-token-profile-1.0#Password"
#define KP_NAMES_BASE64 KP_NAMES_WSS "soap-message-security-1.0#Base64Binary"
/* XML Signature Syntax and Processing 1.1. */
#define KP_NAMES_DS "http://www.w3.org/2000/09/xmldsig#"
#define KP_NAMES_EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define KP_NAMES_SHA256 "http://www.w3.org/2001/04/xmlenc#sha256"
#define KP_NAMES_SHA1 KP_NAMES_DS "sha1"
#define KP_NAMES_RSA_SHA256 "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
#define KP_NAMES_ECDSA_SHA256 "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
#define KP_NAMES_RSA_SHA1 KP_NAMES_DS "rsa-sha1"

#endif
