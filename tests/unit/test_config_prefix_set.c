/* Sets of prefixes in the user's own files: what is read when they are loaded, and what can be wrong with them. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"
#include "test_config.h"

static char directory[] = "/tmp/originbypass-set-XXXXXX";
static char file[64], set[64], other[64];

static int make_directory(void **state) {
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(file, sizeof(file), "%s/conf", directory);
    snprintf(set, sizeof(set), "%s/set", directory);
    snprintf(other, sizeof(other), "%s/other", directory);
    return 0;
}

static int empty_directory(void **state) {
    (void)state;
    unlink(file);
    unlink(set);
    unlink(other);
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    return rmdir(directory);
}

static void write_file(const char *path, const char *text, size_t size) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, size), size);
    close(descriptor);
}

static struct config *parsed(const char *text) {
    struct config_source source;
    write_file(file, text, strlen(text));
    assert_true(config_source_read_file(&source, file));
    struct config *config = config_parse_source(&source);
    config_source_release(&source);
    assert_non_null(config);
    return config;
}

/* The rejected prefixes, one after the other, if `set` has this text. */
static const char *prefixes_of(const char *text) {
    static char all[512];
    char configuration[256];
    write_file(set, text, strlen(text));
    snprintf(configuration, sizeof(configuration), "answers = { reject = [ \"file:%s\" ]; };", set);
    struct config *config = parsed(configuration);
    if (config->error_count > 0)
        fail_msg("refused: %s", config->errors[0].reason);
    all[0] = '\0';
    for (size_t i = 0; i < config->general.reject->count; i++) {
        char prefix[PREFIX_TEXT_SIZE];
        prefix_text(&config->general.reject->entries[i], prefix);
        strncat(all, prefix, sizeof(all) - strlen(all) - 1);
        strncat(all, " ", sizeof(all) - strlen(all) - 1);
    }
    config_free(config);
    return all;
}

static void a_file_has_one_prefix_a_line(void **state) {
    (void)state;
    assert_string_equal(prefixes_of("192.0.2.0/24\n2001:db8::/32\n"), "192.0.2.0/24 2001:db8::/32 ");
    assert_string_equal(prefixes_of("192.0.2.1"), "192.0.2.1/32 ");
    assert_string_equal(prefixes_of("192.0.2.0/24\n192.0.2.0/24\n10.0.0.0/8"), "10.0.0.0/8 192.0.2.0/24 ");
}

static void blanks_and_comments_are_passed_over(void **state) {
    (void)state;
    assert_string_equal(prefixes_of("\n# ours\n \t192.0.2.0/24 \t\r\n\r\n10.0.0.0/8# shop\n#"),
                        "10.0.0.0/8 192.0.2.0/24 ");
}

static void assert_refused_at(const char *at, int line, const char *reason) {
    char configuration[256];
    snprintf(configuration, sizeof(configuration), "answers = {\nreject = [ \"file:%s\" ]; };", set);
    struct config *config = parsed(configuration);
    assert_int_equal(config->error_count, 1);
    const struct config_error *error = &config->errors[0];
    if (strcmp(error->file, at) != 0 || error->line != line || strstr(error->reason, reason) == NULL)
        fail_msg("expected %s:%d: %s\n     got %s:%d: %s", at, line, reason, error->file, error->line, error->reason);
    config_free(config);
}

static void assert_set_refused(const char *text, size_t size, int line, const char *reason) {
    write_file(set, text, size);
    assert_refused_at(set, line, reason);
}

#define ASSERT_SET_REFUSED(text, line, reason) assert_set_refused(text, sizeof(text) - 1, line, reason)

static void a_line_that_is_no_prefix_is_told_with_file_and_line(void **state) {
    (void)state;
    ASSERT_SET_REFUSED("192.0.2.0/24\n\nprivate\n192.0.2.3/8\n", 3, "\"private\" is neither a prefix");
    ASSERT_SET_REFUSED("192.0.2.1/24", 1, "\"192.0.2.1/24\" has bits set after its length: expected 192.0.2.0/24");
    ASSERT_SET_REFUSED("::/129\n", 1, "has a bad length after the slash: expected 0 to 128");
    ASSERT_SET_REFUSED("192.0.2.0/24 192.0.3.0/24\n", 1, "192.0.2.0/24 192.0.3.0/24\"");
    ASSERT_SET_REFUSED("192.0.2.0/24\n192.0.2\0.0/24\n", 2, "\"192.0.2\\x00.0/24\"");
    ASSERT_SET_REFUSED("192.0.2.0/24\n\xff\xfe\n", 2, "\"\\xff\\xfe\"");
}

static void a_file_without_a_prefix_is_refused(void **state) {
    (void)state;
    ASSERT_SET_REFUSED("", 0, "the file has no prefix: expected one on each line");
    ASSERT_SET_REFUSED("# none yet\n\n", 0, "the file has no prefix");
}

