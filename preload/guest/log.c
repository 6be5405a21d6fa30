#include "originbypass/guest/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/guest/destination.h"
#include "originbypass/guest/json.h"
#include "originbypass/guest/stream.h"

#define LINE_SIZE DESTINATION_LINE_SIZE
_Static_assert(LINE_SIZE == 4096, "the longest line of the contract is what a pipe takes as a whole");

/** Kept for what ends a line: time, program (cut where need be) and pid; and of that, for the pid alone. */
#define TAIL_SIZE 512
#define PID_SIZE (sizeof(",\"pid\":-2147483648}\n") - 1)

#define PROGRAM_NAME_SIZE 256

static const char *const level_names[] = {"debug", "info", "warn", "error", "none"};

static _Atomic(enum log_level) least_level = LOG_LEVEL_WARN;

/** The last component of argv[0] at load: programs that change their title (nginx) write over it later. */
static char program[PROGRAM_NAME_SIZE];

/** Not by strcasecmp(3), which asks the locale: in Turkish "INFO" is not "info". For lower case letters only. */
static bool equals_in_any_case(const char *text, const char *letters) {
    while (*letters != '\0' && (*text | ('a' - 'A')) == *letters) {
        text++;
        letters++;
    }
    return *text == '\0' && *letters == '\0';
}

bool log_level_parse(const char *text, enum log_level *level) {
    for (int i = LOG_LEVEL_DEBUG; i <= LOG_LEVEL_NONE; i++)
        if (equals_in_any_case(text, level_names[i])) {
            *level = (enum log_level)i;
            return true;
        }
    return false;
}

void log_remember_streams(void) {
    strncpy(program, program_invocation_short_name, sizeof(program) - 1);
    streams_remember();
}

static bool silenced;

void log_silence(void) {
    silenced = true;
    atomic_store(&least_level, LOG_LEVEL_NONE);
}

const char *log_program(void) {
    return program;
}

void log_configure(enum log_level level, const char *file) {
    if (silenced)
        return;
    destination_set(file);
    atomic_store(&least_level, level);
}

bool log_enabled(enum log_level level) {
    return level < LOG_LEVEL_NONE && level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

static bool append_texts(struct json_text *json, const char *const *items, uint32_t count) {
    /* An item that does not fit ends the array: half of an address would be another address. */
    if (json->limit - json->length < strlen("[]"))
        return false;
    json_append(json, "[");
    json->limit--;
    for (uint32_t i = 0; i < count; i++) {
        size_t end = json->length;
        if ((i > 0 && !json_append(json, ",")) || !json_append_string(json, items[i])) {
            json->length = end;
            break;
        }
    }
    json->limit++;
    return json_append(json, "]");
}

static bool append_value(struct json_text *json, const struct log_field *field) {
    switch (field->kind) {
    case LOG_NUMBER:
        return json_append_number(json, field->number);
    case LOG_BOOLEAN:
        return json_append(json, field->boolean ? "true" : "false");
    case LOG_TEXTS:
        return append_texts(json, field->texts.items, field->texts.count);
    case LOG_TEXT:
        break;
    }
    return json_append_cut_string(json, field->text);
}

static void append_field(struct json_text *json, const struct log_field *field) {
    if (field->kind == LOG_TEXT && field->text == NULL)
        return;
    size_t end = json->length;
    if (!json_append(json, end == 0 ? "{" : ",") || !json_append_string(json, field->name) || !json_append(json, ":") ||
        !append_value(json, field))
        json->length = end;
}

/** Append a field within the first `limit` octets of the line, or in half of what is left where others follow. */
static void append_field_within(struct json_text *json, size_t limit, const struct log_field *field,
                                uint32_t following) {
    size_t room = limit - json->length;
    json->limit = json->length + (following > 0 ? room / 2 : room);
    append_field(json, field);
}

static void write_digits(char *digits, size_t count, unsigned value) {
    for (; count > 0; value /= 10)
        digits[--count] = (char)('0' + value % 10);
}

static bool is_leap_year(unsigned year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of_year(unsigned year) {
    return is_leap_year(year) ? 366 : 365;
}

static unsigned days_of_month(unsigned month, unsigned year) {
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

/** The time as RFC 3339 has it. Not by gmtime_r(3): glibc's takes a lock, which fork(2) may leave locked. */
static void write_time(char text[static sizeof("1970-01-01T00:00:00.000Z")], const struct timespec *time) {
    unsigned second = (unsigned)(time->tv_sec % 86400);
    unsigned day = (unsigned)(time->tv_sec / 86400);
    unsigned month = 1;
    unsigned year = 1970;
    for (; day >= days_of_year(year); year++)
        day -= days_of_year(year);
    for (; day >= days_of_month(month, year); month++)
        day -= days_of_month(month, year);

    memcpy(text, "0000-00-00T00:00:00.000Z", sizeof("0000-00-00T00:00:00.000Z"));
    write_digits(text, 4, year);
    write_digits(text + 5, 2, month);
    write_digits(text + 8, 2, day + 1);
    write_digits(text + 11, 2, second / 3600);
    write_digits(text + 14, 2, second / 60 % 60);
    write_digits(text + 17, 2, second % 60);
    write_digits(text + 20, 3, (unsigned)(time->tv_nsec / 1000000));
}

static void append_tail(struct json_text *json) {
    struct timespec now;
    char time[sizeof("1970-01-01T00:00:00.000Z")];
    clock_gettime(CLOCK_REALTIME, &now);
    write_time(time, &now);

    const struct log_field tail[] = {log_text("time", time), log_text("program", program), log_number("pid", getpid())};
    append_field_within(json, LINE_SIZE - PID_SIZE, &tail[0], 0);
    append_field_within(json, LINE_SIZE - PID_SIZE, &tail[1], 0);
    append_field_within(json, LINE_SIZE, &tail[2], 0);
    json_append(json, "}\n");
}

static size_t compose(char line[static LINE_SIZE], enum log_level level, const char *message,
                      const struct log_field *fields, uint32_t field_count) {
    const struct log_field head[] = {log_text("level", level_names[level]), log_text("msg", message)};
    struct json_text json = {.octets = line};
    append_field_within(&json, LINE_SIZE - TAIL_SIZE, &head[0], 1);
    append_field_within(&json, LINE_SIZE - TAIL_SIZE, &head[1], field_count);
    for (uint32_t i = 0; i < field_count; i++)
        append_field_within(&json, LINE_SIZE - TAIL_SIZE, &fields[i], field_count - i - 1);
    append_tail(&json);
    return json.length;
}

/* The line that was lost goes there too: it may tell that the configuration is refused. */
static void tell_loss(const struct destination_loss *loss, char line[static LINE_SIZE], size_t size) {
    const struct log_field fields[] = {log_text("file", loss->file), log_text("reason", loss->reason)};
    destination_write_to_stderr(line, size);
    destination_write_to_stderr(line, compose(line, LOG_LEVEL_ERROR, "messages are lost", fields, 2));
}

void log_write(enum log_level level, const char *message, const struct log_field *fields, uint32_t field_count) {
    if (!log_enabled(level))
        return;
    char line[LINE_SIZE];
    size_t size = compose(line, level, message, fields, field_count);
    struct destination_loss loss = destination_write(line, size);
    if (loss.reason != NULL)
        tell_loss(&loss, line, size);
}
