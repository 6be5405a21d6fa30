#ifndef ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_ENTRY_H
#define ORIGINBYPASS_COMMAND_SYSTEM_SYSTEM_ENTRY_H

#include <stdbool.h>

/**
 * Enter the library in /etc/ld.so.preload, or take it out. Each prints what it did and returns the command's exit
 * status.
 */
int system_enable(bool forced);
int system_disable(void);

#endif
