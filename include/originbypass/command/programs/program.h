#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_PROGRAM_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_PROGRAM_H

#include <stdbool.h>

/** Why a preloaded library does not answer a program's lookups. */
enum program_obstacle {
    PROGRAM_OTHER_MACHINE, /**< made for another architecture or word size than the library (and this command) */
    PROGRAM_OTHER_LIBC,    /**< its loader is not ours: musl against glibc, say */
    PROGRAM_STATIC,        /**< linked statically: there is no loader */
    PROGRAM_GO,            /**< Go without cgo, static or not: it has Go's resolver alone */
    PROGRAM_SETID,         /**< the loader ignores LD_PRELOAD: started by this user, it changes its user or group */
    PROGRAM_CAPABILITIES,  /**< likewise: started by this user, it has file capabilities */
    PROGRAM_GO_CGO,        /**< Go with cgo: asks libc sometimes, and always under GODEBUG=netdns=cgo (not set now) */
    PROGRAM_OWN_RESOLVER,  /**< linked with a library that resolves by itself (struct program: `resolver`) */
    PROGRAM_ASAN,          /**< AddressSanitizer's runtime ends it where the library comes first (now) */
    PROGRAM_UNREADABLE,    /**< may be executed, not read: nothing is known of it */
    PROGRAM_OBSTACLES,     /**< so many there are */
};

/** A program as the kernel would run it. The texts are freed by program_free(). */
struct program {
    char *path;                        /**< the file; found in PATH, where the name has no slash */
    char *binary;                      /**< the same, or the last interpreter of a script; env(1) is looked through */
    char *loader;                      /**< the binary's (PT_INTERP); NULL: none, or not known */
    char *resolver;                    /**< the library that resolves by itself, such as `libcares.so.2`; NULL: none */
    char *sanitizer;                   /**< AddressSanitizer's, such as `libasan.so.8`; NULL: none, or linked in */
    bool obstacles[PROGRAM_OBSTACLES]; /**< those of the binary */
};

/**
 * Look at a program: search PATH as execvp(3) does, follow `#!` lines as execve(2) does, and read the ELF file at the
 * end. Nothing is executed. Returns 0, or the error number for which it cannot be run: ENOENT where it was not found
 * (`path` is NULL then), EACCES, ELOOP and so on. In either case program_free() comes after it.
 *
 * What it cannot see: that a program has a resolver compiled in (nginx, HAProxy, Squid, Envoy) or reaches one through
 * a library's library; what a shell script starts.
 */
int program_inspect(const char *name, struct program *program);

void program_free(struct program *program);

/** True: the library is never asked, or the program ends with it. False: sometimes, or perhaps. */
bool program_obstacle_is_certain(enum program_obstacle obstacle);

/** What the obstacle is, to be put after "NAME " as in "NAME is linked statically: …". */
const char *program_obstacle_text(enum program_obstacle obstacle);

/** The library that the obstacle is, to be put after ": "; NULL: it is not a library. */
const char *program_obstacle_library(const struct program *program, enum program_obstacle obstacle);

#endif
