#ifndef ORIGINBYPASS_COMMAND_BASE_TEXT_H
#define ORIGINBYPASS_COMMAND_BASE_TEXT_H

#include <stdio.h>

/**
 * Write text that may come from anywhere (DNS, another process, a file) so that it does nothing to a terminal: all but
 * printable ASCII as `\xHH`. What is written comes to as many columns as octets.
 */
void text_print(FILE *stream, const char *text);

/** The same into memory of its own, for the caller to free(3). Ends the process where there is no memory. */
char *text_escape(const char *text);

/** printf(3) into memory of its own, for the caller to free(3). Ends the process where there is no memory. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The last part of a path, which it points into. */
const char *text_base_name(const char *path);

#endif
