#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_PROC_FILE_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_PROC_FILE_H

#include <stddef.h>

/* What /proc/PID has of a process (proc(5)). */

/**
 * The text of a file of it: `environ`, `maps`, `comm`. Returns NULL where it cannot be read, errno says why; the
 * caller frees it. `size`, where it is not NULL, gets the size: a text may have NULs in it.
 */
char *proc_file_text(const char *pid, const char *file, size_t *size);

/**
 * The path that a link of it leads to: `exe`, `root`. Returns NULL where it leads to nothing with a name, or may not be
 * looked at; the caller frees it.
 */
char *proc_file_target(const char *pid, const char *link);

#endif
