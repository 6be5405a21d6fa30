#ifndef ORIGINBYPASS_COMMAND_BASE_STYLE_H
#define ORIGINBYPASS_COMMAND_BASE_STYLE_H

#include <stdio.h>

/** What a piece of text is, which a terminal shows by colour. */
enum style { STYLE_PLAIN, STYLE_HEAD, STYLE_GOOD, STYLE_NOTE, STYLE_BAD };

/**
 * The octets that begin a style on this stream, and those that end it: empty for STYLE_PLAIN, where the stream is no
 * terminal, where NO_COLOR is set to anything (no-color.org), and where TERM is "dumb" or not set.
 */
const char *style_begin(FILE *stream, enum style style);
const char *style_end(FILE *stream, enum style style);

#endif
