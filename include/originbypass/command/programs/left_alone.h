#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_LEFT_ALONE_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_LEFT_ALONE_H

#include "originbypass/command/programs/program.h"

/**
 * Whether `programs` in the configuration file leaves alone a program that is run with these arguments (argv, with NULL
 * at its end). The file is the one that the environment names now. Returns the file's path, which the caller must
 * free(3); NULL: the program is served, or there is no such file.
 */
char *left_alone_program(const struct program *program, char *const *arguments);

/**
 * The same for a process, with the file that it was started with (NULL: the default file), as that process sees the
 * file.
 */
char *left_alone_process(const char *pid, const char *file);

#endif
