#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_STATIC_LOADERS_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_STATIC_LOADERS_H

#include <stdbool.h>

/* Only for the static command: which loaders, and so which libcs, the system has. */

enum { STATIC_LOADERS = 2 };

/** The paths of the loaders of glibc and of musl for this CPU, as all of their programs name them. */
extern const char *const static_loaders[STATIC_LOADERS];

/**
 * The loader of the libc that the system's own programs have: what /bin/sh names, if it is one of these; else the first
 * that is there. NULL: there is none, or others than root could change it. Static text.
 */
const char *static_loaders_system(void);

/** Whether the system's programs are of musl. Also where there is no loader: then this command's own libc is all. */
bool static_loaders_are_of_musl(void);

#endif
