/*
 * What a message contains: an independent JSON parser (jansson) reads back every line. Where it goes:
 * test_destination.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "originbypass/guest/log.h"

#define LINE_SIZE 4096

static char path[] = "/tmp/test_log.XXXXXX";
static char line[64 * 1024];
static time_t pretended_time; /**< 0: the real one */

/** Replaces libc's function, so that messages can be written on other days. */
int clock_gettime(clockid_t clock, struct timespec *time) {
    if (clock == CLOCK_REALTIME && pretended_time != 0) {
        *time = (struct timespec){pretended_time, 987654321};
        return 0;
    }
    return (int)syscall(SYS_clock_gettime, clock, time);
}

/** Take what has been written to the log file since the last call, without the newline at its end. */
static size_t take_lines(void) {
    int file = open(path, O_RDWR | O_CLOEXEC);
    ssize_t size = read(file, line, sizeof(line) - 1);
    assert_true(size >= 0);
    assert_int_equal(ftruncate(file, 0), 0);
    close(file);
    line[size] = '\0';
    return (size_t)size;
}

static json_t *taken_message(void) {
    json_error_t error;
    size_t size = take_lines();
    assert_true(size > 0 && size <= LINE_SIZE);
    assert_int_equal(line[size - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + size - 1);
    json_t *message = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (message == NULL)
        fail_msg("%s at octet %d of: %s", error.text, error.position, line);
    return message;
}

static const char *text_of(const json_t *message, const char *field) {
    const char *text = json_string_value(json_object_get(message, field));
    if (text == NULL)
        fail_msg("no text '%s' in: %s", field, line);
    return text;
}

/** The names of a message's fields in their order, with a space after each. */
static const char *field_names(json_t *message) {
    static char names[4096];
    const char *name;
    json_t *value;
    names[0] = '\0';
    json_object_foreach(message, name, value) {
        strcat(names, name);
        strcat(names, " ");
    }
    return names;
}

static void assert_tail_present(const json_t *message) {
    assert_int_equal(strlen(text_of(message, "time")), strlen("1970-01-01T00:00:00.000Z"));
    assert_string_equal(text_of(message, "program"), "test_log");
    assert_true(json_integer_value(json_object_get(message, "pid")) == getpid());
}

static char *repeated(const char *piece, size_t count) {
    char *text = test_malloc(strlen(piece) * count + 1);
    text[0] = '\0';
    for (char *end = text; count > 0; count--)
        end = stpcpy(end, piece);
    return text;
}

static void assert_begins_with(const char *text, const char *beginning) {
    assert_int_equal(strncmp(text, beginning, strlen(beginning)), 0);
}

static void level_and_message_come_first_then_the_fields_then_time_program_and_pid(void **state) {
    (void)state;
    const char *const ips[] = {"203.0.113.7", "2001:db8::7"};
    log_write(LOG_LEVEL_INFO, "resolved origin IP",
              FIELDS(log_text("hostname", "cdn.example.com"), log_text("ip", ips[0]), log_texts("ips", ips, 2),
                     log_number("ttl", -60), log_boolean("used", true), log_boolean("stale", false)));
    json_t *message = taken_message();
    assert_string_equal(field_names(message), "level msg hostname ip ips ttl used stale time program pid ");
    assert_string_equal(text_of(message, "level"), "info");
    assert_string_equal(text_of(message, "msg"), "resolved origin IP");
    assert_string_equal(text_of(message, "hostname"), "cdn.example.com");
    assert_string_equal(text_of(message, "ip"), "203.0.113.7");
    json_t *array = json_object_get(message, "ips");
    assert_int_equal(json_array_size(array), 2);
    assert_string_equal(json_string_value(json_array_get(array, 0)), "203.0.113.7");
    assert_string_equal(json_string_value(json_array_get(array, 1)), "2001:db8::7");
    assert_true(json_integer_value(json_object_get(message, "ttl")) == -60);
    assert_true(json_is_true(json_object_get(message, "used")));
    assert_true(json_is_false(json_object_get(message, "stale")));
    assert_tail_present(message);
    json_decref(message);
}

static void a_message_needs_no_fields(void **state) {
    (void)state;
    log_write(LOG_LEVEL_ERROR, "configuration refused", NULL, 0);
    json_t *message = taken_message();
    assert_string_equal(field_names(message), "level msg time program pid ");
    assert_string_equal(text_of(message, "level"), "error");
    json_decref(message);
}

static void a_text_that_is_null_is_left_out_and_an_empty_array_is_not(void **state) {
    (void)state;
    log_write(LOG_LEVEL_WARN, "m",
              FIELDS(log_text("file", NULL), log_number("line", 3), log_text("empty", ""), log_texts("ips", NULL, 0)));
    json_t *message = taken_message();
    assert_string_equal(field_names(message), "level msg line empty ips time program pid ");
    assert_int_equal(json_array_size(json_object_get(message, "ips")), 0);
    json_decref(message);
}

static void hostile_text_is_escaped(void **state) {
    (void)state;
    log_write(LOG_LEVEL_WARN, "a\nb", FIELDS(log_text("host", "x\"},{\"level\":\"none\n\x1b[2J\xFF")));
    json_t *message = taken_message();
    assert_string_equal(text_of(message, "msg"), "a\nb");
    assert_string_equal(text_of(message, "host"), "x\"},{\"level\":\"none\n\x1b[2J\xEF\xBF\xBD");
    assert_null(strchr(line, '\x1b'));
    json_decref(message);
}

static void a_text_of_10000_octets_is_cut_and_all_other_fields_still_come(void **state) {
    (void)state;
    const char *const ips[] = {"203.0.113.7"};
    const char *const pieces[] = {"x", "\x01", "\"", "\xFF", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        char *text = repeated(pieces[i], 10000 / strlen(pieces[i]));
        log_write(LOG_LEVEL_WARN, "m",
                  FIELDS(log_text("host", text), log_number("line", INT64_MIN), log_texts("ips", ips, 1)));
        json_t *message = taken_message();
        assert_string_equal(field_names(message), "level msg host line ips time program pid ");
        assert_true(strlen(text_of(message, "host")) > 250);
        if (pieces[i][0] != '\xFF')
            assert_begins_with(text, text_of(message, "host"));
        assert_int_equal(json_array_size(json_object_get(message, "ips")), 1);
        assert_tail_present(message);
        json_decref(message);
        test_free(text);
    }
}

static void a_cut_falls_between_characters_wherever_they_stand(void **state) {
    (void)state;
    for (int shift = 0; shift < 12; shift++) {
        char *euros = repeated("\xE2\x82\xAC", 3000);
        char text[10000];
        snprintf(text, sizeof(text), "%.*s%s", shift, "............", euros);
        log_write(LOG_LEVEL_WARN, text, NULL, 0);
        json_t *message = taken_message();
        assert_begins_with(text, text_of(message, "msg"));
        assert_int_equal((strlen(text_of(message, "msg")) - (size_t)shift) % 3, 0);
        json_decref(message);
        test_free(euros);
    }
}

static void a_long_message_leaves_room_for_the_fields(void **state) {
    (void)state;
    char *text = repeated("message ", 1250);
    log_write(LOG_LEVEL_WARN, text, FIELDS(log_text("host", "cdn.example.com")));
    json_t *message = taken_message();
    assert_string_equal(text_of(message, "host"), "cdn.example.com");
    assert_tail_present(message);
    json_decref(message);
    test_free(text);
}

static void an_array_that_does_not_fit_ends_with_the_last_whole_item(void **state) {
    (void)state;
    enum { COUNT = 400, ITEM_LENGTH = 20 };
    static char texts[COUNT][ITEM_LENGTH + 1];
    const char *items[COUNT];
    for (int i = 0; i < COUNT; i++) {
        snprintf(texts[i], sizeof(texts[i]), "2001:db8::%04x:%05d", i, i);
        items[i] = texts[i];
    }
    for (int shift = 0; shift < 2 * ITEM_LENGTH; shift++) {
        char *text = repeated("x", (size_t)shift);
        log_write(LOG_LEVEL_INFO, text, FIELDS(log_texts("ips", items, COUNT)));
        test_free(text);
        json_t *message = taken_message();
        assert_true(strlen(line) > LINE_SIZE * 7 / 8);
        json_t *array = json_object_get(message, "ips");
        for (size_t i = 0; i < json_array_size(array); i++)
            assert_string_equal(json_string_value(json_array_get(array, i)), items[i]);
        assert_tail_present(message);
        json_decref(message);
    }
}

static void any_number_of_long_fields_stays_one_valid_line(void **state) {
    (void)state;
    enum { COUNT = 60 };
    static char names[COUNT][16];
    struct log_field fields[COUNT];
    char *text = repeated("long ", 200);
    const char *items[] = {text, text, text};
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "field%d", i);
        fields[i] = i % 4 == 0   ? log_number(names[i], INT64_MAX)
                    : i % 4 == 1 ? log_texts(names[i], items, 3)
                    : i % 4 == 2 ? log_boolean(names[i], true)
                                 : log_text(names[i], text);
    }
    for (uint32_t count = 0; count <= COUNT; count++) {
        log_write(LOG_LEVEL_WARN, text, fields, count);
        json_t *message = taken_message();
        assert_tail_present(message);
        json_decref(message);
    }
    test_free(text);
}

