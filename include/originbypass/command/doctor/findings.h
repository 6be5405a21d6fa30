#ifndef ORIGINBYPASS_COMMAND_DOCTOR_FINDINGS_H
#define ORIGINBYPASS_COMMAND_DOCTOR_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

/** What a finding comes to. */
enum finding_kind {
    FINDING_GOOD,
    FINDING_NOTE, /**< to be known, and perhaps as it should be */
    FINDING_BAD,
};

/** What was looked at, and what can be done. */
struct finding {
    enum finding_kind kind;
    const char *check;  /**< what was looked at, a word for scripts that does not change, such as `upstream-udp` */
    const char *about;  /**< what it is about: a host, a server, a program */
    const char *remedy; /**< what to do, a whole sentence without its full stop; NULL: nothing */
};

/** Begin a report on standard output: a line each, or one JSON document. There is one at a time. */
void findings_begin(bool json);

/** Tell a finding, at once; the format goes on behind "ABOUT: ". Everything is escaped, and nothing kept. */
void findings_tell(const struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** How many there were of a kind. */
size_t findings_count(enum finding_kind kind);

/** End the report with a summary; `status` is in the JSON as the command's exit status. */
void findings_end(int status);

#endif
