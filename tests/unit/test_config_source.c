#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"
#include "test_config.h"

/* The environment and the file: how they are read at load, and which of them takes precedence. */

static char directory[] = "/tmp/originbypass-config-XXXXXX";
static char file[64];
static char missing[64];

static int make_directory(void **state) {
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(file, sizeof(file), "%s/conf", directory);
    snprintf(missing, sizeof(missing), "%s/missing", directory);
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    return rmdir(directory);
}

static int clear_environment(void **state) {
    (void)state;
    unlink(file);
    for (int i = 0; i < CONFIG_VARIABLES; i++)
        unsetenv(config_variable_name((enum config_variable)i));
    return 0;
}

static void write_file(const char *text) {
    int descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
    close(descriptor);
}

/* Read and parse, with `file` as the default file. NULL: there is no configuration. */
static struct config *taken(void) {
    struct config_source source;
    if (!config_source_read(&source, file, false))
        return NULL;
    struct config *config = config_parse_source(&source);
    assert_non_null(config);
    config_source_release(&source);
    return config;
}

static struct config *taken_good(void) {
    struct config *config = taken();
    assert_non_null(config);
    if (config->error_count > 0)
        fail_msg("refused: %s", config->errors[0].reason);
    return config;
}

static void assert_variable_refused(const char *variable, const char *value, const char *reason) {
    setenv(variable, value, 1);
    struct config *config = taken();
    assert_non_null(config);
    if (config->error_count == 0)
        fail_msg("accepted: %s=%s", variable, value);
    assert_string_equal(config->errors[0].variable, variable);
    assert_null(config->errors[0].file);
    assert_int_equal(config->errors[0].line, 0);
    assert_int_equal(config->rule_count, 0);
    if (strstr(config->errors[0].reason, reason) == NULL)
        fail_msg("%s=%s\nexpected: %s\n     got: %s", variable, value, reason, config->errors[0].reason);
    config_free(config);
    unsetenv(variable);
}

static void without_file_and_variables_there_is_nothing_to_do(void **state) {
    (void)state;
    assert_null(taken());
}

static void other_variables_alone_are_nothing_to_do(void **state) {
    (void)state;
    setenv("ORIGIN_BYPASS_UPSTREAMS", "9.9.9.9", 1);
    setenv("ORIGIN_BYPASS_LOG_LEVEL", "debug", 1);
    assert_null(taken());
}

static void hosts_come_from_the_environment(void **state) {
    (void)state;
    setenv("ORIGIN_BYPASS_HOSTS", " cdn.example.com,*.Example.net ,\n!keep.example.net\t,, cdn.example.com", 1);
    struct config *config = taken_good();
    assert_int_equal(config->rule_count, 3);
    assert_non_null(find_rule(config, "cdn.example.com", RULE_NAME));
    assert_int_equal(find_rule(config, "example.net", RULE_BELOW)->line, 0);
    assert_true(find_rule(config, "keep.example.net", RULE_NAME)->excluded);
    assert_null(config->file);
    config_free(config);
}

static void hosts_of_the_environment_replace_those_of_the_file(void **state) {
    (void)state;
    write_file("hosts = ( \"a.example.com\", \"!b.example.com\" ); family = \"ipv4\";");
    setenv("ORIGIN_BYPASS_HOSTS", "b.example.com", 1);
    struct config *config = taken_good();
    assert_int_equal(config->rule_count, 1);
    assert_false(find_rule(config, "b.example.com", RULE_NAME)->excluded);
    assert_int_equal(config->general.family, FAMILY_IPV4);
    assert_string_equal(config->file, file);
    config_free(config);
}

/* All variables are set as a compose file, or an env file with Windows line ends, would leave them. */
static void an_empty_variable_is_as_if_it_were_not_set(void **state) {
    (void)state;
    static const char *const nothing[] = {"", "\r", " \t\r\n"};
    write_file("hosts = ( \"a.example.com\" ); upstreams = [ \"9.9.9.9\" ]; metrics = { directory = \"/b\"; };\n"
               "log = { level = \"info\"; file = \"/a\"; };");
    for (size_t word = 0; word < sizeof(nothing) / sizeof(nothing[0]); word++) {
        for (int i = 0; i < CONFIG_VARIABLES; i++)
            setenv(config_variable_name((enum config_variable)i), nothing[word], 1);
        struct config *config = taken_good();
        assert_non_null(find_rule(config, "a.example.com", RULE_NAME));
        assert_string_equal(config->file, file);
        assert_server(config->general.upstreams, 0, "9.9.9.9");
        assert_int_equal(config->log_level, LOG_LEVEL_INFO);
        assert_string_equal(config->log_file, "/a");
        assert_string_equal(config->metrics_directory, "/b");
        config_free(config);
    }
}

