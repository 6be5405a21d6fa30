#include <stdlib.h>

#include "test_config.h"

/* Without memory there is no configuration, and nothing else happens. */

#ifdef UNDER_SANITIZER

static void without_memory_there_is_no_configuration(void **state) {
    (void)state;
    print_message("left out: the sanitizer has its own malloc\n");
    skip();
}

#else

void *__libc_malloc(size_t size);

/* This program's own calloc: large pieces, which only the configuration's memory takes, can be denied. */
enum { LARGE = 4096 };
static int given, allowed;

void *calloc(size_t count, size_t size) {
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total) || (total >= LARGE && given++ >= allowed))
        return NULL;
    void *memory = __libc_malloc(total);
    if (memory != NULL)
        memset(memory, 0, total);
    return memory;
}

/* And its malloc, of which the parser's scanner takes all its memory. */
static bool scarce;
static int pieces_given, pieces_allowed;

void *malloc(size_t size) {
    return scarce && pieces_given++ >= pieces_allowed ? NULL : __libc_malloc(size);
}

static char *large_configuration(void) {
    static const char rest[] = ", { name = \"*.b\"; addresses = [ \"192.0.2.1\" ]; cache = { mode = \"ttl\"; };\n"
                               "reject = [ \"10.0.0.0/8\", \"cloudflare\" ]; } );\n"
                               "answers = { accept = [ \"::/0\" ]; }; log = { file = \"/x\"; };\n"
                               "programs = { include = [ \"*\" ]; }; metrics = { directory = \"/x\"; };";
    char *text = malloc(1 << 20);
    assert_non_null(text);
    char *end = text + sprintf(text, "hosts = ( \"a.b\"");
    for (int i = 0; i < 3000; i++)
        end += sprintf(end, ", \"host-%d.example.com\"", i);
    strcpy(end, rest);
    return text;
}

static void assert_no_memory_at_any_point(const char *text, size_t errors) {
    struct config *config = NULL;
    for (allowed = 0; config == NULL; allowed++) {
        assert_true(allowed < 1000);
        given = 0;
        config = config_parse_text("test.conf", text, strlen(text));
    }
    assert_true(allowed > 2);
    assert_int_equal(config->error_count, errors);
    assert_int_equal(config->rule_count, errors == 0 ? 3002 : 0);
    assert_string_equal(config->metrics_directory, "/x");
    config_free(config);
    allowed = 1 << 20;
}

static void without_memory_there_is_no_configuration(void **state) {
    (void)state;
    allowed = 1 << 20;
    char *text = large_configuration();
    assert_no_memory_at_any_point(text, 0);
    strcat(text, "family = \"red\"; colour = 5; query = 3; upstreams = [ \"x\" ];");
    assert_no_memory_at_any_point(text, 4);
    free(text);
}

static void the_parser_without_memory_ends_nothing_but_itself(void **state) {
    (void)state;
    static const char text[] = "hosts = ( \"a.b\", { name = \"*.b\"; addresses = [ \"192.0.2.1\" ]; } );";
    struct config *config = NULL;
    size_t refused = 0;
    if (secure_getenv("RUN_UNDER") != NULL) {
        print_message("left out: what the parser held when its memory ran out is lost, as valgrind would say\n");
        skip();
    }
    allowed = 1 << 20;
    for (pieces_allowed = 1; config == NULL || config->error_count > 0; pieces_allowed++) { /* the first is our copy */
        assert_true(pieces_allowed < 1000);
        config_free(config);
        pieces_given = 0;
        scarce = true;
        config = config_parse_text("test.conf", text, strlen(text));
        scarce = false;
        refused += config == NULL;
    }
    assert_true(refused > 2);
    assert_int_equal(config->rule_count, 2);
    config_free(config);
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_there_is_no_configuration),
#ifndef UNDER_SANITIZER
        cmocka_unit_test(the_parser_without_memory_ends_nothing_but_itself),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
