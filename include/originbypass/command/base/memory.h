#ifndef ORIGINBYPASS_COMMAND_BASE_MEMORY_H
#define ORIGINBYPASS_COMMAND_BASE_MEMORY_H

#include <stddef.h>

/** Returns `memory`. If it is NULL, ends the process with a message, because a command has nothing to fall back on. */
void *memory_checked(void *memory);

/** Zeroed memory for `count` things of `size`, for the caller to free(3). */
void *memory_zeroed(size_t count, size_t size);

/** realloc(3) to `count` things of `size`, checked for failure. */
void *memory_resize(void *memory, size_t count, size_t size);

/** A copy of a text, for the caller to free(3). */
char *memory_text(const char *text);

#endif
