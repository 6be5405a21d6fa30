#ifndef ORIGINBYPASS_COMMAND_BASE_MISSPELT_H
#define ORIGINBYPASS_COMMAND_BASE_MISSPELT_H

/**
 * Call `tell` for each variable of the environment whose name begins as ours do and that nobody reads, with what to say
 * of it, as in "ORIGIN_BYPASS_HOST is not read: did you mean ORIGIN_BYPASS_HOSTS?". The text is escaped, and the
 * caller's of `tell` for its duration only. Not thread-safe: it reads the environment.
 */
void misspelt_variables(void (*tell)(const char *text, void *context), void *context);

#endif
