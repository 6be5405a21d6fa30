#ifndef ORIGINBYPASS_COMMAND_BASE_TEXT_H
#define ORIGINBYPASS_COMMAND_BASE_TEXT_H

#include <stdio.h>

/**
 * Write text that may come from anywhere (DNS, another process, a file) so that it cannot control a terminal:
 * everything except printable ASCII becomes `\xHH`. The output takes up as many columns as octets.
 */
void text_print(FILE *stream, const char *text);

/** The same into new memory; the caller must free(3) it. Ends the process if there is no memory. */
char *text_escape(const char *text);

/** printf(3) into new memory; the caller must free(3) it. Ends the process if there is no memory. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The last part of a path. The result points into `path`. */
const char *text_base_name(const char *path);

#endif
