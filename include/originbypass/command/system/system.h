#ifndef ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_H
#define ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_H

#include <stdbool.h>

/** What glibc's loader loads into every program (ld.so(8)). */
extern const char SYSTEM_FILE[];

/** Some programs have to be restarted. */
enum { SYSTEM_STATUS_RESTART = 3 };

/** Each returns the command's exit status, and has said what there is to say. */
int system_enable(bool forced);
int system_disable(void);
int system_status(bool json);

/** Whether a path of that file is a copy of the library, by its name. */
bool system_is_ours(const char *path);

/** Whether programs of this machine are musl's, whose loader does not read that file; /bin/sh stands for all. */
bool system_has_musl(void);

#endif
