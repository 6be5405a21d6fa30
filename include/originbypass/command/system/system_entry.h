#ifndef ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_ENTRY_H
#define ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_ENTRY_H

#include <stdbool.h>

/** Enter the library, or take it out. Each returns the command's exit status, and has said what there is to say. */
int system_enable(bool forced);
int system_disable(void);

#endif
