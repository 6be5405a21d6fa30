#ifndef ORIGINBYPASS_LOAD_H
#define ORIGINBYPASS_LOAD_H

#include <stdbool.h>

/**
 * See to it that we are loaded: by our constructor, or by the first call through a door where another library's
 * constructor resolves before ours has run. True: there is something to do. False: every call is libc's, because
 * nothing is configured, the library is disabled, or loading is under way in this very moment. Thread-safe, takes no
 * lock.
 */
bool load_ensure(void);

/** What a new copy of the process (fork(2) and its kin) does before its first lookup: for process_adopt_copy(). */
void load_adopt(void);

#endif
