#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/param.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_config.h"

/* A file with any octets is either rejected or read, and has no other effect on the program. */

static void what_libconfig_cannot_take_is_refused_with_its_line(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"family = \"any\";\n@include \"/etc/passwd\"\n", 2, "@include is not supported"},
        {"  \t@include   \"x\"", 1, "@include is not supported"},
        {"/* a comment\n */ @include \"x\"", 2, "@include is not supported"},
        {"family = @include \"x\";", 1, "@include is not supported"},
        {"family = \"any\n;\n", 1, "the string that begins here has no end"},
        {"\nfamily = \"any\\\";\n", 2, "the string that begins here has no end"},
        {"family = \"any\";\n /* no more\n\n", 2, "the comment that begins here has no end"},
        {"/*/", 1, "the comment that begins here has no end"},
        {"hosts = (\n\"a.b\",\n(", 3, "the \"(\" of this line is not closed"},
        {"hosts = (\n\"a.b\"\n", 1, "the \"(\" of this line is not closed"},
        {"hosts = ( \"a.b\" ];", 1, "\"]\" does not close the \"(\" of line 1"},
        {"query = {\n\n);", 3, "\")\" does not close the \"{\" of line 1"},
        {"query = { };\n}", 2, "there is no open bracket for this \"}\""},
        {"hosts = (\n\"a\\x00.b\" );", 2, "\"a\\x00.b\" contains a NUL byte"},
        {"hosts = ( \"\\\\\\X00\" );", 1, "contains a NUL byte"},
    };
    ASSERT_ALL_REFUSED(table);
}

