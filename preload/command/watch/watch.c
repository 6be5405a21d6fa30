#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/child.h"
#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/host_operand.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/option_settings.h"
#include "originbypass/command/dns/address_set.h"
#include "originbypass/command/dns/resolution.h"
#include "originbypass/command/programs/program.h"
#include "originbypass/command/watch/aside.h"
#include "originbypass/command/watch/watch_events.h"
#include "originbypass/guest/clock.h"

struct watched {
    struct host_case host;
    bool was_asked, has_failed;       /* at all; the last time */
    struct address_set now, acted_on; /* `now`: what DNS says; `acted_on`: what the command was last run for */
    uint32_t kept_s;                  /* the longest time that an answer was valid */
    uint64_t next_ms;
};

struct watch {
    int family;
    struct option_settings settings;
    bool at_start, is_min_given;
    uint32_t min_s, max_s;
    uint32_t hold_down_s; /* BY_THE_CACHES: as long as caches may have the old answer */
    char **command;
    size_t count;
    struct watched *hosts;
    uint64_t hold_until_ms;
};

/* The same exit codes as env(1). */
enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

/* If there is no TTL, because libc answers for a host, the host is looked up at this interval (within the limits). */
enum { WITHOUT_TTL_S = 30 };

#define BY_THE_CACHES UINT32_MAX
enum { LEAST_HOLD_DOWN_S = 10 };

/*
 * The time that must pass between two runs of the command. The program that the command reloads (nginx, for example)
 * then looks the host up again. While the library's cache still has the old answer, it would get the old addresses and
 * keep them, and nobody would tell it again.
 */
static uint64_t hold_down_ms(const struct watch *watch) {
    uint32_t longest_s = LEAST_HOLD_DOWN_S;
    if (watch->hold_down_s != BY_THE_CACHES)
        return (uint64_t)watch->hold_down_s * 1000;
    for (size_t i = 0; i < watch->count; i++) {
        const struct host_settings *settings = watch->hosts[i].host.settings;
        uint32_t old_s = watch->hosts[i].kept_s;
        if (settings != NULL && settings->cache.mode == CACHE_STALE)
            old_s += settings->cache.stale_window_s;
        if (old_s > longest_s)
            longest_s = old_s;
    }
    return (uint64_t)longest_s * 1000;
}

/* ---- looking ---- */

static void assign(struct address_set *set, const struct address *addresses, size_t count) {
    address_set_free(set);
    for (size_t i = 0; i < count; i++)
        address_set_add(set, &addresses[i]);
}

/* Why a lookup cannot show whether the addresses have changed. NULL: it can. */
static const char *why_no_change(const struct aside *found) {
    if (!found->done)
        return "no process could be started to look it up";
    if (found->source == BY_FALLBACK || found->source == BY_NOBODY)
        return "external DNS has no usable answer";
    if (found->error[0] != '\0')
        return found->error;
    return found->source == BY_EXTERNAL_DNS && !found->is_whole ? "one record type has failed" : NULL;
}

static uint64_t interval_ms(const struct watch *watch, const struct aside *found, bool failed) {
    uint32_t interval_s = WITHOUT_TTL_S;
    if (failed)
        interval_s = watch->min_s;
    else if (found->source == BY_CONFIGURATION)
        interval_s = watch->max_s;
    else if (found->kept_s > 0)
        interval_s = found->kept_s;
    if (interval_s > watch->max_s)
        interval_s = watch->max_s;
    return (uint64_t)(interval_s < watch->min_s ? watch->min_s : interval_s) * 1000;
}

/*
 * The first answer is assumed to be the one that the command's program has, unless the command is also run at the
 * start.
 */
static void note_addresses(struct watch *watch, struct watched *watched, const struct aside *found) {
    struct address_set fresh = {0};
    assign(&fresh, found->addresses, found->count);
    if (watched->now.count == 0)
        watch_events_tell_found(watched->host.host, &fresh);
    else if (!address_set_equal(&watched->now, &fresh))
        watch_events_tell_changed(watched->host.host, &watched->now, &fresh);
    else if (watched->has_failed)
        watch_events_tell_again(watched->host.host, &fresh);
    if (found->kept_s > watched->kept_s)
        watched->kept_s = found->kept_s;
    if (!watched->was_asked && !watch->at_start) {
        assign(&watched->acted_on, fresh.list, fresh.count);
        watch->hold_until_ms = clock_now_ms() + hold_down_ms(watch);
    }
    address_set_free(&watched->now);
    watched->now = fresh;
}

/*
 * The child that looks a host up has the configuration of this process, which must keep up with its file as the
 * programs do that are watched for.
 */
static void keep_up(struct watch *watch) {
    bool refused = false;
    const struct rules *rules = resolution_rules_by_now(&refused);
    if (refused)
        cli_complain("warning: the changed configuration is refused, and the former one stays in force; originbypass "
                     "check says why");
    for (size_t i = 0; i < watch->count; i++)
        watch->hosts[i].host = resolution_case(rules, watch->hosts[i].host.host);
}

