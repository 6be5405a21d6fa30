#ifndef ORIGINBYPASS_COMMAND_RUN_HOSTS_FILE_H
#define ORIGINBYPASS_COMMAND_RUN_HOSTS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** Whether one of `names` is this word, compared as in hosts(5): case and a final dot do not matter. */
bool hosts_file_lists(const char *word, size_t length, const char *const *names, size_t count);

/**
 * Write the lines of a hosts file (hosts(5)) without these names. The file's text may be anything and has `size`
 * octets. A line with none of the names stays as it is; a line with no other names is left out. Every line ends with a
 * newline.
 */
void hosts_file_write_without(FILE *stream, const char *text, size_t size, const char *const *names, size_t count);

#endif
