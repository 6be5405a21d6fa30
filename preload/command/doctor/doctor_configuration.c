#include "originbypass/command/doctor/doctor_configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/log_file.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/reload_file.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/base/variable.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/doctor_mount.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/counters_place.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"
#include "originbypass/rules/rules.h"
#include "originbypass/values/name.h"

/* The mistake may be in a file of prefixes, which cannot be checked by itself. */
static void tell_error(const struct config *config, const struct config_error *error) {
    char *place = error->variable != NULL ? text_format("%s", error->variable)
                  : error->line == 0      ? text_format("%s", error->file)
                                          : text_format("%s:%d", error->file, error->line);
    const char *remedy_for_file = doctor_file_remedy(error->reason);
    char *remedy = remedy_for_file != NULL
                       ? memory_text(remedy_for_file)
                       : text_format("Until it is corrected, libc answers every call of a program "
                                     "that starts; running programs keep their former "
                                     "configuration. originbypass check%s%s shows every mistake",
                                     config->file == NULL ? "" : " ", config->file == NULL ? "" : config->file);
    findings_tell(&(struct finding){FINDING_CAUSE, "configuration", place, remedy}, "refused: %s", error->reason);
    free(remedy);
    free(place);
}

static size_t count_ours(const struct config *config) {
    size_t count = 0;
    for (size_t i = 0; i < config->rule_count; i++)
        count += !config->rules[i].excluded;
    return count;
}

/* If a process was asked for whose configuration is not known, this says nothing about it. */
static void tell_no_rules(const struct doctor *doctor) {
    static const char listing[] =
        "List the hosts in ORIGIN_BYPASS_HOSTS or in " CONFIG_DEFAULT_FILE ", in the environment of the program";
    if (doctor->is_of_another)
        findings_tell(&(struct finding){FINDING_NOTE, "configuration", "no host is listed", NULL},
                      "in this environment, which may differ from that of the process");
    else
        findings_tell(&(struct finding){FINDING_CAUSE, "configuration", "no host is listed", listing},
                      "every call is libc's");
}

static void tell_rules(const struct doctor *doctor) {
    const struct config *config = doctor->config;
    bool from_file = config->file != NULL && !config->hosts_of_variable;
    const char *place = from_file ? config->file : config_variable_name(CONFIG_VARIABLE_HOSTS);
    size_t ours = count_ours(config);
    if (ours > 0)
        findings_tell(&(struct finding){FINDING_GOOD, "configuration", place, NULL},
                      ours == 1 ? "%zu host rule" : "%zu host rules", ours);
    else
        tell_no_rules(doctor);
}

/* A name that the variable lists and for which the file alone has settings. NULL: there is none. */
static const char *find_lost_settings(const struct config *config, const struct config *file,
                                      const struct rules *rules) {
    for (size_t i = 0; i < config->rule_count; i++) {
        struct name name;
        const struct host_rule *rule = &config->rules[i];
        bool listed = rule->kind == RULE_NAME && !rule->excluded && name_fold(&name, rule->name);
        const struct host_settings *settings = listed ? rules_settings(rules, &name) : NULL;
        if (settings != NULL && settings != &file->general)
            return rule->name;
    }
    return NULL;
}

static void tell_replaced_rules(const struct config *config, const char *lost) {
    static const char remedy[] = "If they are meant, remove the variable ORIGIN_BYPASS_HOSTS";
    if (lost != NULL)
        findings_tell(&(struct finding){FINDING_CAUSE, "configuration", config->file, remedy},
                      "its settings for %s have no effect: ORIGIN_BYPASS_HOSTS lists that host, too, and replaces its "
                      "host rules (%zu)",
                      lost, config->replaced_count);
    else
        findings_tell(&(struct finding){FINDING_NOTE, "configuration", config->file, remedy},
                      "its host rules (%zu) and their settings have no effect: ORIGIN_BYPASS_HOSTS replaces them",
                      config->replaced_count);
}

static void look_at_replaced_rules(const struct config *config) {
    struct config_source source;
    if (config->replaced_count == 0 || config->file == NULL)
        return;
    if (!config_source_read_file(&source, config->file))
        memory_checked(NULL);
    struct config *file = memory_checked(config_parse_source(&source));
    struct rules *rules = memory_checked(rules_build(file));
    tell_replaced_rules(config, find_lost_settings(config, file, rules));
    rules_free(rules);
    config_free(file);
    config_source_release(&source);
}

/* --- its files ---------------------------------------------------------------------------------------------------- */

static void look_at_mount(const char *file) {
    char *path = realpath(file, NULL);
    if (path != NULL)
        doctor_mount("self", path, file, file);
    free(path);
}

static void look_at_reload(const char *file) {
    const char *fault = reload_file_fault(file);
    if (fault != NULL)
        findings_tell(
            &(struct finding){FINDING_NOTE, "configuration-reload", file,
                              "Let root own it, and nobody else write it (chown root, chmod go-w), or restart "
                              "the programs after each change"},
            "programs that run already do not accept this file: %s", fault);
}

static void look_at_metrics(const char *path) {
    const char *fault = counters_place_fault(path);
    if (fault != NULL)
        findings_tell(&(struct finding){FINDING_BAD, "metrics", path, counters_place_remedy(fault)},
                      "there are no counters: %s", fault);
}

/* Also reported if the configuration is rejected, because a rejection is one of the messages that may get lost. */
static void look_at_log_file(const struct config *config) {
    const char *fault = config->log_level == LOG_LEVEL_NONE ? NULL : log_file_fault(config->log_file);
    if (fault != NULL)
        findings_tell(&(struct finding){FINDING_BAD, "log-file", config->log_file, log_file_remedy(fault)},
                      "messages are lost: %s", fault);
}

bool doctor_configuration(const struct doctor *doctor) {
    const struct config *config = doctor->config;
    if (variable_is_disabled())
        findings_tell(&(struct finding){FINDING_CAUSE, "configuration", config_variable_name(CONFIG_VARIABLE_DISABLED),
                                        "Remove the variable"},
                      "the library is switched off");
    else if (config->error_count == 0 && !doctor->is_former) /* what a process has in force has been told */
        tell_rules(doctor);
    look_at_replaced_rules(config);
    for (size_t i = 0; i < config->error_count; i++)
        tell_error(config, &config->errors[i]);
    if (config->file != NULL)
        look_at_mount(config->file);
    if (config->file != NULL)
        look_at_reload(config->file);
    if (config->metrics_directory != NULL)
        look_at_metrics(config->metrics_directory);
    look_at_log_file(config);
    return config->error_count == 0;
}