static void look_at_host(struct watch *watch, struct watched *watched) {
    keep_up(watch);
    const struct aside *found = aside_find(&watched->host, watch->family);
    if (child_is_ended())
        return;
    const char *why = why_no_change(found);
    if (why != NULL)
        watch_events_tell_failed(watched->host.host, why);
    else
        note_addresses(watch, watched, found);
    watched->was_asked = true;
    watched->has_failed = why != NULL;
    watched->next_ms = clock_now_ms() + interval_ms(watch, found, why != NULL);
}

/* ---- acting ---- */

static bool is_command_due(const struct watch *watch) {
    for (size_t i = 0; i < watch->count; i++)
        if (!address_set_equal(&watch->hosts[i].now, &watch->hosts[i].acted_on))
            return true;
    return false;
}

static void run_command(struct watch *watch) {
    pid_t child = child_fork();
    if (child == 0) {
        execvp(watch->command[0], watch->command);
        int error = errno;
        cli_complain("%s: %s", watch->command[0], strerror(error)); // NOLINT(concurrency-mt-unsafe)
        _exit(error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
    }
    if (child < 0)
        cli_complain("%s: %s", watch->command[0], strerror(errno)); // NOLINT(concurrency-mt-unsafe)
    else
        watch_events_tell_run(watch->command[0], child_wait(child));
    for (size_t i = 0; i < watch->count; i++)
        assign(&watch->hosts[i].acted_on, watch->hosts[i].now.list, watch->hosts[i].now.count);
    watch->hold_until_ms = clock_now_ms() + hold_down_ms(watch);
}

static uint64_t next_ms(const struct watch *watch) {
    uint64_t next_ms = is_command_due(watch) ? watch->hold_until_ms : UINT64_MAX;
    for (size_t i = 0; i < watch->count; i++)
        if (watch->hosts[i].next_ms < next_ms)
            next_ms = watch->hosts[i].next_ms;
    return next_ms;
}

static void look_at_due_hosts(struct watch *watch) {
    for (size_t i = 0; i < watch->count && !child_is_ended(); i++)
        if (clock_now_ms() >= watch->hosts[i].next_ms)
            look_at_host(watch, &watch->hosts[i]);
    if (child_is_ended())
        return;
    if (is_command_due(watch) && clock_now_ms() >= watch->hold_until_ms)
        run_command(watch);
    uint64_t now_ms = clock_now_ms(), until_ms = next_ms(watch);
    if (until_ms > now_ms)
        child_sleep(until_ms - now_ms);
}

/* ---- the command line ---- */

/* At most a day. */
static bool read_seconds(const char *text, const char *option, uint32_t *seconds) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || value > 86400) {
        cli_complain("%s: '%s' is no number of seconds: expected 0 to 86400", option, text);
        return false;
    }
    *seconds = (uint32_t)value;
    return true;
}

enum watch_option { AT_START = CLI_WORD_ONLY, HOLD_DOWN, MIN, MAX };

static bool take_option(void *context, int code, const char *value) {
    struct watch *watch = context;
    switch (code) {
    case '4':
    case '6':
        watch->family = code == '4' ? AF_INET : AF_INET6;
        return true;
    case 'j':
        watch_events_use_json();
        return true;
    case AT_START:
        watch->at_start = true;
        return true;
    case HOLD_DOWN:
        return read_seconds(value, cli_typed(), &watch->hold_down_s);
    case MIN:
        watch->is_min_given = true;
        return read_seconds(value, cli_typed(), &watch->min_s);
    case MAX:
        return read_seconds(value, cli_typed(), &watch->max_s);
    default:
        return option_settings_take(&watch->settings, code, value);
    }
}

/* If only --max is given, it is the shortest time, too. */
static bool are_times_right(struct watch *watch) {
    if (watch->min_s == 0)
        watch->min_s = 1;
    if (watch->max_s < watch->min_s && !watch->is_min_given)
        watch->min_s = watch->max_s == 0 ? 1 : watch->max_s;
    if (watch->max_s < watch->min_s)
        cli_complain("--min %u is above --max %u: expected at most --max", watch->min_s, watch->max_s);
    return watch->max_s >= watch->min_s;
}

/* A mistake must not show only when the command is needed. */
static bool can_be_run(const char *command) {
    struct program program;
    int problem = program_inspect(command, &program);
    program_free(&program);
    if (problem != 0)
        program_complain(command, problem);
    return problem == 0;
}

static bool are_operands_right(const struct cli_arguments *arguments) {
    for (size_t i = 0; i < arguments->count; i++)
        if (!host_operand_is_right(arguments->operands[i]))
            return false;
    if (arguments->count == 0)
        cli_complain("no host is named");
    else if (arguments->program == NULL || arguments->program[0] == NULL)
        cli_complain("no command is named after --");
    else
        return can_be_run(arguments->program[0]);
    return false;
}

