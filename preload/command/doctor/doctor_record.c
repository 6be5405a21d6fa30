#include "originbypass/command/doctor/doctor_record.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/reload_file.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/doctor_known.h"
#include "originbypass/command/programs/as_process.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"
#include "originbypass/rules/rules.h"
#include "originbypass/values/name.h"

struct config *doctor_record_config(const struct published *record) {
    const struct config_source source = {.variables = {[CONFIG_VARIABLE_HOSTS] = record->hosts}};
    return memory_checked(config_parse_source(&source));
}

bool doctor_record_lists(const struct published *record, const char *host) {
    struct name name;
    struct config *config = doctor_record_config(record);
    struct rules *rules = memory_checked(rules_build(config));
    bool listed = name_fold(&name, host) && rules_settings(rules, &name) != NULL;
    rules_free(rules);
    config_free(config);
    return listed;
}

bool doctor_record_changed_root(const char *pid) {
    char *root = proc_file_target(pid, "root");
    bool changed = root != NULL && strcmp(root, "/") != 0;
    free(root);
    return changed;
}

const char *doctor_record_noticed(const char *pid) {
    const char *known = doctor_known_to_keep(pid);
    if (doctor_record_changed_root(pid))
        return "It does not notice a change, because it has changed its root directory, so restart it";
    return known != NULL ? known : "It notices the change at its next lookup";
}

/* A question for as_process(): NULL if the file would be refused, or if the question cannot be asked. */
static const char *accept_file(const char *path) {
    struct config_source source;
    if (!config_source_read_file(&source, path))
        return NULL;
    struct config *config = memory_checked(config_parse_source(&source));
    bool good = config->error_count == 0 && reload_file_fault(path) == NULL;
    config_free(config);
    config_source_release(&source);
    return good ? "accepted" : NULL;
}

/* Also the files of prefixes that it names, with the rights of the process. */
static bool is_file_correct(const char *pid, const struct published *record) {
    char *answer = as_process(pid, accept_file, record->file);
    bool correct = answer != NULL;
    free(answer);
    return correct;
}

char *doctor_record_remedy(const char *pid, const struct published *record, const char *error) {
    const char *remedy = doctor_file_remedy(error);
    if (strncmp(error, "ORIGIN_BYPASS_", strlen("ORIGIN_BYPASS_")) == 0)
        return memory_text("Correct the variable where the process is started, and restart it");
    if (record->file[0] == '/' && is_file_correct(pid, record))
        return text_format("%s is correct by now. %s", record->file, doctor_record_noticed(pid));
    if (remedy != NULL)
        return memory_text(remedy);
    if (record->file[0] != '/')
        return memory_text("Correct its configuration file");
    return text_format("Correct the file: originbypass check %s shows every error. %s", record->file,
                       doctor_record_noticed(pid));
}