static void assert_taken_from_windows(const struct config_source *source) {
    struct config *config = config_parse_source(source);
    assert_non_null(config);
    if (config->error_count > 0)
        fail_msg("refused: %s", config->errors[0].reason);
    assert_int_equal(config->rule_count, 2);
    assert_non_null(find_rule(config, "b.b", RULE_NAME));
    assert_string_equal(config->file, file);
    assert_server(config->general.upstreams, 1, "8.8.4.4");
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    assert_string_equal(config->log_file, "/a");
    assert_string_equal(config->metrics_directory, "/c");
    config_free(config);
}

static void a_carriage_return_at_the_end_of_a_value_is_white_space(void **state) {
    (void)state;
    char named[sizeof(file) + 1];
    struct config_source source, again;
    snprintf(named, sizeof(named), "%s\r", file);
    write_file("hosts = ( \"a.example.com\" );\r\n");
    setenv("ORIGIN_BYPASS_HOSTS", "a.b, b.b\r", 1);
    setenv("ORIGIN_BYPASS_UPSTREAMS", "9.9.9.9 8.8.4.4\r", 1);
    setenv("ORIGIN_BYPASS_CONFIG_FILE", named, 1);
    setenv("ORIGIN_BYPASS_LOG_FILE", "/a\r", 1);
    setenv("ORIGIN_BYPASS_METRICS", "/c \r\n", 1);
    setenv("ORIGIN_BYPASS_DISABLED", "no\r", 1);
    setenv("LOG_LEVEL", "debug\r", 1);
    assert_true(config_source_read(&source, missing, false));
    assert_taken_from_windows(&source);
    assert_true(config_source_read_again(&again, &source, missing, false));
    config_source_release(&source);
    assert_taken_from_windows(&again);
    config_source_release(&again);
    setenv("ORIGIN_BYPASS_DISABLED", "Yes\r", 1);
    assert_false(config_source_read(&source, missing, false));
}

static void upstreams_of_the_environment_replace_the_general_ones(void **state) {
    (void)state;
    write_file("upstreams = [ \"9.9.9.9\" ];\n"
               "hosts = ( \"a.b\", { name = \"b.b\"; strict = true; },\n"
               "          { name = \"c.b\"; upstreams = [ \"203.0.113.53\" ]; } );");
    setenv("ORIGIN_BYPASS_UPSTREAMS", "192.0.2.1:54, [2001:db8::1]:55\n2001:db8::2", 1);
    struct config *config = taken_good();
    assert_int_equal(config->general.upstreams->count, 3);
    assert_server(config->general.upstreams, 0, "192.0.2.1:54");
    assert_server(config->general.upstreams, 1, "[2001:db8::1]:55");
    assert_server(config->general.upstreams, 2, "2001:db8::2");
    assert_server(find_rule(config, "b.b", RULE_NAME)->settings->upstreams, 0, "192.0.2.1:54");
    assert_server(find_rule(config, "c.b", RULE_NAME)->settings->upstreams, 0, "203.0.113.53");
    config_free(config);
}

static void log_and_metrics_of_the_environment_replace_those_of_the_file(void **state) {
    (void)state;
    write_file("log = { level = \"debug\"; file = \"/a\"; }; metrics = { directory = \"/b\"; };");
    setenv("ORIGIN_BYPASS_LOG_LEVEL", "Error", 1);
    setenv("ORIGIN_BYPASS_LOG_FILE", "stderr", 1);
    setenv("ORIGIN_BYPASS_METRICS", "/c", 1);
    struct config *config = taken_good();
    assert_int_equal(config->log_level, LOG_LEVEL_ERROR);
    assert_string_equal(config->log_file, "stderr");
    assert_string_equal(config->metrics_directory, "/c");
    config_free(config);
}

