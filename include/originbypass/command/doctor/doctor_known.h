#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_KNOWN_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_KNOWN_H

#include <stdbool.h>

#include "originbypass/command/programs/program.h"

/** What is known of a program by its name, and by signs in its arguments and script. False: nothing; `*unreached` is
 * set where it never asks libc. */
bool doctor_known(const struct program *program, char *const *arguments, const char *shown, bool *unreached);

#endif
