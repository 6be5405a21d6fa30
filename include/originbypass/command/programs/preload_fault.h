#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_PRELOAD_FAULT_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_PRELOAD_FAULT_H

/** Why no path with a space or a colon can be in LD_PRELOAD: these end a path there (ld.so(8)). */
extern const char PRELOAD_FAULT_SEPARATOR[];

/** What a fault begins with if the rights on the file, or on a directory on the way to it, keep the user out. */
extern const char PRELOAD_FAULT_UNREADABLE[];

/**
 * Why the loader would ignore a path in LD_PRELOAD, as text to be put after "PATH: ", such as "no such file". The
 * caller must free(3) it. NULL: nothing speaks against it. The file is looked at and not loaded. `pid` is the process
 * in whose root, and for whose user, the path counts; NULL: those of this command.
 */
char *preload_fault(const char *pid, const char *path);

/** What to do about such a fault: a sentence without its full stop. */
const char *preload_fault_remedy(const char *fault);

#endif
