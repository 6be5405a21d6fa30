#ifndef ORIGINBYPASS_COMMAND_SYSTEM_TRIAL_H
#define ORIGINBYPASS_COMMAND_SYSTEM_TRIAL_H

#include <stdbool.h>

/**
 * Run a few programs with the library in LD_PRELOAD before every program gets it: true(1), also as a user without
 * rights, who must be able to read the library; a shell that starts another program; this command; and this command's
 * check of the machine-wide configuration, if there is one. Each must end with status 0 within ten seconds, and print
 * exactly what it prints without the library. Returns false after a complaint. Not thread-safe.
 */
bool trial_run(const char *library);

#endif
