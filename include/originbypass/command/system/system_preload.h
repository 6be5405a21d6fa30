#ifndef ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_PRELOAD_H
#define ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_PRELOAD_H

#include <stdbool.h>

/** What glibc's loader loads into every program (ld.so(8)). */
extern const char SYSTEM_FILE[];

/** Some programs have to be restarted. */
enum { SYSTEM_STATUS_RESTART = 3 };

/** Whether a path of that file is a copy of the library, by its name. */
bool system_is_ours(const char *path);

/** Whether programs of this machine are musl's, whose loader does not read that file; /bin/sh stands for all. */
bool system_has_musl(void);

#endif
