#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_PROC_FILE_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_PROC_FILE_H

#include <stddef.h>

/* What /proc/PID says about a process (proc(5)). */

/**
 * Read one of its files: `environ`, `maps`, `comm`. Returns the text, which the caller must free(3); NULL if it cannot
 * be read, and errno says why. If `size` is not NULL, it gets the size, because the text may contain NULs.
 */
char *proc_file_text(const char *pid, const char *file, size_t *size);

/**
 * The path that one of its links leads to: `exe`, `root`. The caller must free(3) it. Returns NULL if the target has no
 * name, or may not be looked at.
 */
char *proc_file_target(const char *pid, const char *link);

/** The value of a variable in the text of /proc/PID/environ, which it points into. NULL: it is not set. */
const char *proc_file_variable(const char *environment, size_t size, const char *name);

#endif