static enum log_level level_taken(void) {
    struct config *config = taken_good();
    enum log_level level = config->log_level;
    config_free(config);
    return level;
}

static void the_plain_log_level_stands_in_for_ours(void **state) {
    (void)state;
    setenv("ORIGIN_BYPASS_HOSTS", "a.b", 1);
    setenv("LOG_LEVEL", "Debug", 1);
    assert_int_equal(level_taken(), LOG_LEVEL_DEBUG);
    setenv("ORIGIN_BYPASS_LOG_LEVEL", "error", 1);
    assert_int_equal(level_taken(), LOG_LEVEL_ERROR);
}

static void a_plain_log_level_of_another_word_is_passed_over(void **state) {
    (void)state;
    setenv("ORIGIN_BYPASS_HOSTS", "a.b", 1);
    setenv("LOG_LEVEL", "verbose", 1);
    assert_int_equal(level_taken(), LOG_LEVEL_WARN);
}

static void a_plain_log_level_counts_only_beside_a_variable_of_ours(void **state) {
    (void)state;
    write_file("hosts = ( \"a.b\" );");
    setenv("LOG_LEVEL", "debug", 1);
    assert_int_equal(level_taken(), LOG_LEVEL_WARN);
    setenv("ORIGIN_BYPASS_METRICS", "", 1);
    assert_int_equal(level_taken(), LOG_LEVEL_WARN);
    setenv("ORIGIN_BYPASS_METRICS", "/c", 1);
    assert_int_equal(level_taken(), LOG_LEVEL_DEBUG);
}

static void bad_variables_are_refused(void **state) {
    (void)state;
    write_file("hosts = ( \"a.b\" );");
    assert_variable_refused("ORIGIN_BYPASS_HOSTS", "a.b ! b.b", "\"!\" names no host");
    assert_variable_refused("ORIGIN_BYPASS_HOSTS", "a.b,!a.b", "\"!a.b\" contradicts an earlier rule");
    assert_variable_refused("ORIGIN_BYPASS_HOSTS", "a;b",
                            "\"a;b\" has a semicolon in it: separate hosts by commas or blanks");
    assert_variable_refused("ORIGIN_BYPASS_UPSTREAMS", ",", "ORIGIN_BYPASS_UPSTREAMS has 0 servers");
    assert_variable_refused("ORIGIN_BYPASS_UPSTREAMS", "8.8.8.8 dns.google", "\"dns.google\" is not an IP address");
    assert_variable_refused("ORIGIN_BYPASS_CONFIG_FILE", "conf", "\"conf\": expected the absolute path of a file");
    assert_variable_refused("ORIGIN_BYPASS_LOG_LEVEL", "loud", "ORIGIN_BYPASS_LOG_LEVEL is \"loud\": expected");
    assert_variable_refused("ORIGIN_BYPASS_LOG_FILE", "o.log", "expected \"stderr\", or the absolute path");
    assert_variable_refused("ORIGIN_BYPASS_METRICS", "run", "expected the absolute path of a directory");
    assert_variable_refused("ORIGIN_BYPASS_DISABLED", "maybe", "ORIGIN_BYPASS_DISABLED is \"maybe\": expected 1, true");
}

static void the_file_is_blamed_for_its_own_hosts(void **state) {
    (void)state;
    write_file("\nhosts = ( \"a..b\" );");
    setenv("ORIGIN_BYPASS_UPSTREAMS", "9.9.9.9", 1);
    struct config *config = taken();
    assert_int_equal(config->error_count, 1);
    assert_string_equal(config->errors[0].file, file);
    assert_int_equal(config->errors[0].line, 2);
    assert_null(config->errors[0].variable);
    config_free(config);
}

static void disabled_is_nothing_to_do(void **state) {
    (void)state;
    static const char *const words[] = {"1", "true", "YES", "On"};
    write_file("hosts = ( \"a.b\" );");
    setenv("ORIGIN_BYPASS_HOSTS", "a.b", 1);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        setenv("ORIGIN_BYPASS_DISABLED", words[i], 1);
        assert_null(taken());
    }
}

