#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_CONTAINER_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_CONTAINER_H

#include <stdbool.h>

/**
 * Whether process `pid` was started in the root directory of this command: its paths are ours, and its library is the
 * one that is installed here. A service with some mounts of its own has our root. One that was started in a root of its
 * own (a container, chroot(8)) has not; one that called chroot(2) later has come from ours.
 */
bool container_is_ours(const char *pid);

#endif
