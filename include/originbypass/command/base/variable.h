#ifndef ORIGINBYPASS_COMMAND_BASE_VARIABLE_H
#define ORIGINBYPASS_COMMAND_BASE_VARIABLE_H

#include <stdbool.h>

/**
 * A value as the library reads it (config_variable_length()); the caller must free(3) it. NULL: the same as not set.
 */
char *variable_value(const char *value);

/** The same for a variable of this process. */
char *variable_get(const char *name);

/** Whether ORIGIN_BYPASS_DISABLED in the environment of this process switches the library off. */
bool variable_is_disabled(void);

#endif
