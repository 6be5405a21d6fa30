#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_STARTED_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_STARTED_H

#include <stdint.h>

/** When process `pid` was started, in seconds as of time(2), from /proc (proc(5)). 0: this cannot be told. */
int64_t process_started_s(const char *pid);

#endif
