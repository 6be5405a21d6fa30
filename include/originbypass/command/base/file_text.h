#ifndef ORIGINBYPASS_COMMAND_BASE_FILE_TEXT_H
#define ORIGINBYPASS_COMMAND_BASE_FILE_TEXT_H

#include <stddef.h>

/** The most that is read of any file. A process may have this much in its files below /proc. */
#define FILE_TEXT_MAX ((size_t)64 * 1024 * 1024)

/**
 * Read all octets of a file, such as one below /proc, and append a NUL. The caller must free(3) the text. `size` may be
 * NULL. Returns NULL if the file cannot be read or has more than FILE_TEXT_MAX octets (EFBIG); errno says why.
 */
char *file_text(const char *path, size_t *size);

/** The same for an open file, from its beginning. */
char *file_text_of(int descriptor, size_t *size);

#endif
