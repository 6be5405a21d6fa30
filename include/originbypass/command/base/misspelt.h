#ifndef ORIGINBYPASS_COMMAND_BASE_MISSPELT_H
#define ORIGINBYPASS_COMMAND_BASE_MISSPELT_H

#include <stddef.h>

/**
 * Call `tell` for each environment variable whose name begins like ours but that nobody reads. `text` says what is
 * wrong, such as "ORIGIN_BYPASS_HOST is not read: did you mean ORIGIN_BYPASS_HOSTS?". It is escaped, and valid only
 * during the call. Not thread-safe, because it reads the environment.
 */
void misspelt_variables(void (*tell)(const char *text, void *context), void *context);

/** The same for the text of /proc/PID/environ (proc(5)), which ends with a NUL. */
void misspelt_variables_in(const char *environment, size_t size, void (*tell)(const char *text, void *context),
                           void *context);

#endif