static void the_time_is_now(void **state) {
    (void)state;
    struct tm broken_down = {0};
    time_t before = time(NULL);
    log_write(LOG_LEVEL_WARN, "m", NULL, 0);
    time_t after = time(NULL);
    json_t *message = taken_message();
    assert_non_null(strptime(text_of(message, "time"), "%Y-%m-%dT%H:%M:%S", &broken_down));
    assert_in_range(timegm(&broken_down), before - 1, after + 1); /* time(2) reads the coarse clock */
    json_decref(message);
}

static void the_time_is_that_of_the_calendar(void **state) {
    (void)state;
    for (time_t day = 1; day < 400 * 366; day += 1 + day % 37) {
        struct tm broken_down;
        char expected[64];
        pretended_time = day * 86400 + day * 7919 % 86400;
        log_write(LOG_LEVEL_WARN, "m", NULL, 0);
        strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.987Z", gmtime_r(&pretended_time, &broken_down));
        pretended_time = 0;
        json_t *message = taken_message();
        assert_string_equal(text_of(message, "time"), expected);
        json_decref(message);
    }
}

static void the_first_and_the_last_day_of_a_year_and_leap_days_are_right(void **state) {
    (void)state;
    const struct {
        time_t time;
        const char *text;
    } cases[] = {
        {68169599, "1972-02-28T23:59:59.987Z"},   {68169600, "1972-02-29T00:00:00.987Z"},
        {951782400, "2000-02-29T00:00:00.987Z"},  {1735689599, "2024-12-31T23:59:59.987Z"},
        {1735689600, "2025-01-01T00:00:00.987Z"}, {2147483648, "2038-01-19T03:14:08.987Z"},
        {4107542399, "2100-02-28T23:59:59.987Z"}, {4107542400, "2100-03-01T00:00:00.987Z"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pretended_time = cases[i].time;
        log_write(LOG_LEVEL_WARN, "m", NULL, 0);
        pretended_time = 0;
        json_t *message = taken_message();
        assert_string_equal(text_of(message, "time"), cases[i].text);
        json_decref(message);
    }
}

static void the_program_keeps_the_name_of_load_time(void **state) {
    (void)state;
    char *name = program_invocation_short_name;
    program_invocation_short_name = "worker process";
    log_write(LOG_LEVEL_WARN, "m", NULL, 0);
    program_invocation_short_name = name;
    json_t *message = taken_message();
    assert_tail_present(message);
    json_decref(message);
}

/** A message with a long text, from a program that had this name at load. */
static json_t *message_of_program(char *program) {
    char *name = program_invocation_short_name;
    char *text = repeated("x", 10000);
    program_invocation_short_name = program;
    log_remember_streams();
    log_write(LOG_LEVEL_WARN, text, NULL, 0);
    program_invocation_short_name = name;
    log_remember_streams();
    test_free(text);
    return taken_message();
}

static void a_long_program_name_is_cut_and_leaves_room_for_the_pid(void **state) {
    (void)state;
    const char *const pieces[] = {"x", "\x02"};
    const size_t lengths[] = {255, 60};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        char *program = repeated(pieces[i], 5000);
        json_t *message = message_of_program(program);
        assert_begins_with(program, text_of(message, "program"));
        assert_in_range(strlen(text_of(message, "program")), lengths[i], 255);
        assert_true(json_integer_value(json_object_get(message, "pid")) == getpid());
        json_decref(message);
        test_free(program);
    }
}

