#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_AS_PROCESS_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_AS_PROCESS_H

/** A question about a path: why it cannot be used, as text to be put after "PATH: "; NULL: it can. */
typedef const char *(*path_question)(const char *path);

/**
 * Ask a question about a path as process `pid` would: in its root directory, as its user and with its groups. The
 * question is asked in a child process, so what it changes has no effect here. Returns a text that the caller must
 * free(3). NULL: the path can be used, or this user may not act for the process.
 */
char *as_process(const char *pid, path_question question, const char *path);

#endif
