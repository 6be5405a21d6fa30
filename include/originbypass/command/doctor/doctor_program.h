#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PROGRAM_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PROGRAM_H

/**
 * Check whether the library can reach a program, and whether it serves it. The program is found like in execvp(3) and
 * run with these arguments (argv, with NULL at its end). `shown` is its name in the report.
 */
void doctor_program(char *const *arguments, const char *shown);

/** The same for the program that runs as process `pid`. */
void doctor_program_of(const char *pid, const char *shown);

#endif
