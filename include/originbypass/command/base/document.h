#ifndef ORIGINBYPASS_COMMAND_BASE_DOCUMENT_H
#define ORIGINBYPASS_COMMAND_BASE_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * One JSON document (RFC 8259) on standard output, for --json: written as it is told, indented by two blanks. What
 * stands in an object has a key, what stands in an array or is the document itself has NULL. Strings are escaped as in
 * the library's messages (json.h). Not thread-safe: there is one standard output.
 */
void document_begin_object(const char *key);
void document_begin_array(const char *key);

/** End the object or array that was begun last; the outermost is followed by a newline. */
void document_end(void);

/** A NULL text is null. */
void document_text(const char *key, const char *text);
void document_number(const char *key, int64_t number);
/** Thousandths: 12345 is written as 12.345. */
void document_thousandths(const char *key, int64_t number);
void document_boolean(const char *key, bool value);

#endif