static void what_only_looks_like_it_is_read(void **state) {
    (void)state;
    static const char *const texts[] = {
        "# @include \"x\"\n",
        "// @include \"x\"\n",
        "/*\n@include \"x\"\n*/",
        "metrics = { directory = \"/\n@include \"; };",
        "# \" and ( and /*\nfamily = \"any\";",
        "metrics = { directory = \"/((((((((((((((((((((((((\"; };",
        "metrics = { directory = \"/# // /* */\"; };",
        "metrics = { directory = \"/\\\" \\\\\"; };",
        "metrics = { directory = \"/\\\\x00\"; };",
        "/**/family/***/=/* * / */\"any\"/**/",
        "family = \"any\" # at the end, without a newline",
        "family = \"any\" // likewise",
        "family : \"any\", fallback : \"libc\"",
        "\r\nfamily\r\n=\r\n\"any\"\r\n;\f\t",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        config_free(parse_good(texts[i]));
}

/* The character, the blank or the quote that a person does not see. */
static void a_syntax_error_names_its_probable_cause(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"hosts = ( \"a.b\",\n);", 2, "expected a value, found \")\": remove the comma before it"},
        {"upstreams = [ \"9.9.9.9\", ];", 1, "expected a value, found \"]\": remove the comma before it"},
        {"hosts = ( \"a.b\"; \"b.b\" );", 1,
         "expected a comma or \")\", found \";\": the values of a list are separated by commas"},
        {"family = \xe2\x80\x9c"
         "any\xe2\x80\x9d;",
         1, ": this is a curly quote; use \" instead"},
        {"family = \xe2\x80\x98"
         "any\xe2\x80\x99;",
         1, ": this is a curly quote; use \" instead"},
        {"\nfamily = \"any\xe2\x80\x9d;\n", 2, "the string that begins here has no end: this is a curly quote"},
        {"family = 'any';", 1, "expected a value, found \"'any';\": single quotes do not work here; use \""},
        {"hosts = ( \"a.b\"\xef\xbc\x8c \"b.b\" );", 1, ": this is not an ASCII comma; use , instead"},
        {"family\xc2\xa0= \"any\";", 1, ": this is a no-break space (U+00A0)"},
        {"family = \"any\";\xe2\x80\x8b\n", 1, ": this is an invisible character (U+200B); delete it"},
        {"family = \"any\";\n\xef\xbb\xbf", 2, "U+FEFF"},
        {"hosts = ( \"a.b,\n\"b.b\" );", 2,
         "found \"b.b\": the string before it spans several lines, so its closing quote is probably missing"},
        {"family: any", 1, "expected a value, found \"any\": text needs double quotes"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_refused(&table[i]);
}

/*
 * For these errors, each libconfig has its own wording and line, and some versions read what others reject. So the
 * wording is ours.
 */
static void a_syntax_error_says_what_was_found_and_expected(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"this is no configuration\n", 1, "expected \"=\" after the name of a setting, found \"is\""},
        {"family \"any\";", 1, "expected \"=\" after the name of a setting, found \"any\""},
        {"family\n", 1, "expected \"=\" after the name of a setting, found the end of the file"},
        {"\"any\"", 1, "expected a setting, as in NAME = VALUE, found \"any\""},
        {"5 = 6;", 1, "expected a setting, as in NAME = VALUE, found \"5\""},
        {"family = \"any\";;", 1, "expected a setting, as in NAME = VALUE, found \";\""},
        {"{ family = \"any\"; }", 1, "expected a setting, as in NAME = VALUE, found \"{\""},
        {"query = { \"x\" };", 1, "expected a setting, as in NAME = VALUE, found \"x\""},
        {"query = { hedge_ms = 1, \"x\" };", 1, "expected a setting, as in NAME = VALUE, found \"x\""},
        {"query = { hedge_ms = 1 ) };", 1, "\")\" does not close the \"{\" of line 1"},
        {"family = \"any\";\n\n  fallback = ;\n", 3, "expected a value, found \";\""},
        {"family = \"any\";\nfallback =\n\n\n", 2, "expected a value, found the end of the file"},
        {"query = { hedge_ms = };", 1, "expected a value, found \"}\""},
        {"query = { hedge_ms };", 1, "expected \"=\" after the name of a setting, found \"}\""},
        {"family = = \"any\";", 1, "expected a value, found \"=\""},
        {"family = any;", 1, "expected a value, found \"any\": text needs double quotes"},
        {"hosts = (\ncdn.example.com );", 2, "expected a value, found \"cdn.example.com\": text needs double quotes"},
        {"family = \"any\" \"all\";", 1, "expected \";\", found \"all\""},
        {"family = \"any\" ( );", 1, "expected \";\", found \"(\""},
        {"hosts = (\n\"a.b\"\n\"b.b\" );", 3, "expected a comma or \")\", found \"b.b\""},
        {"hosts = (\n\"a.b\"\nfamily = \"any\";", 3, "expected a comma or \")\", found \"family\""},
        {"hosts = (\n\"a.b\";\n", 2, "expected a comma or \")\", found \";\""},
        {"hosts = [ \"a.b\" = ];", 1, "expected a comma or \"]\", found \"=\""},
        {"hosts = ( 1 \"x\" );", 1, "expected a comma or \")\", found \"x\""},
        {"hosts = ( , \"a.b\" );", 1, "expected a value, found \",\""},
        {"hosts = ( \"a.b\",, \"b.b\" );", 1, "expected a value, found \",\""},
        {"hosts = [ \"a.b\", ];", 1, "expected a value, found \"]\""},
        {"hosts = (\n\"a.b\",\n@ );", 3, "expected a value, found \"@\""},
        {"hosts = ( \xe2\x80\x9c"
         "a.b\xe2\x80\x9d );",
         1,
         "expected a value, found \"\\xe2\\x80\\x9c"
         "a.b\\xe2\\x80\\x9d\""},
        {"family = \"any\" % 5;", 1, "expected \";\", found \"%\""},
        {"\xef\xbb\xbf"
         "family = \"any\";",
         1, "a byte order mark (U+FEFF): save the file as UTF-8 without one"},
        {"_family = \"any\";", 1, "\"_family\" is not the name of a setting: expected letters, digits"},
        {"cache.mode = \"ttl\";", 1, "\"cache.mode\" is not the name of a setting"},
        {"a+b = 1;", 1, "\"a+b\" is not the name of a setting"},
        {"upstreams = [ \"9.9.9.9\",\n5 ];", 2,
         "\"5\" does not fit into [ ], whose values are all strings, all numbers or all booleans"},
        {"upstreams = [ 5, true ];", 1, "\"true\" does not fit into [ ]"},
        {"upstreams = [ ( ) ];", 1, "\"(\" does not fit into [ ]"},
        {"upstreams = [ \"9.9.9.9\", [ ] ];", 1, "\"[\" does not fit into [ ]"},
        {"family = \"any\";\nfallback = \"libc\";\nfamily = \"any\";", 3, "\"family\" is set twice: first in line 1"},
        {"cache = {\nmode = \"ttl\";\nmode = \"ttl\"; };", 3, "\"mode\" is set twice: first in line 2"},
        {"hosts = ( { name = \"a.b\";\nname = \"b.b\"; } );", 2, "\"name\" is set twice: first in line 1"},
        {"log = { file = \"/\\a\"; };", 1, "\"/\\a\" contains an unknown escape: write a backslash as \\\\"},
        {"log = { file = \"/\\x4\"; };", 1, "contains an unknown escape"},
    };
    ASSERT_ALL_REFUSED(table);
}

