#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PRELOAD_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PRELOAD_H

/**
 * Report which paths in a value of LD_PRELOAD the loader ignores, and why. `value` may be NULL. `pid` is the process
 * that has the variable, NULL for this command; the report is about `about`.
 */
void doctor_preload(const char *pid, const char *about, const char *value);

#endif
