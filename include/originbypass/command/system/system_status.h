#ifndef ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_STATUS_H
#define ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_STATUS_H

#include <stdbool.h>

/** Print which library is entered and which programs have it. Returns the command's exit status. */
int system_status(bool json);

#endif
