#include "originbypass/config/programs.h"

/* The linker's name for it, which leads the library's rooms in the command here. */
__typeof__(programs_leave_alone) __wrap_programs_leave_alone;

/* What the command says is what a program gets that is served, whichever those are: also where it is not one itself. */
bool __wrap_programs_leave_alone(const char *text, size_t size) {
    (void)text;
    (void)size;
    return false;
}
