#ifndef ORIGINBYPASS_COMMAND_DOCTOR_FINDINGS_H
#define ORIGINBYPASS_COMMAND_DOCTOR_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

/** The verdict of a finding. */
enum finding_kind {
    FINDING_GOOD,
    FINDING_NOTE, /**< worth knowing, and perhaps as it should be */
    FINDING_BAD,
    FINDING_CAUSE, /**< bad, and other bad findings may follow from it: reported before them, with the same verdict */
};

/** What was checked, and what can be done about it. */
struct finding {
    enum finding_kind kind;
    const char *check;  /**< the name of the check, such as `upstream-udp`; scripts rely on it, so it never changes */
    const char *about;  /**< the host, server or program that was checked */
    const char *remedy; /**< what to do: a whole sentence without its full stop; NULL: nothing */
};

/** How a report is written. */
struct findings_style {
    bool json;     /**< one JSON document instead of lines of text */
    bool only_bad; /**< leave out everything that is not bad, and the summary in text */
};

/**
 * Begin a report on standard output. There can be only one at a time. In text, a finding is one line; if standard
 * output is a terminal, it is broken and indented. Not thread-safe.
 */
void findings_begin(const struct findings_style *style);

/**
 * Add a finding. The formatted text is written after "ABOUT: ". Everything is copied, and escaped when it is written.
 * Good findings are written at once. The others wait for findings_end(), so that what is bad comes last, because an
 * operator looks there first.
 */
void findings_tell(const struct finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The number of findings of a kind. Causes count as bad. */
size_t findings_count(enum finding_kind kind);

/**
 * Write the notes, then what is bad, causes first, then a summary. In text, each remedy is written only once: bad
 * findings with the same remedy follow each other, and the first one shows it. `status` goes into the JSON as the
 * command's exit status.
 */
void findings_end(int status);

#endif
