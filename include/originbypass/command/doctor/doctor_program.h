#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PROGRAM_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_PROGRAM_H

/** Whether the library can reach a program, found as execvp(3) would and run with these arguments (argv, with NULL at
 * its end), and serves it; it is told of as `shown`. */
void doctor_program(char *const *arguments, const char *shown);

/** The same of the program that runs as process `pid`. */
void doctor_program_of(const char *pid, const char *shown);

#endif
