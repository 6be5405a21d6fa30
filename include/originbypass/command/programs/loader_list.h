#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_LOADER_LIST_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_LOADER_LIST_H

/**
 * What a loader prints, on both of its streams, when it lists the objects that it would map for a file (`--list`, which
 * glibc's and musl's have). It does not run the file, but maps what that needs, and runs its auditors (DT_AUDIT in
 * ld.so(8)): the file must be one that we trust. `preload` is LD_PRELOAD; NULL: none. `*status` is as wait(2) has it.
 * NULL: the loader could not be run. The caller must free(3) the text.
 */
char *loader_list(const char *loader, const char *file, const char *preload, int *status);

/**
 * The same of a loader of glibc, which also looks for each function that an object needs and says which are missing. It
 * would run the program if it did not know the variables that stop it, so it must be the loader of this program.
 */
char *loader_list_of_glibc(const char *loader, const char *program, const char *preload, int *status);

#endif
