#ifndef ORIGINBYPASS_GUEST_LOG_H
#define ORIGINBYPASS_GUEST_LOG_H

#include <stdbool.h>
#include <stdint.h>

/** In rising order of weight; LOG_LEVEL_NONE lets nothing through. */
enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_NONE };

/** Read a level's name, in any case. False: not one of the five. */
bool log_level_parse(const char *text, enum log_level *level);

/** Remember which files standard output and standard error are now (streams_remember()). Called once, at load. */
void log_remember_streams(void);

/** The last part of argv[0] at load; "" before. */
const char *log_program(void);

/**
 * Where messages go from now on: the least level, and the absolute path of a file, or "stderr".
 * The path is copied. Thread-safe.
 */
void log_configure(enum log_level level, const char *file);

/**
 * No message is written any more, whatever log_configure() is told: for the command, which says it in words of its own
 * and has no business in a program's log file. Called by the only thread.
 */
void log_silence(void);

/** Whether a message of this level would be written: spares the work of making one. Thread-safe. */
bool log_enabled(enum log_level level);

/** The kinds of a message's fields. */
enum log_field_kind { LOG_TEXT, LOG_NUMBER, LOG_BOOLEAN, LOG_TEXTS };

/** One field of a message. Nothing is kept. A LOG_TEXT whose text is NULL is left out. */
struct log_field {
    const char *name;
    enum log_field_kind kind;
    union {
        const char *text;
        int64_t number;
        bool boolean;
        struct {
            const char *const *items;
            uint32_t count;
        } texts; /**< a JSON array of strings */
    };
};

/** Fields in a call, as in: log_write(LOG_LEVEL_INFO, "resolved origin IP", FIELDS(log_text("host", host))); */
#define FIELDS(...)                                                                                                    \
    (const struct log_field[]){__VA_ARGS__}, sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field)

static inline struct log_field log_text(const char *name, const char *text) {
    return (struct log_field){.name = name, .kind = LOG_TEXT, .text = text};
}
static inline struct log_field log_number(const char *name, int64_t number) {
    return (struct log_field){.name = name, .kind = LOG_NUMBER, .number = number};
}
static inline struct log_field log_boolean(const char *name, bool boolean) {
    return (struct log_field){.name = name, .kind = LOG_BOOLEAN, .boolean = boolean};
}
static inline struct log_field log_texts(const char *name, const char *const *items, uint32_t count) {
    return (struct log_field){.name = name, .kind = LOG_TEXTS, .texts = {items, count}};
}

/**
 * Write one message: a JSON object (RFC 8259) on one line of at most 4096 octets, in one write(2), with
 * `level` and `msg` first, then the fields in the order given, then `time` (RFC 3339, UTC), `program`
 * (the last part of argv[0]) and `pid`. Octets that are not UTF-8 become U+FFFD, control characters are escaped; what
 * is too long is cut, the line staying valid JSON. A destination that would block, is no longer ours, or fails loses
 * the line: the program never notices. Where it is a log file that cannot be written, standard error gets the first
 * such line and `messages are lost`. No SIGPIPE reaches the program, errno is kept, no lock is taken, nothing is
 * allocated. Thread-safe.
 */
void log_write(enum log_level level, const char *message, const struct log_field *fields, uint32_t field_count);

#endif
