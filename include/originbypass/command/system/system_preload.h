#ifndef ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_PRELOAD_H
#define ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_PRELOAD_H

#include <stdbool.h>

/** The path of the file that lists what glibc's loader loads into every program (ld.so(8)). */
extern const char SYSTEM_FILE[];

/** The exit status if some programs have to be restarted. */
enum { SYSTEM_STATUS_RESTART = 3 };

/** Whether a path in that file is a copy of the library, judged by its name. */
bool system_is_ours(const char *path);

/** Whether that file is there and not every user may read it: the loader passes over a file that it cannot read. */
bool system_file_is_private(void);

/** Whether this machine's programs use musl, whose loader does not read that file. Checked for /bin/sh only. */
bool system_has_musl(void);

#endif
