#ifndef ORIGINBYPASS_TEST_CONFIG_H
#define ORIGINBYPASS_TEST_CONFIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/config/parse.h"

/* Common parts of the tests of the configuration. */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER
#endif
#endif

static inline bool is_under_valgrind(void) {
    const char *preloaded = secure_getenv("LD_PRELOAD");
    return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

static inline struct config *parse(const char *text) {
    struct config *config = config_parse_text("test.conf", text, strlen(text));
    assert_non_null(config);
    return config;
}

/* Parses a configuration that must be valid. */
static inline struct config *parse_good(const char *text) {
    struct config *config = parse(text);
    if (config->error_count > 0)
        fail_msg("refused: %s\nbecause of line %d: %s", text, config->errors[0].line, config->errors[0].reason);
    return config;
}

/* A text, the line of the first error, and a part of its reason. */
struct bad_text {
    const char *text;
    int line;
    const char *reason;
};

static inline void assert_refused(const struct bad_text *bad) {
    struct config *config = parse(bad->text);
    if (config->error_count == 0)
        fail_msg("accepted: %s", bad->text);
    const struct config_error *error = &config->errors[0];
    if (error->line != bad->line || strstr(error->reason, bad->reason) == NULL)
        fail_msg("%s\nexpected line %d: %s\n     got line %d: %s", bad->text, bad->line, bad->reason, error->line,
                 error->reason);
    assert_string_equal(error->file, "test.conf");
    assert_null(error->variable);
    assert_int_equal(config->rule_count, 0);
    config_free(config);
}

#define ASSERT_ALL_REFUSED(table)                                                                                      \
    for (size_t i = 0; i < sizeof(table) / sizeof((table)[0]); i++)                                                    \
    assert_refused(&(table)[i])

static inline const struct host_rule *find_rule(const struct config *config, const char *name, enum rule_kind kind) {
    for (size_t i = 0; i < config->rule_count; i++) {
        if (config->rules[i].kind == kind && strcmp(config->rules[i].name, name) == 0)
            return &config->rules[i];
    }
    return NULL;
}

static inline void assert_server(const struct server_list *list, size_t position, const char *expected) {
    char text[SERVER_ADDRESS_TEXT_SIZE];
    assert_true(position < list->count);
    server_address_text(&list->servers[position], text);
    assert_string_equal(text, expected);
}

#endif
