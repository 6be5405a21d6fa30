#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PRELOAD_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PRELOAD_H

/**
 * Report which paths in a value of LD_PRELOAD the loader ignores, and why. `value` may be NULL. `pid` is the process
 * that has the variable, NULL for this command; the report is about `about`. It is bad if the path may be meant for
 * the library: by its name, or where nothing else that is preloaded has the library's name.
 */
void doctor_preload(const char *pid, const char *about, const char *value);

/**
 * The same for /etc/ld.so.preload, the list of the whole machine or container (ld.so(8)), if there is one: in the root
 * of process `pid`, and whether its user may read it. `pid` is NULL for this command.
 */
void doctor_preload_list(const char *pid);

#endif
