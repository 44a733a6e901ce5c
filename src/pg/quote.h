#ifndef ODR_PG_QUOTE_H
#define ODR_PG_QUOTE_H

/* Text in SQL where no parameter can stand. Both are right for every setting of standard_conforming_strings; g_free. */
char *sql_identifier(const char *name); /* "na""me" */
char *sql_literal(const char *text);	/* 'te''xt', E'te\\xt' */

#endif
