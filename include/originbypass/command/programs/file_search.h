#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_FILE_SEARCH_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_FILE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

/** Whether a regular file of at most `size_max` octets contains a short text in its first 512 MiB. */
bool file_has_text(const char *path, const char *text, uint64_t size_max);

/** The same of an open file. The text has at most 64 octets. */
bool descriptor_has_text(int descriptor, const char *text);

#endif
