#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_LIBRARY_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_LIBRARY_H

/** The path of this command itself, for the caller to free(3); NULL: the system does not tell. */
char *library_own_command(void);

/**
 * The library that goes with this command, as an absolute path for the caller to free(3): ORIGIN_BYPASS_LIBRARY, or the
 * first liboriginbypass.so beside the command, in ../lib of it, or where libraries are. NULL: there is none.
 */
char *library_find(void);

/** What to say where library_find() has found none. */
void library_complain_of_none(void);

/**
 * library_find(), and then whether the loader takes it: it ignores what it cannot load, says so on standard error, and
 * runs the program without it. NULL after a complaint. The library is loaded into this process by it.
 */
char *library_find_loadable(void);

/** What the library needs of the program's libc, as "glibc 2.17 or later"; for the caller to free(3). */
char *library_needs(const char *library);

/** LD_PRELOAD with the library before what is there, for the caller to free(3). */
char *library_preload(const char *library);

#endif
