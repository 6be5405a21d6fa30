#include "originbypass/in_force/published.h"

#include <stdio.h>
#include <string.h>

#include "originbypass/guest/log.h"
#include "originbypass/values/address.h"

/* In .data and not in .bss, because of the magic: a mapping of the file, which is how it is found. */
static struct published published = {.magic = PUBLISHED_MAGIC, .version = PUBLISHED_VERSION, .size = sizeof(published)};

/* Only one thread at a time writes: the one that loads, or that has the configuration to itself. */
static void begin_publishing(void) {
    atomic_fetch_add(&published.sequence, 1);
}

static void end_publishing(void) {
    atomic_fetch_add(&published.sequence, 1);
}

static void set_text(char *to, size_t room, const char *text) {
    size_t length = text == NULL ? 0 : strnlen(text, room);
    if (length == room)
        length = 0;
    memset(to, 0, room);
    if (length > 0)
        memcpy(to, text, length);
}

/* False: there is no room for the word. */
static bool add_word(char *to, size_t room, const char *first, const char *second, const char *third) {
    size_t used = strnlen(to, room);
    size_t needed = (used > 0) + strlen(first) + strlen(second) + strlen(third);
    if (used + needed >= room)
        return false;
    snprintf(to + used, room - used, "%s%s%s%s", used > 0 ? " " : "", first, second, third);
    return true;
}

void publish_state(enum published_state state, const struct config_source *source) {
    begin_publishing();
    published.state = state;
    set_text(published.file, sizeof(published.file), source == NULL ? NULL : source->file);
    set_text(published.hosts, sizeof(published.hosts),
             source == NULL ? NULL : source->variables[CONFIG_VARIABLE_HOSTS]);
    end_publishing();
}

static void publish_hosts(const struct config *config) {
    static const char *const leads[] = {[RULE_NAME] = "", [RULE_BELOW] = "*.", [RULE_ALL] = "*"};
    set_text(published.hosts, sizeof(published.hosts), NULL);
    published.hosts_left_out = 0;
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct host_rule *rule = &config->rules[i];
        published.hosts_left_out += !add_word(published.hosts, sizeof(published.hosts), rule->excluded ? "!" : "",
                                              leads[rule->kind], rule->name);
    }
}

static void publish_log(const struct config *config) {
    bool silent = config->log_level == LOG_LEVEL_NONE;
    set_text(published.log_file, sizeof(published.log_file), silent ? "none" : config->log_file);
}

static void publish_upstreams(const struct config *config) {
    const struct server_list *servers = config->general.upstreams;
    char text[SERVER_ADDRESS_TEXT_SIZE];
    set_text(published.upstreams, sizeof(published.upstreams), NULL);
    for (size_t i = 0; i < servers->count; i++) {
        server_address_text(&servers->servers[i], text);
        add_word(published.upstreams, sizeof(published.upstreams), text, "", "");
    }
}

void publish_configuration(const struct config *config, const struct counters_load *load) {
    begin_publishing();
    published.state = PUBLISHED_IN_FORCE;
    published.generation = load->generation;
    published.loaded_s = load->loaded_s;
    published.refused_s = 0;
    set_text(published.error, sizeof(published.error), NULL);
    set_text(published.file, sizeof(published.file), config->file);
    publish_hosts(config);
    publish_upstreams(config);
    publish_log(config);
    end_publishing();
}

void publish_refusal(const struct counters_load *load) {
    begin_publishing();
    if (published.state != PUBLISHED_IN_FORCE)
        published.state = PUBLISHED_REFUSED;
    published.refused_s = load->refused_s;
    set_text(published.error, sizeof(published.error), load->error);
    end_publishing();
}
