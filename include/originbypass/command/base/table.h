#ifndef ORIGINBYPASS_COMMAND_BASE_TABLE_H
#define ORIGINBYPASS_COMMAND_BASE_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "originbypass/command/base/style.h"

/**
 * A table for people. Each column is as wide as its widest cell, with two blanks between columns; the last column is
 * not padded. A column of numbers (cells that begin with a digit, and no other cells) is right-aligned. To be used by
 * one thread at a time.
 */
struct table;

/** Create a table with this many columns and these headings; NULL: no headings. To be freed with table_free(). */
struct table *table_new(size_t columns, const char *const *headings);

/** Add a cell to the current row, or begin the next row with it. The text is escaped (text_escape()) and copied. */
void table_add(struct table *table, enum style style, const char *text);

/** Write the rows, one per line. */
void table_print(const struct table *table, FILE *stream);

void table_free(struct table *table);

#endif
