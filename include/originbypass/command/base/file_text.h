#ifndef ORIGINBYPASS_COMMAND_BASE_FILE_TEXT_H
#define ORIGINBYPASS_COMMAND_BASE_FILE_TEXT_H

#include <stddef.h>

/** A process may have that much in its files below /proc, and no more is read of any. */
#define FILE_TEXT_MAX ((size_t)64 * 1024 * 1024)

/**
 * All octets of a file such as those below /proc, and a NUL after them, for the caller to free(3). `size` may be NULL.
 * NULL: it cannot be read, or has more than FILE_TEXT_MAX (EFBIG), and errno says why.
 */
char *file_text(const char *path, size_t *size);

/** The same of what a descriptor has from its beginning. */
char *file_text_of(int descriptor, size_t *size);

#endif
