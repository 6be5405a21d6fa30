#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_FILE_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_FILE_H

#include "originbypass/in_force/published.h"

/* What has become of the configuration file of a process since it read it. */

/** What the process will do with the file as it is now. */
enum doctor_file_state {
    DOCTOR_FILE_NONE,    /**< it has none */
    DOCTOR_FILE_CURRENT, /**< it says what the process has read */
    DOCTOR_FILE_NEXT,    /**< it has changed, and the process takes it over with a lookup */
    DOCTOR_FILE_REFUSED, /**< it has changed, and the process does not accept it */
    DOCTOR_FILE_BARRED,  /**< nothing shows that it has changed, but the process may not read it any more */
    DOCTOR_FILE_MISSED,  /**< it has changed or is gone, and the process cannot see that: it has changed its root */
    DOCTOR_FILE_GONE,    /**< the process keeps what it has */
    DOCTOR_FILE_LOST,    /**< the same, but there is a symbolic link that leads to no file */
    DOCTOR_FILE_UNKNOWN, /**< nobody can tell */
};

struct doctor_file {
    enum doctor_file_state state;
    char *fault; /**< DOCTOR_FILE_REFUSED, DOCTOR_FILE_BARRED: why, with file and line; else NULL */
};

/** Look at the file that the record of process `pid` names, as the process would. The caller must doctor_file_free()
 * it. */
struct doctor_file doctor_file_of(const char *pid, const struct published *record);

void doctor_file_free(struct doctor_file *file);

/** Whether the file is not what the process has read, and the next lookups do not change that either. */
bool doctor_file_is_former(const struct doctor_file *file);

#endif
