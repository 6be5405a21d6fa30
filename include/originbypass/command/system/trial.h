#ifndef ORIGINBYPASS_COMMAND_SYSTEM_TRIAL_H
#define ORIGINBYPASS_COMMAND_SYSTEM_TRIAL_H

#include <stdbool.h>

/**
 * Run a few programs with the library in LD_PRELOAD, before every program has it: true(1), also as a user without
 * rights, who has to be able to read the library; a shell that starts another program; this command; and this command's
 * check of the configuration of the whole machine, where there is one. Each has to end with status 0 within ten
 * seconds, and to print just what it prints without the library. False after a complaint. May be used once at a time.
 */
bool trial_run(const char *library);

#endif
