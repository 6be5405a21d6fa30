#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_CONTAINER_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_CONTAINER_H

#include <stdbool.h>

/**
 * Whether process `pid` was started in the root directory of this command. If so, its paths are ours, and its library
 * is the one that is installed here. This is true of a service with some mounts of its own, and of a process that
 * called chroot(2) after it was started. It is not true of a process that was started in another root (a container,
 * chroot(8)).
 */
bool container_is_ours(const char *pid);

#endif
