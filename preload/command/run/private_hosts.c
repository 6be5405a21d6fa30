#include "originbypass/command/run/private_hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/dns/resolution.h"
#include "originbypass/command/run/hosts_file.h"
#include "originbypass/command/run/namespace.h"
#include "originbypass/config/file.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"

static const char HOSTS[] = "/etc/hosts";

/* The names that have addresses, and the lines of the hosts file for them. */
struct hosts_list {
    const char **names;
    size_t count;
    FILE *lines;
    bool quiet;
};

static void write_host_lines(FILE *lines, const char *name, const struct resolution *found) {
    for (size_t i = 0; i < found->count; i++) {
        char *text = describe_address(&found->addresses[i]);
        fprintf(lines, "%s %s\n", text, name);
        free(text);
    }
}

/*
 * If libc answers, there must be no line: it would fix an answer that the program can ask libc for at any time.
 */
static void add_resolved_name(struct hosts_list *list, const struct host_rule *rule) {
    struct host_case host = {.host = rule->name, .rule = rule, .settings = rule->settings};
    host.is_name = name_fold(&host.name, rule->name);
    struct resolution found = resolution_find(&host, AF_UNSPEC);
    if (found.error == NULL && (found.source == BY_EXTERNAL_DNS || found.source == BY_CONFIGURATION)) {
        list->names[list->count++] = rule->name;
        write_host_lines(list->lines, rule->name, &found);
    } else if (!list->quiet) {
        cli_complain("%s is left out: %s", rule->name,
                     found.source == BY_LIBC ? "libc leads to no edge that external DNS could replace"
                                             : "external DNS has no address for it");
    }
    resolution_free(&found);
}

static void add_rule_name(struct hosts_list *list, const struct host_rule *rule) {
    if (rule->excluded)
        return;
    if (rule->kind == RULE_NAME)
        add_resolved_name(list, rule);
    else if (!list->quiet)
        cli_complain("*%s%s is left out: a hosts file knows no wildcards", rule->kind == RULE_BELOW ? "." : "",
                     rule->name);
}

static bool write_machines_own(const struct hosts_list *list) {
    struct config_file opened;
    const char *fault = config_file_open(HOSTS, CONFIG_TRUST_ALL, &opened);
    char *text = fault == NULL ? memory_zeroed(config_file_size(&opened) + 2, 1) : NULL;
    if (fault == NULL)
        fault = config_file_read(&opened, text);
    if (fault == NULL)
        hosts_file_write_without(list->lines, text, config_file_size(&opened), list->names, list->count);
    else
        cli_complain("%s: %s", HOSTS, fault);
    free(text);
    config_file_close(&opened);
    return fault == NULL;
}

static bool list_names(struct hosts_list *list, const struct config *config) {
    list->names = memory_zeroed(config->rule_count, sizeof(*list->names));
    fputs("# originbypass: names of its host rules, as they were when the program was started\n", list->lines);
    for (size_t i = 0; i < config->rule_count; i++)
        add_rule_name(list, &config->rules[i]);
    if (list->count > 0)
        return write_machines_own(list);
    cli_complain("none of the names given has an address that a hosts file could tell");
    return false;
}

static bool cover_with_names(const struct config *config, bool quiet) {
    char *text = NULL;
    size_t size = 0;
    struct hosts_list list = {.lines = memory_checked(open_memstream(&text, &size)), .quiet = quiet};
    bool listed = list_names(&list, config);
    fclose(list.lines);
    bool covered = listed && namespace_cover(HOSTS, memory_checked(text), size);
    free(text);
    free(list.names);
    return covered;
}

static void complain_of_errors(const struct config *config) {
    for (size_t i = 0; i < config->error_count; i++) {
        const struct config_error *error = &config->errors[i];
        if (error->variable != NULL)
            cli_complain("%s: %s", error->variable, error->reason);
        else
            cli_complain("%s:%d: %s", error->file, error->line, error->reason);
    }
}

bool private_hosts_enter(bool quiet) {
    struct config_source source;
    if (!namespace_enter())
        return false;
    if (!config_source_read(&source, CONFIG_DEFAULT_FILE, false)) {
        cli_complain("there are no host rules: ORIGIN_BYPASS_DISABLED is set");
        return false;
    }
    struct config *config = memory_checked(config_parse_source(&source));
    complain_of_errors(config);
    bool entered = config->error_count == 0 && cover_with_names(config, quiet);
    config_free(config);
    config_source_release(&source);
    return entered;
}