/*
 * Some versions of libconfig would reject these numbers, read them as octal or binary, or truncate them silently. So
 * libconfig does not get to see them.
 */
static void a_number_is_what_is_written_whichever_libconfig_reads(void **state) {
    (void)state;
    static const struct {
        const char *text;
        unsigned milliseconds;
    } good[] = {
        {"200", 200},  {"+200", 200},  {"0200", 200}, {"090", 90},
        {"0xC8", 200}, {"0XC8L", 200}, {"200L", 200}, {"200LL", 200},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "query = { hedge_ms = %s; };", good[i].text);
        struct config *config = parse_good(text);
        assert_int_equal(config->general.query.hedge_ms, good[i].milliseconds);
        config_free(config);
    }
    static const char *const bad[] = {
        "0b11",
        "0o17",
        "0q17",
        "08a",
        "0x",
        "1.5",
        "1e2",
        "1e",
        ".5",
        ".",
        "-",
        "+",
        "1-2",
        "0xG",
        "200l",
        "2_000",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999L",
        "0xFFFFFFFFFFFFFFFFFF",
        "1.2.3.4",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[64], reason[64];
        snprintf(text, sizeof(text), "\nquery = { hedge_ms =\n%s; };", bad[i]);
        snprintf(reason, sizeof(reason), "query.hedge_ms is %s: expected a whole number from", bad[i]);
        assert_refused(&(struct bad_text){text, 3, reason});
    }
}

static void numbers_of_all_shapes_are_one_kind(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"upstreams = [ 1, 5000000000, 1L, 0x10, 1.5, 0b1 ];", 1, "upstreams is 1: expected a list of strings"},
        {"upstreams = [ 9.9.9.9 ];", 1, "upstreams is 9.9.9.9: expected a list of strings"},
    };
    ASSERT_ALL_REFUSED(table);
}

/* For the elements of a list, libconfig has no line, or a wrong one. */
static void each_value_has_its_own_line(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"hosts\n=\n(\n\"a.b\",\n(\n)\n)\n;", 5, "a list is not a host"},
        {"hosts = (\n\"a.b\",\n{\n}\n);", 3, "a host has no name"},
        {"hosts = (\n{ name = \"a.b\"; },\n{ name = \"b.b\"; addresses =\n[\n\"x\"\n]; } );", 5, "\"x\" is no"},
        {"query\n=\n5;", 3, "query is 5: expected a group"},
        {"query = {\nhedge_ms\n=\n[\n]; };", 2, "query.hedge_ms is a list"},
        {"/*\n*/ family = # 1\n// 2\n\"x\n\";", 4, "family is \"x\\x0a\""},
    };
    ASSERT_ALL_REFUSED(table);
}

static void an_octet_nul_is_refused(void **state) {
    (void)state;
    static const char text[] = "family = \"any\";\n\n\0fallback = \"never\";";
    struct config *config = config_parse_text("test.conf", text, sizeof(text) - 1);
    assert_int_equal(config->error_count, 1);
    assert_int_equal(config->errors[0].line, 3);
    assert_non_null(strstr(config->errors[0].reason, "a NUL byte"));
    config_free(config);
}

/* `repeated`, `count` times, between `before` and `after`. */
static char *repeat(const char *before, const char *repeated, size_t count, const char *after) {
    size_t length = strlen(repeated);
    char *text = malloc(strlen(before) + count * length + strlen(after) + 1);
    assert_non_null(text);
    char *end = stpcpy(text, before);
    for (size_t i = 0; i < count; i++, end += length)
        memcpy(end, repeated, length);
    strcpy(end, after);
    return text;
}

static void assert_repeated_is_refused(const char *before, const char *repeated, size_t count, const char *after,
                                       int line, const char *reason) {
    char *text = repeat(before, repeated, count, after);
    struct config *config = parse(text);
    assert_int_not_equal(config->error_count, 0);
    if (strstr(config->errors[0].reason, reason) == NULL)
        fail_msg("expected: %s\ngot: %s", reason, config->errors[0].reason);
    assert_int_equal(config->errors[0].line, line);
    config_free(config);
    free(text);
}

