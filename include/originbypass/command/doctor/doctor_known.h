#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_KNOWN_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_KNOWN_H

#include <stdbool.h>

#include "originbypass/command/programs/program.h"

/**
 * Report what is known about a program from its name, and from signs in its arguments and script. False: nothing is
 * known. `*unreached` is set if the program never asks libc.
 */
bool doctor_known(const struct program *program, char *const *arguments, const char *shown, bool *unreached);

/**
 * What helps the program at this path, if its name is known as that of one with a resolver of its own. `*what` is then
 * how far it uses that resolver, to be put after "NAME ". Returns NULL if the name is not known. Nothing is to be
 * freed.
 */
const char *doctor_known_resolver(const char *path, const char **what);

/**
 * What makes process `pid` look its names up again, if its program is known to do so only once: a sentence without its
 * full stop. NULL: it is not known to. Nothing is to be freed.
 */
const char *doctor_known_to_keep(const char *pid);

/**
 * What keeps process `pid` from asking libc, if its program is known to look its names up at its start: a remedy
 * without its full stop. NULL: it is not known to, or leaves that to other processes. Nothing is to be freed.
 */
const char *doctor_known_to_have_looked_up(const char *pid);

/** What says why process `pid`, which is known to keep its names, has not completed a reload; otherwise as before. */
const char *doctor_known_unfinished(const char *pid);

/** Whether process `pid` is known to end its connections and to serve no new requests: an old worker of nginx. */
bool doctor_known_to_end(const char *pid);

/**
 * Whether the program is an interpreter and it is known how its scripts ask DNS themselves. Its file has no further
 * signs then: PHP imports resolver(3) for dns_get_record.
 */
bool doctor_known_interpreter(const char *path);

#endif
