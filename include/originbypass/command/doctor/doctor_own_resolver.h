#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_OWN_RESOLVER_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_OWN_RESOLVER_H

#include <stdbool.h>

#include "originbypass/command/programs/program.h"

/**
 * Whether a program's file has signs of a resolver of its own. The finding names the program `shown`. `pid` is the
 * process that runs it, or NULL. A library that the program itself is linked with is an obstacle (struct program), and
 * gets no finding here.
 */
void doctor_own_resolver(const char *pid, const struct program *program, const char *shown);

/**
 * Whether a process or one of its workers asks DNS itself, by its sockets (dns_sockets.h). The finding names the
 * process `about`. If it has no such socket and `has_library` is true, the finding is what is known of its program.
 * Without the library, that is up to doctor_program_of().
 */
void doctor_resolver_of(const char *pid, const char *about, bool has_library);

#endif
