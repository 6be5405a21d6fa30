#include "originbypass/config/programs.h"

/* The linker redirects the library's calls of programs_leave_alone() in this command to this name (--wrap). */
__typeof__(programs_leave_alone) __wrap_programs_leave_alone;

/*
 * The command describes what a served program gets. This must not depend on whether the command itself is a served
 * program.
 */
bool __wrap_programs_leave_alone(const char *text, size_t size) {
    (void)text;
    (void)size;
    return false;
}
