/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * hanging_odbc: an ODBC driver that answers one row, or hangs in the functions that the
 * connection string names: "Hang=SQLExecute,SQLCancel;Gate=/path". It hangs until whoever
 * has /path.SQLExecute, a FIFO, open for writing closes it; opening it for writing waits
 * for somebody to hang. Without the FIFO it goes on. SQLCancel does not help. As of any
 * driver, what it works with goes at exit: to be in it then ends the process badly.
 */
#include <fcntl.h>
#include <sql.h>
#include <sqlext.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_BYTES 256
#define EXPORT __attribute__((visibility("default")))

/* One for an environment, a connection and a statement alike. */
struct handle {
	char hang[TEXT_BYTES];
	char gate[TEXT_BYTES];
	char parameters[TEXT_BYTES];   /* how many it sees in any statement: "Params=2" */
	char columns[TEXT_BYTES];      /* of any statement: "Columns=2"; else 1 */
	char transactions[TEXT_BYTES]; /* "Transactions=refused": always autocommit */
	char reads[TEXT_BYTES];        /* "Reads=only": keeps to reading */
	char says[TEXT_BYTES];         /* of the length of its value: see SQLGetData */
	bool fetched;
	bool gave;
};

static atomic_int hanging;

__attribute__((destructor)) static void
tear_down(void)
{
	if (atomic_load(&hanging) > 0) {
		abort();
	}
}

static void
arrive(const struct handle *handle, const char *function)
{
	char bytes[16];
	char path[2 * TEXT_BYTES];
	if (strstr(handle->hang, function) == NULL) {
		return;
	}
	(void)snprintf(path, sizeof(path), "%s.%s", handle->gate, function);
	atomic_fetch_add(&hanging, 1);
	int gate = open(path, O_RDONLY | O_CLOEXEC);
	while (gate >= 0 && read(gate, bytes, sizeof(bytes)) > 0) {
	}
	if (gate >= 0) {
		(void)close(gate);
	}
	atomic_fetch_sub(&hanging, 1);
}

static void
take_word(const char *string, const char *name, char *out)
{
	const char *at = strstr(string, name);
	size_t len = at == NULL ? 0 : strcspn(at + strlen(name), ";");
	if (at != NULL && len < TEXT_BYTES) {
		memcpy(out, at + strlen(name), len);
		out[len] = '\0';
	}
}

