#ifndef ORIGINBYPASS_COMMAND_BASE_ROOTS_OWN_H
#define ORIGINBYPASS_COMMAND_BASE_ROOTS_OWN_H

#include <stdbool.h>

/**
 * Whether a file may be run for what it says of the system: it is a regular file, and it, and each directory on the way
 * to it, belongs to root and cannot be written by anybody else.
 */
bool roots_own_is(const char *path);

#endif