/* Whose addresses are watched, where it is not external DNS alone. */
static void tell_whose_addresses(const struct host_case *host) {
    if (host->settings == NULL)
        cli_complain("warning: %s is not listed, so libc answers and external DNS is not asked", host->host);
    else if (host->settings->when == WHEN_EDGE && host->settings->pinned_ipv4 == NULL)
        cli_complain("note: %s has when = \"edge\": libc is asked first. As long as it leads to an edge, the addresses "
                     "of external DNS are watched, and otherwise libc's",
                     host->host);
}

static void add_hosts(const struct cli_arguments *arguments, const struct rules *rules, struct watch *watch) {
    watch->command = arguments->program;
    watch->count = arguments->count;
    watch->hosts = memory_zeroed(watch->count, sizeof(watch->hosts[0]));
    for (size_t i = 0; i < watch->count; i++) {
        watch->hosts[i].host = resolution_case(rules, arguments->operands[i]);
        tell_whose_addresses(&watch->hosts[i].host);
    }
}

static void free_hosts(struct watch *watch) {
    for (size_t i = 0; i < watch->count; i++) {
        address_set_free(&watch->hosts[i].now);
        address_set_free(&watch->hosts[i].acted_on);
    }
    free(watch->hosts);
}

static int watch_hosts(const struct cli_arguments *arguments, struct watch *watch) {
    const struct rules *rules = resolution_rules();
    bool refused = resolution_complain_of_refusal(rules);
    if (refused)
        return CLI_BAD;
    add_hosts(arguments, rules, watch);
    child_begin();
    while (!child_is_ended())
        look_at_due_hosts(watch);
    free_hosts(watch);
    return CLI_GOOD;
}

static int run(int argc, char **argv) {
    struct watch watch = {.family = AF_UNSPEC, .min_s = 5, .max_s = 300, .hold_down_s = BY_THE_CACHES};
    struct cli_arguments arguments;
    int status = CLI_BAD;
    if (!cli_read(argc, argv, take_option, &watch, &arguments) || !are_times_right(&watch) ||
        !are_operands_right(&arguments))
        status = cli_usage();
    else if (option_settings_apply(&watch.settings, argc, argv))
        status = watch_hosts(&arguments, &watch);
    cli_arguments_free(&arguments);
    option_settings_free(&watch.settings);
    return status;
}

const struct cli_command cli_watch = {
    .name = "watch",
    .summary = "Run a command when the addresses of a host have changed",
    .usage = "[OPTION...] HOST... -- COMMAND [ARGUMENT...]",
    .help = "Looks the hosts up again and again, as a program with the library and an empty\n"
            "cache would, and runs COMMAND, for example nginx -s reload, when the set of\n"
            "addresses has changed. A different order is no change. A lookup that fails, or\n"
            "that libc had to answer in the place of external DNS, is no change either; a\n"
            "line reports it. If the first lookup fails, the first addresses that arrive\n"
            "count as a change. For a host with when = \"edge\", such as with auto, libc's\n"
            "addresses count as long as they are no edge, and so does a change between the\n"
            "two.\n"
            "\n"
            "A COMMAND that cannot be run at the start is an error on the command line.\n"
            "The exit status of COMMAND is reported, and the watch continues: 126 and 127 if\n"
            "COMMAND cannot be run or does not exist. SIGHUP, SIGINT and SIGTERM end the\n"
            "watch. A COMMAND that is running then also gets the signal, and the watch waits\n"
            "for it.\n",
    .example = "originbypass watch cdn.example.com -- nginx -s reload",
    .operands = CLI_OPERANDS_PROGRAM,
    .options =
        (const struct cli_option[]){
            {'4', NULL, NULL, "only IPv4 addresses"},
            {'6', NULL, NULL, "only IPv6 addresses"},
            {MIN, "min", "S", "at least S seconds between two lookups of a host (default 5)"},
            {MAX, "max", "S",
             "at most S seconds (default 300). Between the two the TTL decides; 30 s if none is known. A lookup that "
             "has "
             "failed is repeated after --min"},
            {HOLD_DOWN, "hold-down", "S",
             "do not run COMMAND for S seconds after the start and after each run. A change in this time is acted upon "
             "at "
             "its end, unless it has been reverted. Default: as long as a program with the library may find the old "
             "answer in its cache (TTL, and cache.stale_window_s in mode \"stale\"), and at least 10. In mode "
             "\"pinned\" "
             "only a restart helps"},
            {AT_START, "at-start", NULL, "also run COMMAND when the first addresses are known"},
            {'j', "json", NULL,
             "write a JSON document for each event, in one line (JSON Lines), instead of a line of text"},
            CLI_SETTINGS,
            CLI_END},
    .exits = (const struct cli_exit[]){{CLI_GOOD, "success: a signal has ended the watch"},
                                       {CLI_BAD, "failure: the configuration is refused"},
                                       CLI_EXIT_USAGE,
                                       CLI_EXIT_END},
    .run = run,
};