static void not_disabled_is_as_if_it_were_not_set(void **state) {
    (void)state;
    static const char *const words[] = {"0", "false", "No", "OFF", ""};
    setenv("ORIGIN_BYPASS_HOSTS", "a.b", 1);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        setenv("ORIGIN_BYPASS_DISABLED", words[i], 1);
        config_free(taken_good());
    }
}

static void what_the_program_does_to_its_environment_later_is_nothing_to_us(void **state) {
    (void)state;
    static char hosts[] = "ORIGIN_BYPASS_HOSTS=a.b";
    putenv(hosts);
    struct config_source source;
    assert_true(config_source_read(&source, file, false));
    memset(hosts + strlen("ORIGIN_BYPASS_HOSTS="), 'x', 3);
    struct config *config = config_parse_source(&source);
    assert_non_null(find_rule(config, "a.b", RULE_NAME));
    config_free(config);
    config_source_release(&source);
}

static void config_take_keeps_it_for_config_parse(void **state) {
    (void)state;
    setenv("ORIGIN_BYPASS_HOSTS", "a.b", 1);
    setenv("ORIGIN_BYPASS_CONFIG_FILE", file, 1);
    write_file("family = \"ipv6\";");
    assert_int_equal(config_load(), CONFIG_AT_LOAD_GIVEN);
    clear_environment(NULL);
    for (int i = 0; i < 2; i++) {
        struct config *config = config_parse();
        assert_int_equal(config->error_count, 0);
        assert_int_equal(config->rule_count, 1);
        assert_int_equal(config->general.family, FAMILY_IPV6);
        config_free(config);
    }
}

static void assert_file_refused(const char *path, const char *reason) {
    struct config_source source;
    int next = dup(0);
    close(next);
    assert_true(config_source_read_file(&source, path));
    int after = dup(0);
    close(after);
    assert_int_equal(after, next); /* no descriptor was left open */
    struct config *config = config_parse_source(&source);
    config_source_release(&source);
    assert_int_equal(config->error_count, 1);
    assert_string_equal(config->errors[0].file, path);
    assert_int_equal(config->errors[0].line, 0);
    if (strstr(config->errors[0].reason, reason) == NULL)
        fail_msg("%s\nexpected: %s\n     got: %s", path, reason, config->errors[0].reason);
    config_free(config);
}

static void a_named_file_must_exist(void **state) {
    (void)state;
    assert_file_refused(missing, "does not exist");
    assert_file_refused("/dev/null/conf", "does not exist");
    setenv("ORIGIN_BYPASS_CONFIG_FILE", missing, 1);
    struct config *config = taken();
    assert_non_null(config);
    assert_string_equal(config->errors[0].file, missing);
    config_free(config);
}

static void what_is_no_regular_file_is_refused(void **state) {
    (void)state;
    assert_file_refused(directory, "this is a directory");
    assert_file_refused("/dev/null", "not a regular file");
    assert_file_refused("/dev/zero", "not a regular file");
    assert_int_equal(mkfifo(file, 0644), 0);
    assert_file_refused(file, "not a regular file");
    unlink(file);
    assert_int_equal(symlink(file, file), 0);
    assert_file_refused(file, "lead in a circle");
}

static void a_file_that_is_longer_than_it_says_is_refused(void **state) {
    (void)state;
    assert_file_refused("/proc/self/status", "changed while it was read");
}

/* Writes until the parent ends this process. */
static _Noreturn void write_again_and_again(void) {
    int descriptor = open(file, O_WRONLY | O_CLOEXEC);
    while (pwrite(descriptor, "\n", 1, 0) == 1)
        usleep(1000);
    _exit(1);
}

static void a_file_that_changes_while_it_is_read_is_refused(void **state) {
    (void)state;
    write_file("");
    assert_int_equal(truncate(file, 16 * 1024 * 1024), 0);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0)
        write_again_and_again();
    bool noticed = false;
    for (int i = 0; i < 500 && !noticed; i++) {
        struct config_source source;
        assert_true(config_source_read_file(&source, file));
        noticed = source.fault != NULL && strstr(source.fault, "changed while it was read") != NULL;
        config_source_release(&source);
    }
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    assert_true(noticed);
}

