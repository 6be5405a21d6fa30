#ifndef ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_CONFIGURATION_H
#define ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_CONFIGURATION_H

#include <stdbool.h>

/**
 * Check the machine-wide configuration file, without the environment, before every program gets the library. If it is
 * refused, complain of each error with file and line, and return false. A file that does not exist is not refused. Not
 * thread-safe.
 */
bool system_configuration_check(void);

/** Warn if the library changes nothing yet, because there is no machine-wide file or it lists no host. */
void system_configuration_warn(void);

#endif