static void twenty_thousand_brackets_are_refused(void **state) {
    (void)state;
    static const char reason[] = "brackets are nested more than 16 deep";
    assert_repeated_is_refused("hosts =\n", "(", 20000, "", 2, reason);
    assert_repeated_is_refused("hosts = ", "\n(", 20000, "", 18, reason);
    assert_repeated_is_refused("a = ", "{ a =\n", 20000, "", 17, reason);
    assert_repeated_is_refused("hosts = (", "(\n", 20000, "", 16, reason);
}

static void sixteen_brackets_are_no_syntax_error(void **state) {
    (void)state;
    char *open = repeat("hosts = ", "(", 16, "");
    char *text = repeat(open, ")", 16, ";");
    struct config *config = parse(text);
    assert_int_equal(config->error_count, 1);
    assert_non_null(strstr(config->errors[0].reason, "a list is not a host"));
    config_free(config);
    free(text);
    free(open);
}

static void a_group_has_a_bounded_number_of_settings(void **state) {
    (void)state;
    char text[1024] = "query = {\n";
    for (int i = 0; i < 33; i++)
        sprintf(text + strlen(text), "a%d = 1;\n", i);
    assert_refused(&(struct bad_text){text, 34, "more than 32 settings in one group"});
    assert_refused(&(struct bad_text){text + strlen("query = {\n"), 33, "more than 32 settings in one group"});
}

static void there_is_a_bounded_number_of_values(void **state) {
    (void)state;
    assert_repeated_is_refused("hosts = (\n", "1,", 1 << 20, "1);", 2, "more than 1048576 values");
    assert_repeated_is_refused("hosts = (\n", "{},", 1 << 20, "1);", 2, "more than 1048576 values");
}

static void a_text_of_more_than_16_mebibytes_is_refused(void **state) {
    (void)state;
    size_t limit = (size_t)16 * 1024 * 1024;
    char *text = repeat("", "\n", limit + 1, "");
    struct config *config = config_parse_text("test.conf", text, limit + 1);
    assert_int_equal(config->error_count, 1);
    assert_non_null(strstr(config->errors[0].reason, "16 MiB"));
    config_free(config);
    config = config_parse_text("test.conf", text, limit);
    assert_int_equal(config->error_count, 0);
    config_free(config);
    free(text);
}

static void noise_is_refused(void **state) {
    (void)state;
    uint64_t random = 1;
    for (int round = 0; round < 2000; round++) {
        char text[512];
        for (size_t i = 0; i < sizeof(text); i++) {
            random = random * UINT64_C(6364136223846793005) + 1;
            text[i] = (char)(random >> 56);
        }
        struct config *config = config_parse_text("test.conf", text, sizeof(text));
        assert_non_null(config);
        assert_int_not_equal(config->error_count, 0);
        config_free(config);
    }
}

static const char whole[] = "/* all */ hosts = ( \"a.b\", { name = \"*.b\"; addresses = [ \"192.0.2.1\", \"::1\" ];\n"
                            "reject = [ \"10.0.0.0/8\" ]; cache = { mode = \"ttl\"; }; } ); # hosts\n"
                            "upstreams = [ \"[2001:db8::1]:5\" ]; query = { hedge_ms = 0x10L; };\n"
                            "answers = { accept = ( \"::/0\" ); strict = TRUE; };";

static void no_part_of_a_file_does_harm(void **state) {
    (void)state;
    config_free(parse_good(whole));
    for (size_t size = 0; size < sizeof(whole) - 1; size++) {
        struct config *config = config_parse_text("test.conf", whole, size);
        assert_non_null(config);
        config_free(config);
    }
}

static void no_octet_changed_in_a_file_does_harm(void **state) {
    (void)state;
    static const char octets[] = "\"\\({[]}),;=:#/*@x0\n \0\xff";
    char text[sizeof(whole)];
    for (size_t i = 0; i < sizeof(whole) - 1; i++) {
        for (size_t j = 0; j < sizeof(octets) - 1; j++) {
            memcpy(text, whole, sizeof(whole));
            text[i] = octets[j];
            struct config *config = config_parse_text("test.conf", text, sizeof(text) - 1);
            assert_non_null(config);
            config_free(config);
        }
    }
}