static void a_file_of_more_than_16_mebibytes_is_refused(void **state) {
    (void)state;
    write_file("");
    assert_int_equal(truncate(file, 16 * 1024 * 1024 + 1), 0);
    assert_file_refused(file, "larger than 16 MiB");
    assert_int_equal(truncate(file, 16 * 1024 * 1024), 0);
    struct config_source source;
    assert_true(config_source_read_file(&source, file));
    assert_null(source.fault);
    assert_int_equal(source.size, 16 * 1024 * 1024);
    config_source_release(&source);
}

/* In a ConfigMap, a file is a symbolic link to a symbolic link. */
static void a_symbolic_link_is_followed(void **state) {
    (void)state;
    char link[80];
    snprintf(link, sizeof(link), "%s/link", directory);
    write_file("hosts = ( \"a.b\" );");
    assert_int_equal(symlink("conf", link), 0);
    struct config_source source;
    assert_true(config_source_read_file(&source, link));
    unlink(link);
    assert_null(source.fault);
    assert_string_equal(source.text, "hosts = ( \"a.b\" );\n");
    assert_int_equal(source.size, 18);
    assert_string_equal(source.file, link);
    config_source_release(&source);
}

static void secure_mode_takes_nothing_from_the_environment(void **state) {
    (void)state;
    setenv("ORIGIN_BYPASS_HOSTS", "a.b", 1);
    write_file("hosts = ( \"b.b\" );");
    setenv("ORIGIN_BYPASS_CONFIG_FILE", file, 1);
    struct config_source source;
    assert_false(config_source_read(&source, missing, true));
    setenv("ORIGIN_BYPASS_DISABLED", "1", 1);
    assert_true(config_source_read(&source, "/proc/self/status", true));
    for (int i = 0; i < CONFIG_VARIABLES; i++)
        assert_null(source.variables[i]);
    config_source_release(&source);
}

/* ---- changes ---- */

static struct config_source source_at_load(void) {
    struct config_source source;
    assert_true(config_source_read(&source, file, false));
    return source;
}

/* Waits until a file that was just written no longer counts as fresh. */
static void let_it_settle(void) {
    struct timespec moment = {.tv_nsec = 400000000};
    nanosleep(&moment, NULL);
}

static void replace_file(const char *text) {
    char other[80], kept[64];
    snprintf(other, sizeof(other), "%s.new", file);
    strcpy(kept, file);
    assert_true(strlen(other) < sizeof(file));
    strcpy(file, other);
    write_file(text);
    strcpy(file, kept);
    assert_int_equal(rename(other, file), 0);
}

static void a_changed_file_is_seen_once_it_is_settled(void **state) {
    (void)state;
    write_file("hosts = ( \"a.b\" );");
    struct config_source source = source_at_load();
    assert_int_equal(config_source_state(&source), CONFIG_SOURCE_CURRENT);
    replace_file("hosts = ( \"b.b\" );");
    assert_int_equal(config_source_state(&source), CONFIG_SOURCE_CHANGING);
    let_it_settle();
    assert_int_equal(config_source_state(&source), CONFIG_SOURCE_CHANGED);
    unlink(file);
    assert_int_equal(config_source_state(&source), CONFIG_SOURCE_CURRENT);
    config_source_release(&source);
}

static void a_file_that_appears_is_seen(void **state) {
    (void)state;
    setenv("ORIGIN_BYPASS_HOSTS", "a.b", 1);
    struct config_source source = source_at_load();
    assert_int_equal(config_source_state(&source), CONFIG_SOURCE_CURRENT);
    write_file("hosts = ( \"b.b\" );");
    let_it_settle();
    assert_int_equal(config_source_state(&source), CONFIG_SOURCE_CHANGED);
    config_source_release(&source);
}

static struct config_source taken_again(const struct config_source *before) {
    struct config_source again;
    assert_true(config_source_read_again(&again, before, file, false));
    return again;
}

static void what_is_taken_again_has_the_variables_of_load(void **state) {
    (void)state;
    write_file("hosts = ( \"a.b\" );");
    setenv("ORIGIN_BYPASS_UPSTREAMS", "192.0.2.1", 1);
    struct config_source source = source_at_load();
    setenv("ORIGIN_BYPASS_UPSTREAMS", "192.0.2.2", 1);
    struct config_source again = taken_again(&source);
    assert_string_equal(again.variables[CONFIG_VARIABLE_UPSTREAMS], "192.0.2.1");
    assert_true(config_source_equals(&again, &source));
    config_source_release(&source);
    assert_string_equal(again.variables[CONFIG_VARIABLE_UPSTREAMS], "192.0.2.1");
    config_source_release(&again);
}

