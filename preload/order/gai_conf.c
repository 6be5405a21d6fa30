#include "originbypass/order/gai_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/guest/descriptor.h"

#define GAI_CONF_FILE "/etc/gai.conf"

/*
 * What the file said when it was read. Without a lock nobody knows whether another thread still uses it: so it stays,
 * as many as the file had versions under `reload yes`, each in reach of the next one for the leak checkers.
 */
struct gai_reading {
    struct gai_tables *tables; /* NULL: no file, libc's own */
    bool reload;               /* it says `reload yes`, or the one before did and it does not say */
    struct timespec modified;  /* the last file's time */
    const struct gai_reading *before;
};

/* A regular file of this size, followed by a NUL. NULL: no memory, or the file is not what it was. */
static char *read_gai_text(const struct descriptor *file, size_t size) {
    char *text = malloc(size + 1);
    if (text == NULL)
        return NULL;
    size_t length = 0;
    while (length < size) {
        /* pread(2), because it fails on a socket that the program may have got under our number. */
        ssize_t got = pread(file->number, text + length, size - length, (off_t)length);
        if (got <= 0) {
            free(text);
            return NULL;
        }
        length += (size_t)got;
    }
    text[size] = '\0';
    return text;
}

static void parse_file(struct gai_reading *reading, const struct descriptor *file) {
    struct stat status;
    if (fstat(file->number, &status) != 0)
        return;
    reading->modified = status.st_mtim;
    if (!S_ISREG(status.st_mode))
        return;
    char *text = read_gai_text(file, (size_t)status.st_size);
    if (text == NULL)
        return;
    reading->tables = gai_tables_parse(text, (size_t)status.st_size, &reading->reload);
    free(text);
}

/* NULL where another attempt may go better: no descriptor, no memory. */
static struct gai_reading *read_gai_conf(const struct gai_reading *before) {
    struct gai_reading *reading = calloc(1, sizeof(*reading));
    if (reading == NULL)
        return NULL;
    if (before != NULL) {
        reading->reload = before->reload;
        reading->modified = before->modified;
        reading->before = before;
    }
    struct descriptor file;
    if (descriptor_take(&file, open(GAI_CONF_FILE, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY))) {
        parse_file(reading, &file);
        descriptor_close(&file);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
        free(reading);
        return NULL;
    }
    return reading;
}

static bool file_has_changed(const struct gai_reading *reading) {
    struct stat status;
    if (stat(GAI_CONF_FILE, &status) != 0)
        return reading->tables != NULL;
    return status.st_mtim.tv_sec != reading->modified.tv_sec || status.st_mtim.tv_nsec != reading->modified.tv_nsec;
}

/* A file that stays away or unreadable is no news each time. */
static bool is_news(const struct gai_reading *next, const struct gai_reading *current) {
    return next->tables != NULL || current == NULL || current->tables != NULL;
}

static const struct gai_tables *tables_of(const struct gai_reading *reading) {
    return reading == NULL || reading->tables == NULL ? &gai_tables_own : reading->tables;
}

const struct gai_tables *gai_conf_tables(void) {
    static _Atomic(const struct gai_reading *) in_force;
    const struct gai_reading *current = atomic_load_explicit(&in_force, memory_order_acquire);
    if (current != NULL && !(current->reload && file_has_changed(current)))
        return tables_of(current);
    struct gai_reading *next = read_gai_conf(current);
    if (next == NULL)
        return tables_of(current);
    if (is_news(next, current) && atomic_compare_exchange_strong(&in_force, &current, next))
        return tables_of(next);
    free(next->tables);
    free(next);
    return tables_of(current);
}