static void a_file_that_can_not_be_read_is_told_with_the_line_that_names_it(void **state) {
    (void)state;
    assert_refused_at(file, 2, "cannot be used: the file does not exist");
    assert_int_equal(mkfifo(set, 0600), 0);
    assert_refused_at(file, 2, "cannot be used: this is not a regular file");
    unlink(set);
    write_file(set, "", 0);
    assert_int_equal(truncate(set, (off_t)CONFIG_SIZE_MAX + 1), 0);
    assert_refused_at(file, 2, "cannot be used: the file is larger than 16 MiB");
}

static void a_file_is_read_when_the_configuration_is_taken(void **state) {
    (void)state;
    struct config_source source;
    char configuration[256];
    write_file(set, "192.0.2.0/24\n", strlen("192.0.2.0/24\n"));
    snprintf(configuration, sizeof(configuration), "answers = { accept = [ \"file:%s\" ]; };", set);
    write_file(file, configuration, strlen(configuration));
    assert_true(config_source_read_file(&source, file));
    unlink(set);
    struct config *config = config_parse_source(&source);
    config_source_release(&source);
    assert_int_equal(config->error_count, 0);
    assert_int_equal(config->general.accept->count, 1);
    config_free(config);
}

static void a_text_without_its_files_reads_none(void **state) {
    (void)state;
    static const struct bad_text table[] = {
        {"answers = { reject = [ \"file:/etc/passwd\" ]; };", 1, "\"file:/etc/passwd\" was not read"},
    };
    ASSERT_ALL_REFUSED(table);
}

static void what_is_only_a_comment_is_not_read(void **state) {
    (void)state;
    struct config_source source;
    char configuration[256];
    write_file(set, "192.0.2.0/24\n", strlen("192.0.2.0/24\n"));
    snprintf(configuration, sizeof(configuration), "# reject = [ \"file:%s\" ]\n", set);
    write_file(file, configuration, strlen(configuration));
    assert_true(config_source_read_file(&source, file));
    assert_null(source.set_files);
    config_source_release(&source);
}

static void hosts_and_lists_may_share_a_file(void **state) {
    (void)state;
    char configuration[512];
    write_file(set, "192.0.2.0/24\n", strlen("192.0.2.0/24\n"));
    write_file(other, "192.0.2.128/25\n", strlen("192.0.2.128/25\n"));
    snprintf(configuration, sizeof(configuration),
             "answers = { reject = [ \"file:%s\" ]; accept = [ \"file:%s\" ]; };\n"
             "hosts = ( { name = \"a.b\"; accept = [ ]; reject = [ \"file:%s\", \"file:%s\" ]; } );",
             set, other, set, other);
    struct config *config = parsed(configuration);
    assert_int_equal(config->error_count, 0);
    assert_int_equal(config->general.reject->count, 1);
    assert_int_equal(config->rules[0].settings->reject->count, 2);
    assert_string_equal(config->general.accept->entries[0].set + strlen("file:"), other);
    config_free(config);
}

static void in_secure_mode_anybodys_file_is_refused(void **state) {
    (void)state;
    char text[128];
    write_file(set, "192.0.2.0/24\n", strlen("192.0.2.0/24\n"));
    assert_int_equal(chmod(set, 0666), 0);
    snprintf(text, sizeof(text), "answers = { reject = [ \"file:%s\" ]; };\n", set);
    struct config_set_file *taken = config_set_files_read(text, strlen(text), CONFIG_TRUST_ROOT);
    assert_non_null(strstr(config_set_files_find(taken, set)->fault, "root owns it"));
    config_set_files_release(taken);
}

static void no_more_than_64_files_are_taken(void **state) {
    (void)state;
    char text[8192] = "answers = { reject = [ ";
    size_t count = 0;
    for (int i = 0; i < 70; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\"file:%s/missing%d\"", i == 0 ? "" : ", ",
                 directory, i);
    strncat(text, " ]; };\n", sizeof(text) - strlen(text) - 1);
    struct config_set_file *taken = config_set_files_read(text, strlen(text), CONFIG_TRUST_ALL);
    for (const struct config_set_file *one = taken; one != NULL; one = one->next)
        count++;
    assert_int_equal(count, CONFIG_SET_FILES_MAX);
    config_set_files_release(taken);
}

int main(void) {
#define TEST(function) cmocka_unit_test_teardown(function, empty_directory)
    const struct CMUnitTest tests[] = {
        TEST(a_file_has_one_prefix_a_line),
        TEST(blanks_and_comments_are_passed_over),
        TEST(a_line_that_is_no_prefix_is_told_with_file_and_line),
        TEST(a_file_without_a_prefix_is_refused),
        TEST(a_file_that_can_not_be_read_is_told_with_the_line_that_names_it),
        TEST(a_file_is_read_when_the_configuration_is_taken),
        TEST(a_text_without_its_files_reads_none),
        TEST(what_is_only_a_comment_is_not_read),
        TEST(hosts_and_lists_may_share_a_file),
        TEST(in_secure_mode_anybodys_file_is_refused),
        TEST(no_more_than_64_files_are_taken),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
