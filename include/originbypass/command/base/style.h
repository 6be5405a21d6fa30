#ifndef ORIGINBYPASS_COMMAND_BASE_STYLE_H
#define ORIGINBYPASS_COMMAND_BASE_STYLE_H

#include <stdio.h>

/** What a piece of text is. A terminal shows it by colour. */
enum style { STYLE_PLAIN, STYLE_HEAD, STYLE_GOOD, STYLE_NOTE, STYLE_BAD };

/**
 * The octets that begin and end a style on this stream. They are empty for STYLE_PLAIN, if the stream is not a
 * terminal, if NO_COLOR is not empty (no-color.org), and if TERM is "dumb" or not set.
 */
const char *style_begin(FILE *stream, enum style style);
const char *style_end(FILE *stream, enum style style);

#endif
