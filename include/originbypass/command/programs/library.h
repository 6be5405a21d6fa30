#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_LIBRARY_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_LIBRARY_H

/**
 * Find the library that goes with this command: ORIGIN_BYPASS_LIBRARY, or else the first liboriginbypass.so in the
 * command's directory, in ../lib from there, or in the system's library directories. Returns an absolute path, which
 * the caller must free(3); NULL: there is none.
 */
char *library_find(void);

/** Complain that library_find() has found nothing. */
void library_complain_of_none(void);

/**
 * Like library_find(), and check that the loader accepts the library. (The loader ignores what it cannot load, says so
 * on standard error, and runs the program without it.) The check loads the library into this process. Returns NULL
 * after a complaint.
 */
char *library_find_loadable(void);

/** What the library needs from a program's libc, such as "glibc 2.17 or later"; the caller must free(3) the text. */
char *library_needs(const char *library);

/** The value of LD_PRELOAD with the library before what is there now; the caller must free(3) it. */
char *library_preload(const char *library);

#endif