static void another_text_is_another_source(void **state) {
    (void)state;
    write_file("hosts = ( \"a.b\" );");
    struct config_source source = source_at_load();
    write_file("hosts = ( \"a.c\" );");
    struct config_source again = taken_again(&source);
    assert_false(config_source_equals(&again, &source));
    config_source_release(&again);
    config_source_release(&source);
}

static void another_text_of_a_file_of_prefixes_is_another_source(void **state) {
    (void)state;
    char text[256], set[80];
    snprintf(set, sizeof(set), "%s.set", file);
    snprintf(text, sizeof(text), "answers = { reject = [ \"file:%s\" ]; };", set);
    write_file(text);
    struct config_source source = source_at_load();
    struct config_source again = taken_again(&source);
    assert_true(config_source_equals(&again, &source));
    config_source_release(&again);
    int descriptor = open(set, O_WRONLY | O_CREAT, 0644);
    assert_int_equal(write(descriptor, "192.0.2.0/24\n", 13), 13);
    close(descriptor);
    let_it_settle();
    assert_int_equal(config_source_state(&source), CONFIG_SOURCE_CHANGED);
    again = taken_again(&source);
    assert_false(config_source_equals(&again, &source));
    assert_int_equal(config_source_state(&again), CONFIG_SOURCE_CURRENT);
    unlink(set);
    config_source_release(&again);
    config_source_release(&source);
}

static void a_change_counts_only_in_a_file_that_nobody_else_may_write(void **state) {
    (void)state;
    write_file("hosts = ( \"a.b\" );");
    struct config_source source = source_at_load();
    static const mode_t modes[] = {0664, 0646};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(file, modes[i]), 0);
        struct config_source again = taken_again(&source);
        assert_non_null(again.fault);
        assert_null(again.text);
        config_source_release(&again);
    }
    assert_int_equal(chmod(file, 0644), 0);
    struct config_source again = taken_again(&source);
    assert_null(again.fault);
    config_source_release(&again);
    config_source_release(&source);
}

static const char *secure_fault(void) {
    struct config_source source;
    assert_true(config_source_read(&source, file, true));
    const char *fault = source.fault;
    config_source_release(&source);
    return fault;
}

static void in_secure_mode_only_roots_file_counts(void **state) {
    (void)state;
    write_file("hosts = ( \"b.b\" );");
    if (geteuid() != 0) {
        assert_non_null(strstr(secure_fault(), "root owns it"));
        print_message("left out: that root's file does count: we are not root\n");
        return;
    }
    assert_null(secure_fault());
    chmod(file, 0664);
    assert_non_null(strstr(secure_fault(), "nobody else can write to it"));
    chmod(file, 0646);
    assert_non_null(strstr(secure_fault(), "nobody else can write to it"));
    chmod(file, 0644);
    if (chown(file, 1, 0) != 0) {
        print_message("left out: a file of another owner: none can be made here\n");
        return;
    }
    assert_non_null(strstr(secure_fault(), "root owns it"));
}

static void taking_calls_no_malloc(void **state) {
    (void)state;
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33) && !defined(UNDER_SANITIZER)
    write_file("hosts = ( \"b.b\" );");
    setenv("ORIGIN_BYPASS_HOSTS", "a.b", 1);
    struct config_source source;
    size_t before = mallinfo2().uordblks;
    assert_true(config_source_read(&source, file, false));
    assert_int_equal(mallinfo2().uordblks, before);
    config_source_release(&source);
#else
    print_message("left out: neither an older libc nor a sanitizer counts what malloc has given\n");
    skip();
#endif
}

static int status_of_child(int (*work)(void)) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(work());
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int take_as_nobody(void) {
    enum { NOBODY = 65534 };
    struct config_source source;
    if (geteuid() == 0 && setuid(NOBODY) != 0)
        return 2;
    if (!config_source_read_file(&source, file) || source.fault == NULL)
        return 1;
    return strstr(source.fault, "permission denied") == NULL;
}

