#ifndef ORIGINBYPASS_COMMAND_BASE_WRAP_H
#define ORIGINBYPASS_COMMAND_BASE_WRAP_H

#include <stddef.h>
#include <stdio.h>

/** How many columns a line of a stream has: the width of the terminal (TIOCGWINSZ in ioctl_tty(2)). 0: the stream is
 * not a terminal, or a very narrow one, and its lines are not broken. */
size_t wrap_width(FILE *stream);

/**
 * Write words and end the line. Before a word that would go beyond `width` columns, a new line begins with `indent`
 * blanks. The first line has `column` columns already. The text is printable ASCII, as text_escape() makes it. A width
 * of 0 writes it as it is.
 */
void wrap_print(FILE *stream, const char *text, size_t column, size_t indent, size_t width);

#endif