static void messages_below_the_level_are_not_written(void **state) {
    (void)state;
    for (int least = LOG_LEVEL_DEBUG; least <= LOG_LEVEL_NONE; least++) {
        log_configure((enum log_level)least, path);
        for (int level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_NONE; level++) {
            bool expected = level >= least && level != LOG_LEVEL_NONE;
            assert_int_equal(log_enabled((enum log_level)level), expected);
            log_write((enum log_level)level, "m", NULL, 0);
            assert_int_equal(take_lines() > 0, expected);
        }
    }
    log_configure(LOG_LEVEL_DEBUG, path);
}

static void levels_are_read_in_any_case(void **state) {
    (void)state;
    const struct {
        const char *text;
        enum log_level level;
    } cases[] = {{"debug", LOG_LEVEL_DEBUG},
                 {"INFO", LOG_LEVEL_INFO},
                 {"Warn", LOG_LEVEL_WARN},
                 {"eRRoR", LOG_LEVEL_ERROR},
                 {"NONE", LOG_LEVEL_NONE}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum log_level level = LOG_LEVEL_NONE;
        assert_true(log_level_parse(cases[i].text, &level));
        assert_int_equal(level, cases[i].level);
    }
}

static void what_is_no_level_is_refused_and_changes_nothing(void **state) {
    (void)state;
    const char *texts[] = {"", "warning", "war", "warn ", " warn", "w\x01rn", "4", "[\\]", "debug\n", "\xC4\xB0nfo"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        enum log_level level = LOG_LEVEL_ERROR;
        assert_false(log_level_parse(texts[i], &level));
        assert_int_equal(level, LOG_LEVEL_ERROR);
    }
}

