#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_WRAPPER_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_WRAPPER_H

#include <stdbool.h>

/**
 * Programs that become another one, or start it, and hand it their environment: timeout(1), env(1), tini, the loader
 * itself (ld.so(8)), `originbypass run`.
 */
enum wrapper {
    WRAPPER_NONE,    /**< it is none of these */
    WRAPPER_CLEAR,   /**< it is, and its arguments say which program it starts */
    WRAPPER_UNCLEAR, /**< it is, and which program it starts is not known: an option that we do not know, or sudo(8),
                        whose settings decide */
};

/**
 * What a command line (argv, with NULL at its end) starts, by the name of its program. For WRAPPER_CLEAR, `*program`
 * gets the rest of it, which begins with the started program.
 */
enum wrapper wrapper_read(char *const *arguments, char *const **program);

/**
 * Whether such a command line takes LD_PRELOAD from `program`, from wrapper_read(), or names no library of ours in it:
 * env(1) with -i, -u or an assignment.
 */
bool wrapper_clears(char *const *arguments, char *const *program);

/** Whether such a command line is `originbypass run --private-hosts`, under which no program has the library. */
bool wrapper_preloads_nothing(char *const *arguments, char *const *program);

#endif
