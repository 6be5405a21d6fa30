#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_KNOWN_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_KNOWN_H

#include <stdbool.h>

#include "originbypass/command/programs/program.h"

/**
 * Report what is known about a program from its name, and from signs in its arguments and script. False: nothing is
 * known. `*unreached` is set if the program never asks libc.
 */
bool doctor_known(const struct program *program, char *const *arguments, const char *shown, bool *unreached);

#endif
