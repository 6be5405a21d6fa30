#ifndef ORIGINBYPASS_COMMAND_BASE_TABLE_H
#define ORIGINBYPASS_COMMAND_BASE_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "originbypass/command/base/style.h"

/**
 * A table for people: columns as wide as their widest cell, two blanks between them, the last one not padded. Numbers
 * (cells that begin with a digit, in a column that has nothing else) stand to the right. Belongs to one thread.
 */
struct table;

/** A table with these headings, `count` of them; NULL for none. Its end is table_free(). */
struct table *table_new(size_t columns, const char *const *headings);

/** Add a cell: the next of the row, or the first of the next row. The text is escaped (text_escape()) and copied. */
void table_add(struct table *table, enum style style, const char *text);

/** Write the rows, a line each. */
void table_print(const struct table *table, FILE *stream);

void table_free(struct table *table);

#endif
