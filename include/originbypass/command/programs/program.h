#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_PROGRAM_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_PROGRAM_H

#include <stdbool.h>

/** Why a preloaded library does not answer a program's lookups, or may not. */
enum program_obstacle {
    PROGRAM_OTHER_MACHINE, /**< made for another architecture or word size than the library (and this command) */
    PROGRAM_OTHER_LIBC,    /**< its loader is neither glibc's nor musl's */
    PROGRAM_STATIC,        /**< linked statically: there is no loader */
    PROGRAM_GO,            /**< Go without cgo, static or not: it uses only Go's resolver */
    PROGRAM_SETID,         /**< the loader ignores LD_PRELOAD: if this user starts it, it changes its user or group */
    PROGRAM_CAPABILITIES,  /**< the same: if this user starts it, it gets file capabilities */
    PROGRAM_GO_CGO,        /**< Go with cgo: asks libc sometimes; always with GODEBUG=netdns=cgo (not set now) */
    PROGRAM_OWN_RESOLVER,  /**< linked with a library that has its own resolver (struct program: `resolver`) */
    PROGRAM_ASAN,          /**< AddressSanitizer's runtime ends it if our library comes first, as it does now */
    PROGRAM_UNREADABLE,    /**< may be executed but not read, so nothing is known about it */
    PROGRAM_OBSTACLES,     /**< the number of obstacles */
};

/** A program as the kernel would run it. program_free() frees the texts. */
struct program {
    char *path;        /**< the file; if the name has no slash, as found in PATH */
    char *binary;      /**< the same; for a script its last interpreter, or what env(1) runs */
    char *interpreter; /**< of a script, the one that cannot be run; NULL: none */
    char *loader;      /**< the binary's (PT_INTERP); NULL: none, or unknown */
    char *cpus;        /**< if they differ: `this library is for x86-64, the program for aarch64`; else NULL */
    char *resolver;    /**< the library with its own resolver, such as `libcares.so.2`; NULL: none */
    char *sanitizer;   /**< AddressSanitizer's, such as `libasan.so.8`; NULL: none, or linked in */
    bool is_unknown;   /**< no ELF file and no `#!`: the kernel does not run it, but a shell may */
    bool obstacles[PROGRAM_OBSTACLES]; /**< which obstacles the binary has */
};

/**
 * Inspect a program: search PATH like execvp(3), follow `#!` lines like execve(2), and read the ELF file at the end.
 * Nothing is executed. Returns 0, or the error number why it cannot be run: ENOENT if it was not found (`path` is NULL
 * then), EACCES, ELOOP and so on. Call program_free() in both cases.
 *
 * It cannot see that a program has a resolver compiled in (nginx, HAProxy, Squid, Envoy) or gets one through a library
 * of a library; own_resolver.h has signs of both. It cannot see what a shell script starts.
 */
int program_inspect(const char *name, struct program *program);

/** Whether it is a script, so that `binary` is its interpreter. */
bool program_is_script(const struct program *program);

/** Whether it is a script of a shell, which mostly starts other programs. */
bool program_is_shell_script(const struct program *program);

/** Whether musl's loader starts it. The library serves it too. */
bool program_is_of_musl(const struct program *program);

/** Complain that a program cannot be run, with this error number, and because of its interpreter if that is missing. */
void program_complain(const char *name, int error);

void program_free(struct program *program);

/**
 * True: the library is never asked, or the program ends because of it. False: the library is asked sometimes, or may
 * be.
 */
bool program_obstacle_is_certain(enum program_obstacle obstacle);

/** What the obstacle is: a text to be put after "NAME ", as in "NAME is linked statically: …". */
const char *program_obstacle_text(enum program_obstacle obstacle);

/** More about the obstacle, such as the library that it is: a text to be put after ": "; NULL: there is no more. */
const char *program_obstacle_detail(const struct program *program, enum program_obstacle obstacle);

#endif
