#ifndef ORIGINBYPASS_CONFIG_PROGRAMS_H
#define ORIGINBYPASS_CONFIG_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * One pattern of `programs`, and a process: the executable's path, or NULL where nobody knows it, and its arguments, of
 * argv[1] on, each with its NUL. `pattern` is PATH or PATH:ARGUMENT, glob patterns as of fnmatch(3) in which `*`
 * matches slashes too; with an ARGUMENT, any one of the arguments has to match it. No path matches nothing.
 */
bool programs_match(const char *pattern, const char *path, const char *arguments, size_t size);

/** Whether a text can be such a pattern: it begins as an absolute path can, and has no backslash. */
bool programs_is_pattern(const char *text);

/**
 * Whether the configuration file's text (less than CONFIG_SIZE_MAX octets) leaves this process alone:
 * `programs.exclude` matches it, or `programs.include` names others only. Looks at the text's tokens, before anything
 * is parsed and whether or not the rest is valid, so that a left program is never told anything; a list with a mistake
 * in it excludes nobody, so that the mistake is told. The arguments are looked at as far as the first 256 KiB reach.
 *
 * For load: allocates only by mmap(2), and only if a pattern has an argument; no descriptor stays open. errno may
 * change. Needs /proc: without it the executable's path is not known.
 */
bool programs_leave_alone(const char *text, size_t size);

/** The same for another process, by its number. One that has written over its arguments may be taken for another. */
bool programs_leave_process(const char *text, size_t size, const char *pid);

/** The same for a program yet to be run: its executable, and its arguments with argv[0], each with its NUL. */
bool programs_leave_program(const char *text, size_t size, const char *path, const char *arguments,
                            size_t arguments_size);

#endif