static void a_file_that_may_not_be_read_is_refused(void **state) {
    (void)state;
    write_file("");
    assert_int_equal(chmod(file, 0), 0);
    int status = status_of_child(take_as_nobody);
    if (status == 2) {
        print_message("left out: root may read any file, and may not become another user here\n");
        skip();
    }
    assert_int_equal(status, 0);
}

static int take_without_descriptors(void) {
    struct config_source source;
    while (dup(0) >= 0)
        ;
    if (!config_source_read_file(&source, file) || source.fault == NULL)
        return 1;
    return strstr(source.fault, "no descriptor is left") == NULL;
}

static void without_a_descriptor_the_file_is_refused(void **state) {
    (void)state;
    write_file("");
    assert_int_equal(status_of_child(take_without_descriptors), 0);
}

static bool are_prefixes_read(const struct config_source *source) {
    return source->set_files != NULL && source->set_files->fault == NULL;
}

static int want_for_descriptors(void) {
    struct config_source source, again;
    int last = dup(0);
    while (dup(0) >= 0)
        ;
    if (!config_source_read_file(&source, file) || source.fault == NULL)
        return 1;
    if (config_source_state(&source) != CONFIG_SOURCE_CHANGED)
        return 2;
    close(last);
    if (!config_source_read_file(&again, file) || again.fault != NULL || !are_prefixes_read(&again))
        return 3;
    return config_source_state(&again) == CONFIG_SOURCE_CURRENT ? 0 : 4;
}

static void what_lacked_a_descriptor_is_read_again_though_nothing_has_changed(void **state) {
    (void)state;
    char text[128];
    snprintf(text, sizeof(text), "answers = { reject = [ \"file:%s\" ]; };", file);
    write_file(text);
    let_it_settle();
    assert_int_equal(status_of_child(want_for_descriptors), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clear_environment, clear_environment)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(without_file_and_variables_there_is_nothing_to_do),
        TEST(other_variables_alone_are_nothing_to_do),
        TEST(hosts_come_from_the_environment),
        TEST(hosts_of_the_environment_replace_those_of_the_file),
        TEST(an_empty_variable_is_as_if_it_were_not_set),
        TEST(a_carriage_return_at_the_end_of_a_value_is_white_space),
        TEST(upstreams_of_the_environment_replace_the_general_ones),
        TEST(log_and_metrics_of_the_environment_replace_those_of_the_file),
        TEST(the_plain_log_level_stands_in_for_ours),
        TEST(a_plain_log_level_of_another_word_is_passed_over),
        TEST(a_plain_log_level_counts_only_beside_a_variable_of_ours),
        TEST(bad_variables_are_refused),
        TEST(the_file_is_blamed_for_its_own_hosts),
        TEST(disabled_is_nothing_to_do),
        TEST(not_disabled_is_as_if_it_were_not_set),
        TEST(what_the_program_does_to_its_environment_later_is_nothing_to_us),
        TEST(config_take_keeps_it_for_config_parse),
        TEST(a_named_file_must_exist),
        TEST(what_is_no_regular_file_is_refused),
        TEST(a_file_that_is_longer_than_it_says_is_refused),
        TEST(a_file_that_changes_while_it_is_read_is_refused),
        TEST(a_file_of_more_than_16_mebibytes_is_refused),
        TEST(a_symbolic_link_is_followed),
        TEST(secure_mode_takes_nothing_from_the_environment),
        TEST(in_secure_mode_only_roots_file_counts),
        TEST(a_changed_file_is_seen_once_it_is_settled),
        TEST(a_file_that_appears_is_seen),
        TEST(what_is_taken_again_has_the_variables_of_load),
        TEST(another_text_is_another_source),
        TEST(another_text_of_a_file_of_prefixes_is_another_source),
        TEST(a_change_counts_only_in_a_file_that_nobody_else_may_write),
        TEST(taking_calls_no_malloc),
        TEST(a_file_that_may_not_be_read_is_refused),
        TEST(what_lacked_a_descriptor_is_read_again_though_nothing_has_changed),
        TEST(without_a_descriptor_the_file_is_refused),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
