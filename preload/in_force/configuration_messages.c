#include "originbypass/in_force/configuration_messages.h"

#include <stdio.h>

#include "originbypass/guest/log.h"

void configuration_tell_refusal(const struct config *config, bool former_stays) {
    const struct config_error *error = config->errors;
    struct log_field fields[6];
    uint32_t count = 0;
    if (error->file != NULL)
        fields[count++] = log_text("file", error->file);
    if (error->file != NULL && error->line > 0)
        fields[count++] = log_number("line", error->line);
    if (error->variable != NULL)
        fields[count++] = log_text("variable", error->variable);
    fields[count++] = log_text("reason", error->reason);
    if (config->error_count > 1)
        fields[count++] = log_number("further_errors", (int64_t)config->error_count - 1);
    if (former_stays)
        fields[count++] = log_text("now", "the former configuration stays in force");
    log_write(LOG_LEVEL_ERROR, "configuration refused", fields, count);
}

void configuration_tell_reload(const struct config *config, uint32_t generation) {
    log_write(LOG_LEVEL_INFO, "configuration reloaded",
              FIELDS(log_text("file", config->file), log_number("generation", generation),
                     log_number("hosts", (int64_t)config->rule_count)));
}

void configuration_write_error(const struct config *config, struct counters_load *load) {
    const struct config_error *error = config->errors;
    size_t size = sizeof(load->error);
    load->error[0] = '\0';
    if (config->error_count == 0)
        return;
    if (error->file == NULL)
        snprintf(load->error, size, "%s: %s", error->variable, error->reason);
    else if (error->line > 0)
        snprintf(load->error, size, "%s:%d: %s", error->file, error->line, error->reason);
    else
        snprintf(load->error, size, "%s: %s", error->file, error->reason);
}
