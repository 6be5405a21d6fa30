#ifndef ORIGINBYPASS_COMMAND_BASE_DOCUMENT_H
#define ORIGINBYPASS_COMMAND_BASE_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * These functions write one JSON document (RFC 8259) to standard output, for --json. They write at once, with two
 * blanks of indentation per level. `key` is the name of a member of an object; it is NULL for an element of an array
 * and for the document itself. Strings are escaped as in the library's messages (json.h). Not thread-safe, because
 * there is only one standard output.
 */
/** Write the documents that follow in one line each (JSON Lines), instead of indented. */
void document_in_one_line(void);

void document_begin_object(const char *key);
void document_begin_array(const char *key);

/** End the object or array that was begun last. A newline follows the outermost one. */
void document_end(void);

/** NULL as the text is written as null. */
void document_text(const char *key, const char *text);
void document_number(const char *key, int64_t number);
/** Thousandths: 12345 is written as 12.345. */
void document_thousandths(const char *key, int64_t number);
void document_boolean(const char *key, bool value);

#endif
