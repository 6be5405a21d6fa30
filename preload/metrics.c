#include "originbypass/metrics.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/counters_directory.h"
#include "originbypass/log.h"
#include "originbypass/process.h"

static uint32_t pid;
static char directory[PATH_MAX];   /* "": metrics are off */
static struct counters_file *file; /* NULL: there is none; also a parent's, until our own is in its place */
static bool is_own;                /* the file */
static struct counters_load latest;

void metrics_load(void) {
    pid = (uint32_t)getpid();
}

/* Copies of the process begin with metrics off, and do not tell it again. */
static void turn_off(const char *why) {
    log_write(LOG_LEVEL_ERROR, "metrics are off", FIELDS(log_text("directory", directory), log_text("reason", why)));
    directory[0] = '\0';
}

static const char *begin_in(const struct descriptor *opened) {
    const char *fault;
    struct counters_identity identity = counters_identity_of(pid);
    struct counters_file *made = counters_file_make(opened->number, &identity, log_program(), file, &fault);
    if (made == NULL)
        return fault;
    file = made;
    is_own = true;
    counters_file_tell(file, &latest);
    counters_keep_in(file->blocks);
    counters_directory_fold(opened, COUNTERS_FOLD_A_FEW);
    return NULL;
}

/* Nothing is allocated: the program's allocator may look up names, and would wait for us to be a copy no longer. */
static void begin(void) {
    struct descriptor opened;
    const char *fault = counters_directory_open(directory, &opened);
    if (fault == NULL)
        fault = begin_in(&opened);
    descriptor_close(&opened);
    if (fault != NULL)
        turn_off(fault);
}

void metrics_begin(const char *wanted) {
    if (wanted == NULL || is_own || !process_is_at_home())
        return;
    if (strlen(wanted) >= sizeof(directory))
        return;
    strncpy(directory, wanted, sizeof(directory) - 1);
    begin();
}

void metrics_tell(const struct counters_load *load) {
    latest = *load;
    if (is_own)
        counters_file_tell(file, load);
}

void metrics_adopt(void) {
    is_own = false;
    metrics_load();
    if (directory[0] != '\0' && process_is_at_home())
        begin();
}