/* libconfig would set the thread's locale to read numbers, and leave the thread with the global locale. */
static void the_threads_locale_is_kept(void **state) {
    (void)state;
    locale_t mine = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    assert_true(mine != (locale_t)0);
    locale_t before = uselocale(mine);
    config_free(parse_good("query = { hedge_ms = 5; };"));
    assert_true(uselocale((locale_t)0) == mine);
    config_free(parse("query = = ;"));
    assert_true(uselocale(before) == mine);
    freelocale(mine);
}

#ifdef UNDER_SANITIZER

static void a_small_stack_is_enough(void **state) {
    (void)state;
    print_message("left out: the sanitizer's own frames do not fit into 32 KiB\n");
    skip();
}

static void too_little_memory_is_noticed(void **state) {
    (void)state;
    print_message("left out: the sanitizer needs more address space than the test allows\n");
    skip();
}

#else

static void *parse_whole(void *context) {
    (void)context;
    return config_parse_text("test.conf", whole, sizeof(whole) - 1);
}

static void a_small_stack_is_enough(void **state) {
    (void)state;
    pthread_attr_t attributes;
    pthread_t thread;
    void *config = NULL;
    pthread_attr_init(&attributes);
    assert_int_equal(pthread_attr_setstacksize(&attributes, MAX((size_t)32 * 1024, (size_t)PTHREAD_STACK_MIN)), 0);
    assert_int_equal(pthread_create(&thread, &attributes, parse_whole, NULL), 0);
    assert_int_equal(pthread_join(thread, &config), 0);
    pthread_attr_destroy(&attributes);
    assert_non_null(config);
    assert_int_equal(((struct config *)config)->error_count, 0);
    config_free(config);
}

static size_t address_space(void) {
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char text[64] = "";
    assert_true(read(file, text, sizeof(text) - 1) > 0);
    close(file);
    size_t pages = strtoul(text, NULL, 10);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Parses in a child, because the limit cannot be removed. Returns the exit status: 0: parsed, 1: no memory. */
static int parse_within(const char *text, size_t bytes) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit limit = {bytes, bytes};
        signal(SIGSEGV, SIG_DFL); /* with cmocka's handler, the child would go on with the next test */
        setrlimit(RLIMIT_AS, &limit);
        _exit(config_parse_text("test.conf", text, strlen(text)) == NULL);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void too_little_memory_is_noticed(void **state) {
    (void)state;
    if (is_under_valgrind()) {
        print_message("left out: valgrind has its own malloc, which knows no limit\n");
        skip();
    }
    if (secure_getenv("FOREIGN") != NULL) {
        print_message("left out: the limit would be qemu's, too\n");
        skip();
    }
    char *text = repeat("hosts = ( \"a.b\"", ",\n\"some-host.example.com\"", 100000, " );");
    bool parsed = false;
    bool refused = false;
    for (size_t more = 0; more < 64; more++) {
        if (parse_within(text, address_space() + more * 1024 * 1024) == 0)
            parsed = true;
        else
            refused = true;
    }
    assert_true(refused);
    assert_true(parsed);
    free(text);
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        /* first, because memory that other tests have freed would be enough for it */
        cmocka_unit_test(too_little_memory_is_noticed),
        cmocka_unit_test(what_libconfig_cannot_take_is_refused_with_its_line),
        cmocka_unit_test(what_only_looks_like_it_is_read),
        cmocka_unit_test(a_syntax_error_says_what_was_found_and_expected),
        cmocka_unit_test(a_syntax_error_names_its_probable_cause),
        cmocka_unit_test(a_number_is_what_is_written_whichever_libconfig_reads),
        cmocka_unit_test(numbers_of_all_shapes_are_one_kind),
        cmocka_unit_test(each_value_has_its_own_line),
        cmocka_unit_test(an_octet_nul_is_refused),
        cmocka_unit_test(twenty_thousand_brackets_are_refused),
        cmocka_unit_test(sixteen_brackets_are_no_syntax_error),
        cmocka_unit_test(a_group_has_a_bounded_number_of_settings),
        cmocka_unit_test(there_is_a_bounded_number_of_values),
        cmocka_unit_test(a_text_of_more_than_16_mebibytes_is_refused),
        cmocka_unit_test(noise_is_refused),
        cmocka_unit_test(no_part_of_a_file_does_harm),
        cmocka_unit_test(no_octet_changed_in_a_file_does_harm),
        cmocka_unit_test(the_threads_locale_is_kept),
        cmocka_unit_test(a_small_stack_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
