#include <libconfig.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test_config.h"

#include "originbypass/config/parse.h"
#include "originbypass/config/tame_libconfig.h"

/* Without memory there is no configuration, and nothing else happens to the program. */

#ifdef UNDER_SANITIZER

static void without_memory_there_is_no_configuration(void **state) {
    (void)state;
    print_message("left out: the sanitizer has its own malloc\n");
    skip();
}

#else

void *__libc_malloc(size_t size);

/* This program's own calloc can refuse large pieces. Only the configuration's memory asks for such pieces. */
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
    if (is_under_valgrind()) {
        print_message("left out: valgrind has its own malloc\n");
        skip();
    }
    allowed = 1 << 20;
    char *text = large_configuration();
    assert_no_memory_at_any_point(text, 0);
    strcat(text, "family = \"red\"; colour = 5; query = 3; upstreams = [ \"x\" ];");
    assert_no_memory_at_any_point(text, 4);
    free(text);
}

#endif

/* ---- libconfig's own memory ---- */

/* This program's own mmap can refuse to map. */
static bool is_mapping_denied;

void *mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset) {
    if (is_mapping_denied)
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, size, protection, flags, descriptor, offset); // NOLINT
}

static void where_none_can_be_mapped_there_is_no_configuration(void **state) {
    (void)state;
    static const char text[] = "hosts = ( \"a.b\" );";
    is_mapping_denied = true;
    struct config *config = config_parse_text("test.conf", text, strlen(text));
    is_mapping_denied = false;
    assert_null(config);
    config_free(parse_good(text));
}

struct attempt {
    const char *text;
    locale_t during;
    int read;
};

static void read_with_libconfig(void *context) {
    struct attempt *attempt = context;
    config_t config;
    config_init(&config);
    attempt->read = config_read_string(&config, attempt->text);
    attempt->during = uselocale((locale_t)0);
}

/* Wherever the parser runs out of memory, nothing of the thread is changed, and the next call works. */
static void the_parser_without_memory_ends_nothing_but_itself(void **state) {
    (void)state;
    static const char good[] = "hosts = ( \"a.b\", { name = \"*.b\"; addresses = [ \"192.0.2.1\" ]; }, 1.5, 7, true );";
    static const char bad[] = "hosts = ( \"a.b\", { name = ( ; ) ;";
    locale_t own = newlocale(LC_ALL_MASK, "C", (locale_t)0), before = uselocale(own);
    struct attempt attempts[] = {{good, 0, 0}, {bad, 0, 0}};
    size_t left = 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t size = 0; !tame_call(read_with_libconfig, &attempts[i], size); size += 16) {
            assert_true(size < 1 << 20);
            assert_ptr_equal(uselocale((locale_t)0), own);
            left++;
        }
    assert_true(left > 200);
    assert_true(attempts[0].read);
    assert_false(attempts[1].read);
    assert_ptr_equal(attempts[0].during, own);
    uselocale(before);
    freelocale(own);
}

/* A text with a list of this many numbered pieces. */
static char *list_of(const char *piece, int count) {
    char *text = malloc((size_t)count * (strlen(piece) + 8) + 64);
    assert_non_null(text);
    char *end = text + sprintf(text, "hosts = (");
    for (int i = 0; i < count; i++) {
        end += sprintf(end, i == 0 ? " " : ", ");
        end += sprintf(end, piece, i); // NOLINT(clang-diagnostic-format-nonliteral)
    }
    strcpy(end, " );");
    return text;
}

/* A configuration may be rejected for its content, but never for its shape. */
static void its_memory_is_enough_for_whatever_is_configured(void **state) {
    (void)state;
    static const char long_name[] =
        "{ a_very_long_name_of_some_setting_that_is_just_longer_than_sixty_four_octets = 1; }";
    static const char *const pieces[] = {"%d",
                                         "\"x\"",
                                         "( )",
                                         "[ ]",
                                         "{ }",
                                         "[ 1 ]",
                                         "(((( ))))",
                                         "{ a = 1; }",
                                         "{ a = { b = { }; }; }",
                                         "( { } )",
                                         "\"host-%d.example\"",
                                         long_name};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
        for (int count = 1; count <= 100000; count *= 10) {
            char *text = list_of(pieces[i], count);
            config_free(parse(text));
            free(text);
        }
}

/* One string of several megabytes, and one that consists of escapes. */
static void its_memory_is_enough_for_long_strings(void **state) {
    (void)state;
    enum { LENGTH = 9 << 20 };
    for (int i = 0; i < 2; i++) {
        char *text = malloc(LENGTH + 64), *end = text + sprintf(text, "hosts = ( \"");
        memset(end, i == 0 ? 'x' : '\\', LENGTH);
        strcpy(end + LENGTH, "\" );");
        config_free(parse(text));
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_there_is_no_configuration),
        cmocka_unit_test(where_none_can_be_mapped_there_is_no_configuration),
        cmocka_unit_test(the_parser_without_memory_ends_nothing_but_itself),
        cmocka_unit_test(its_memory_is_enough_for_whatever_is_configured),
        cmocka_unit_test(its_memory_is_enough_for_long_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
