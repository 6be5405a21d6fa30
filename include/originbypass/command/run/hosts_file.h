#ifndef ORIGINBYPASS_COMMAND_RUN_HOSTS_FILE_H
#define ORIGINBYPASS_COMMAND_RUN_HOSTS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** Whether one of `names` is this word, as hosts(5) has it: in any case, with or without a final dot. */
bool hosts_file_lists(const char *word, size_t length, const char *const *names, size_t count);

/**
 * Write the lines of a hosts file (hosts(5)), which may be any text of `size` octets, without these names: a line that
 * has none of them stays as it is, one that has nothing else goes. Every line ends with a newline.
 */
void hosts_file_write_without(FILE *stream, const char *text, size_t size, const char *const *names, size_t count);

#endif
