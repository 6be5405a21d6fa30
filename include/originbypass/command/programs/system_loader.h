#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_SYSTEM_LOADER_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_SYSTEM_LOADER_H

#include <stdbool.h>

/*
 * The loaders that map the library into programs, and what they say of it (ld.so(8)). The ordinary command asks the one
 * that started it, and musl's. The static command was started by none: it asks the system's, found under the names that
 * glibc and musl give to theirs (static_system_loader.c). A loader is never run because a file names it: a program can
 * name any file.
 */

/** Whether a path is that of a loader of musl, by its last part. */
bool system_loader_is_of_musl(const char *path);

/** Whether a program with this loader does not start with the library: it is neither the one we ask nor musl's. */
bool system_loader_is_other(const char *path);

/**
 * The loader that may be run to try the library for a program that names `path` for its loader. The caller must make
 * sure that it is the same file. NULL: none. Static text.
 */
const char *system_loader_for(const char *path);

/**
 * Why this loader (from system_loader_for()) does not take the library; NULL: it takes it. `*known` is false, and the
 * result NULL, if it cannot be found out. The loader only lists what it would map: nothing of the library or of a
 * program is run. The caller must free(3) the text.
 */
char *system_loader_refusal(const char *loader, const char *library, bool *known);

/**
 * Why the library cannot be loaded here, as the loader says it; NULL: it can. A name without a slash is searched for,
 * as in LD_PRELOAD. The static command takes the library if there is no loader that it may ask. The caller must free(3)
 * the text.
 */
char *system_loader_fault(const char *library);

#endif