EXPORT SQLRETURN SQL_API
SQLAllocHandle(SQLSMALLINT kind, SQLHANDLE parent, SQLHANDLE *ret_handle)
{
	struct handle *handle = calloc(1, sizeof(*handle));
	if (handle == NULL) {
		return SQL_ERROR;
	}
	if (kind == SQL_HANDLE_STMT) {
		*handle = *(struct handle *)parent;
	}
	*ret_handle = handle;
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLFreeHandle(SQLSMALLINT kind, SQLHANDLE handle)
{
	(void)kind;
	free(handle);
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLSetEnvAttr(SQLHENV env, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER len)
{
	(void)env;
	(void)attribute;
	(void)value;
	(void)len;
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLSetConnectAttr(SQLHDBC dbc, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER len)
{
	const struct handle *handle = dbc;
	(void)value;
	(void)len;
	return attribute == SQL_ATTR_AUTOCOMMIT && handle->transactions[0] != '\0'
		? SQL_ERROR
		: SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLSetStmtAttr(SQLHSTMT stmt, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER len)
{
	return SQLSetEnvAttr(stmt, attribute, value, len);
}

EXPORT SQLRETURN SQL_API
SQLGetInfo(SQLHDBC dbc, SQLUSMALLINT kind, SQLPOINTER out, SQLSMALLINT size,
	SQLSMALLINT *ret_len)
{
	const struct handle *handle = dbc;
	if (kind == SQL_DATA_SOURCE_READ_ONLY && handle->reads[0] != '\0' && size >= 2) {
		memcpy(out, "Y", 2);
		if (ret_len != NULL) {
			*ret_len = 1;
		}
		return SQL_SUCCESS;
	}
	if (kind == SQL_DRIVER_ODBC_VER && size >= 6) {
		memcpy(out, "03.51", 6);
		if (ret_len != NULL) {
			*ret_len = 5;
		}
		return SQL_SUCCESS;
	}
	if (kind == SQL_TXN_CAPABLE) {
		*(SQLUSMALLINT *)out = SQL_TC_ALL;
		return SQL_SUCCESS;
	}
	memset(out, 0, size > 4 || size <= 0 ? 4 : (size_t)size);
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLDriverConnect(SQLHDBC dbc, SQLHWND window, SQLCHAR *string, SQLSMALLINT len,
	SQLCHAR *out, SQLSMALLINT size, SQLSMALLINT *ret_len, SQLUSMALLINT completion)
{
	struct handle *handle = dbc;
	(void)window;
	(void)len;
	(void)out;
	(void)size;
	(void)ret_len;
	(void)completion;
	take_word((const char *)string, "Hang=", handle->hang);
	take_word((const char *)string, "Gate=", handle->gate);
	take_word((const char *)string, "Params=", handle->parameters);
	take_word((const char *)string, "Columns=", handle->columns);
	take_word((const char *)string, "Transactions=", handle->transactions);
	take_word((const char *)string, "Reads=", handle->reads);
	take_word((const char *)string, "Says=", handle->says);
	arrive(handle, "SQLDriverConnect");
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLDisconnect(SQLHDBC dbc)
{
	arrive(dbc, "SQLDisconnect");
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLPrepare(SQLHSTMT stmt, SQLCHAR *text, SQLINTEGER len)
{
	(void)text;
	(void)len;
	arrive(stmt, "SQLPrepare");
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLBindParameter(SQLHSTMT stmt, SQLUSMALLINT number, SQLSMALLINT direction,
	SQLSMALLINT c_type, SQLSMALLINT sql_type, SQLULEN size, SQLSMALLINT digits,
	SQLPOINTER value, SQLLEN buffer, SQLLEN *indicator)
{
	(void)stmt;
	(void)number;
	(void)direction;
	(void)c_type;
	(void)sql_type;
	(void)size;
	(void)digits;
	(void)value;
	(void)buffer;
	(void)indicator;
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLNumParams(SQLHSTMT stmt, SQLSMALLINT *ret_count)
{
	*ret_count = (SQLSMALLINT)strtol(((struct handle *)stmt)->parameters, NULL, 10);
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLExecute(SQLHSTMT stmt)
{
	arrive(stmt, "SQLExecute");
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLCancel(SQLHSTMT stmt)
{
	arrive(stmt, "SQLCancel");
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLNumResultCols(SQLHSTMT stmt, SQLSMALLINT *ret_count)
{
	const struct handle *handle = stmt;
	*ret_count = handle->columns[0] == '\0'
		? 1
		: (SQLSMALLINT)strtol(handle->columns, NULL, 10);
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLDescribeCol(SQLHSTMT stmt, SQLUSMALLINT column, SQLCHAR *name, SQLSMALLINT size,
	SQLSMALLINT *ret_len, SQLSMALLINT *ret_type, SQLULEN *ret_size,
	SQLSMALLINT *ret_digits, SQLSMALLINT *ret_nullable)
{
	(void)stmt;
	(void)column;
	(void)ret_digits;
	if (ret_type != NULL) {
		*ret_type = SQL_VARCHAR;
	}
	if (ret_size != NULL) {
		*ret_size = 3;
	}
	(void)ret_nullable;
	*ret_len = (SQLSMALLINT)snprintf((char *)name, (size_t)size, "wet");
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLFetch(SQLHSTMT stmt)
{
	struct handle *handle = stmt;
	arrive(handle, "SQLFetch");
	/* A second column comes without rows. */
	bool first = !handle->fetched && handle->columns[0] == '\0';
	handle->fetched = true;
	return first ? SQL_SUCCESS : SQL_NO_DATA;
}

/* Its first piece, and the rest when there is any. */
static SQLRETURN
give_odd(struct handle *handle, SQLWCHAR *out, SQLLEN *ret_len)
{
	static const SQLWCHAR rest[] = {'W', 0};
	bool first = !handle->gave;
	handle->gave = true;
	if (strcmp(handle->says, "stuck") == 0) {
		out[0] = 0;
		*ret_len = SQL_NO_TOTAL;
		return SQL_SUCCESS_WITH_INFO;
	}
	if (strcmp(handle->says, "parts") == 0) {
		if (first) {
			out[2] = 0;
			*ret_len = SQL_NO_TOTAL;
			return SQL_SUCCESS_WITH_INFO;
		}
		memcpy(out, rest, sizeof(rest));
		*ret_len = sizeof(*rest);
		return SQL_SUCCESS;
	}
	*ret_len = strcmp(handle->says, "over") == 0 ? 1 << 20 : SQL_NO_TOTAL;
	return first ? SQL_SUCCESS : SQL_NO_DATA;
}

/* "Says=parts": two letters, less than fit, and then the third; "unsaid": all, of no
 * length; "over": all, of a length that does not fit; "stuck": nothing, and more to come.
 */
EXPORT SQLRETURN SQL_API
SQLGetData(SQLHSTMT stmt, SQLUSMALLINT column, SQLSMALLINT type, SQLPOINTER out,
	SQLLEN size, SQLLEN *ret_len)
{
	static const SQLWCHAR text[] = {'A', 'O', 'W', 0};
	struct handle *handle = stmt;
	(void)column;
	(void)type;
	arrive(stmt, "SQLGetData");
	if (size < (SQLLEN)sizeof(text)) {
		return SQL_ERROR;
	}
	memcpy(out, text, sizeof(text));
	*ret_len = sizeof(text) - sizeof(*text);
	return handle->says[0] == '\0' ? SQL_SUCCESS : give_odd(handle, out, ret_len);
}

EXPORT SQLRETURN SQL_API
SQLEndTran(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT how)
{
	(void)kind;
	(void)how;
	arrive(handle, "SQLEndTran");
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLFreeStmt(SQLHSTMT stmt, SQLUSMALLINT option)
{
	(void)stmt;
	(void)option;
	return SQL_SUCCESS;
}

EXPORT SQLRETURN SQL_API
SQLGetDiagRec(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number, SQLCHAR *state,
	SQLINTEGER *ret_native, SQLCHAR *text, SQLSMALLINT size, SQLSMALLINT *ret_len)
{
	(void)kind;
	(void)handle;
	(void)number;
	(void)state;
	(void)ret_native;
	(void)text;
	(void)size;
	(void)ret_len;
	return SQL_NO_DATA;
}