static void *write_messages(void *name) {
    for (int i = 0; i < 50; i++)
        log_write(LOG_LEVEL_WARN, name, FIELDS(log_number("number", i)));
    return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state) {
    (void)state;
    enum { THREADS = 4 };
    static char names[THREADS][8];
    pthread_t threads[THREADS];
    int counts[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        snprintf(names[i], sizeof(names[i]), "%d", i);
        pthread_create(&threads[i], NULL, write_messages, names[i]);
    }
    for (int i = 0; i < 50; i++)
        log_configure(i % 2 == 0 ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, path);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    take_lines();
    for (char *rest = line, *one; (one = strsep(&rest, "\n")) != NULL && *one != '\0';) {
        json_t *message = json_loads(one, 0, NULL);
        assert_non_null(message);
        int thread = atoi(text_of(message, "msg"));
        assert_true(json_integer_value(json_object_get(message, "number")) == counts[thread]++);
        json_decref(message);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(counts[i], 50);
    log_configure(LOG_LEVEL_DEBUG, path);
}

static void the_level_is_warn_and_the_destination_stderr_until_configured(void **state) {
    (void)state;
    int ends[2];
    int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    dup2(ends[1], STDERR_FILENO);
    log_remember_streams();
    log_write(LOG_LEVEL_INFO, "quiet", NULL, 0);
    log_write(LOG_LEVEL_WARN, "told", NULL, 0);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    ssize_t size = read(ends[0], line, sizeof(line) - 1);
    close(ends[0]);
    assert_true(size > 0);
    line[size] = '\0';
    assert_begins_with(line, "{\"level\":\"warn\",\"msg\":\"told\",");
}

static int create_log(void **state) {
    (void)state;
    int file = mkstemp(path);
    close(file);
    log_remember_streams();
    log_configure(LOG_LEVEL_DEBUG, path);
    return file == -1;
}

static int remove_log(void **state) {
    (void)state;
    return unlink(path);
}

int main(void) {
    const struct CMUnitTest before_configuration[] = {
        cmocka_unit_test(the_level_is_warn_and_the_destination_stderr_until_configured),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(level_and_message_come_first_then_the_fields_then_time_program_and_pid),
        cmocka_unit_test(a_message_needs_no_fields),
        cmocka_unit_test(a_text_that_is_null_is_left_out_and_an_empty_array_is_not),
        cmocka_unit_test(hostile_text_is_escaped),
        cmocka_unit_test(a_text_of_10000_octets_is_cut_and_all_other_fields_still_come),
        cmocka_unit_test(a_cut_falls_between_characters_wherever_they_stand),
        cmocka_unit_test(a_long_message_leaves_room_for_the_fields),
        cmocka_unit_test(an_array_that_does_not_fit_ends_with_the_last_whole_item),
        cmocka_unit_test(any_number_of_long_fields_stays_one_valid_line),
        cmocka_unit_test(the_time_is_now),
        cmocka_unit_test(the_time_is_that_of_the_calendar),
        cmocka_unit_test(the_first_and_the_last_day_of_a_year_and_leap_days_are_right),
        cmocka_unit_test(the_program_keeps_the_name_of_load_time),
        cmocka_unit_test(a_long_program_name_is_cut_and_leaves_room_for_the_pid),
        cmocka_unit_test(messages_below_the_level_are_not_written),
        cmocka_unit_test(levels_are_read_in_any_case),
        cmocka_unit_test(what_is_no_level_is_refused_and_changes_nothing),
        cmocka_unit_test(lines_of_several_threads_do_not_mix),
    };
    int failures = cmocka_run_group_tests(before_configuration, NULL, NULL);
    return failures + cmocka_run_group_tests(tests, create_log, remove_log);
}
