#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/host_operand.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/misspelt.h"
#include "originbypass/command/base/option_settings.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/native.h"
#include "originbypass/command/dns/server_lists.h"
#include "originbypass/command/doctor/doctor_capture.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/doctor_configuration.h"
#include "originbypass/command/doctor/doctor_names.h"
#include "originbypass/command/doctor/doctor_neighbours.h"
#include "originbypass/command/doctor/doctor_preload.h"
#include "originbypass/command/doctor/doctor_process.h"
#include "originbypass/command/doctor/doctor_program.h"
#include "originbypass/command/doctor/doctor_upstreams.h"
#include "originbypass/command/doctor/doctor_url.h"
#include "originbypass/command/doctor/doctor_view.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/doctor/url.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"
#include "originbypass/guest/log.h"
#include "originbypass/values/name.h"

enum { STATUS_RESTART = 3 };

/* The command line. */
struct doctor_options {
    struct option_settings settings;
    struct findings_style style;
    const char *pid;
    char **program; /* with its arguments; NULL: none */
    char **targets; /* hosts and URLs */
    size_t target_count;
    struct doctor_view view; /* whose configuration they are looked at with */
};

/* --- the command line --------------------------------------------------------------------------------------------- */

static bool is_pid(const char *text) {
    return text[0] >= '1' && text[0] <= '9' && text[strspn(text, "0123456789")] == '\0';
}

static bool is_ascii(const char *text) {
    for (; *text != '\0'; text++)
        if (!isascii((unsigned char)*text))
            return false;
    return true;
}

/* The host of a target; the caller must free(3) it. NULL after a complaint: the target is neither a host nor a URL. */
static char *host_of(const char *target) {
    struct url url;
    struct name name;
    char *host = NULL;
    bool is_url = strstr(target, "://") != NULL;
    if (!is_url && !host_operand_is_right(target))
        return NULL;
    if (!is_url) {
        host = memory_text(target);
    } else if (url_parse(target, &url)) {
        host = memory_text(url.host);
        url_free(&url);
    }
    if (host != NULL && name_is_literal(host))
        cli_complain("%s: an address is not looked up; give a host name", target);
    else if (host != NULL && !is_ascii(host))
        cli_complain("%s: the name is not ASCII: give its xn-- form (RFC 5891), which curl looks up", target);
    else if (host == NULL || !name_fold(&name, host) || !name_is_host_name(&name))
        cli_complain("%s is neither a host name nor a http or https URL with a port from 1 to 65535", target);
    else
        return host;
    free(host);
    return NULL;
}

static bool take_option(void *context, int code, const char *value) {
    struct doctor_options *options = context;
    switch (code) {
    case 'j':
        options->style.json = true;
        return true;
    case 'q':
        options->style.only_bad = true;
        return true;
    case 'p':
        options->pid = value;
        if (is_pid(value))
            return true;
        cli_complain("%s: %s is not a process number", cli_typed(), value);
        return false;
    default:
        return option_settings_take(&options->settings, code, value);
    }
}

static bool are_operands_right(const struct cli_arguments *arguments) {
    bool named = arguments->program == NULL || arguments->program[0] != NULL;
    if (!named)
        cli_complain("no program is named after --");
    return named;
}

/* --- what is checked ---------------------------------------------------------------------------------------------- */

static void add_host(struct doctor *doctor, const char *host) {
    if (doctor_find_host(doctor, host) != NULL)
        return;
    doctor->hosts = memory_resize(doctor->hosts, doctor->host_count + 1, sizeof(doctor->hosts[0]));
    doctor->hosts[doctor->host_count++] = (struct doctor_host){.name = host};
}

enum { HOSTS_MAX = 10 }; /* at most this many of the configuration's hosts are checked */

static void add_configured_hosts(struct doctor *doctor) {
    for (size_t i = 0; i < doctor->config->rule_count && doctor->host_count < HOSTS_MAX; i++) {
        const struct host_rule *rule = &doctor->config->rules[i];
        if (rule->kind == RULE_NAME && !rule->excluded)
            add_host(doctor, rule->name);
    }
}

static void add_to_upstreams(struct doctor_upstreams *upstreams, const struct server_address *server,
                             const char *name) {
    struct doctor_upstream upstream = {.server = *server, .name = name};
    server_address_text(server, upstream.text);
    for (size_t i = 0; i < upstreams->count; i++)
        if (strcmp(upstreams->list[i].text, upstream.text) == 0)
            return;
    upstreams->list = memory_resize(upstreams->list, upstreams->count + 1, sizeof(upstreams->list[0]));
    upstreams->list[upstreams->count++] = upstream;
}

/* A default upstream that is asked at its address of the other family is not missed. */
static void add_doctor_upstreams(struct doctor *doctor, const struct server_list *list, const char *name) {
    struct server_list *asked = server_list_asked(list);
    for (size_t i = 0; i < list->count; i++)
        if (server_list_has(asked, &list->servers[i]))
            add_to_upstreams(&doctor->upstreams, &list->servers[i], name);
        else if (!server_list_has_service(asked, &list->servers[i]))
            add_to_upstreams(&doctor->left_out, &list->servers[i], name);
    free(asked);
}

static bool is_for_edges_alone(const struct doctor *doctor, const struct host_settings *settings) {
    return settings->when == WHEN_EDGE && settings->upstreams == doctor->config->general.upstreams;
}

/* A hidden primary knows only its own names. So each upstream is asked for a name that the library would ask it for. */
static void add_upstreams_of_hosts(struct doctor *doctor) {
    for (size_t i = 0; i < doctor->host_count; i++) {
        if (!doctor_is_listed(doctor, doctor->hosts[i].name))
            continue;
        const struct host_settings *settings = doctor_settings(doctor, doctor->hosts[i].name);
        /* A name that libc leads to no edge is nobody's business outside. */
        const char *name = settings->query_name != NULL           ? settings->query_name
                           : is_for_edges_alone(doctor, settings) ? "example.com"
                                                                  : doctor->hosts[i].name;
        add_doctor_upstreams(doctor, settings->upstreams, name);
    }
    const struct host_rule *first = doctor->config->rules;
    bool below = doctor->config->rule_count > 0 && first->kind == RULE_BELOW;
    add_doctor_upstreams(doctor, doctor->config->general.upstreams, below ? first->name : "example.com");
}

/* --- checking ----------------------------------------------------------------------------------------------------- */

/* No upstream is ever asked for a host that is not listed. */
static bool concerns_external_dns(const struct doctor *doctor) {
    if (doctor->unknown != NULL)
        return false;
    for (size_t i = 0; i < doctor->host_count; i++)
        if (doctor_is_listed(doctor, doctor->hosts[i].name))
            return true;
    return doctor->host_count == 0;
}

static void tell_substitute(const struct doctor *doctor) {
    const char *substitute = native_substitute();
    if (substitute != NULL && doctor->host_count > 0)
        findings_tell(&(struct finding){FINDING_NOTE, "libc", "getent", "Compare with what a program says here"}, "%s",
                      substitute);
}

static void look_at_network(struct doctor *doctor, const struct doctor_options *options, char *const *hosts) {
    for (size_t i = 0; i < options->target_count; i++)
        add_host(doctor, hosts[i]);
    if (options->target_count == 0)
        add_configured_hosts(doctor);
    for (size_t i = 0; i < doctor->host_count; i++)
        doctor->hosts[i].local = local_begin(doctor->hosts[i].name);
    tell_substitute(doctor);
    if (concerns_external_dns(doctor)) {
        add_upstreams_of_hosts(doctor);
        doctor_upstreams(doctor);
        doctor_capture(doctor);
    }
    for (size_t i = 0; i < doctor->host_count; i++)
        doctor_name(doctor, &doctor->hosts[i]);
    for (size_t i = 0; i < options->target_count; i++)
        if (strstr(options->targets[i], "://") != NULL &&
            !(doctor->unknown != NULL && doctor_is_listed(doctor, hosts[i])))
            doctor_url(doctor, options->targets[i], hosts[i]);
    free(doctor->upstreams.list);
    free(doctor->left_out.list);
    free(doctor->hosts);
}

static void tell_misspelt_variables(const struct config *config) {
    struct doctor_variables variables = {"environment", config->rule_count > 0 ? FINDING_NOTE : FINDING_CAUSE};
    misspelt_variables(doctor_misspelt, &variables);
}

static void look_at_settings(const struct doctor_options *options, char *const *hosts) {
    struct config_source source;
    (void)config_source_read(&source, CONFIG_DEFAULT_FILE, false); /* if nothing was read, the defaults apply */
    struct config *config = memory_checked(config_parse_source(&source));
    struct doctor doctor = {.pid = options->pid,
                            .config = config,
                            .rules = memory_checked(rules_build(config)),
                            .is_of_another = options->view.why != NULL,
                            .is_former = options->view.is_former,
                            .unknown = options->view.unknown};
    if (options->view.has_no_file)
        config->file = NULL;
    if (doctor.is_former) { /* the variable has them only for this command */
        config->hosts_of_variable = false;
        config->replaced_count = 0;
    }
    log_silence(); /* the findings report what the messages would say */
    if (options->pid == NULL)
        tell_misspelt_variables(config);
    if (doctor_configuration(&doctor))
        look_at_network(&doctor, options, hosts);
    rules_free(doctor.rules);
    config_free(config);
    config_source_release(&source);
}

/* If only a process or a program is given, nothing else is checked. */
static int look_at_all(const struct doctor_options *options, char *const *hosts) {
    bool restart = false;
    findings_begin(&options->style);
    if (options->pid == NULL) {
        doctor_preload(NULL, "environment", secure_getenv("LD_PRELOAD"));
        doctor_preload_list(NULL);
        doctor_neighbours_in("environment", secure_getenv("LD_PRELOAD"));
    } else {
        restart = doctor_process(options->pid, (const char *const *)hosts, options->target_count);
    }
    if (options->program != NULL)
        doctor_program(options->program, options->program[0]);
    if (options->pid != NULL)
        doctor_view_tell_configuration(&options->view, options->pid);
    if (options->target_count > 0 || (options->pid == NULL && options->program == NULL))
        look_at_settings(options, hosts);
    int status = restart ? STATUS_RESTART : findings_count(FINDING_BAD) > 0 ? CLI_BAD : CLI_GOOD;
    findings_end(status);
    return status;
}

static int look_with_view(struct doctor_options *options, char *const *hosts, int argc, char **argv) {
    if (options->pid != NULL && options->target_count > 0)
        options->view = doctor_view_of_process(options->pid, &options->settings);
    return option_settings_apply(&options->settings, argc, argv) ? look_at_all(options, hosts) : CLI_BAD;
}

static int look_at_targets(struct doctor_options *options, int argc, char **argv) {
    char **hosts = memory_zeroed(options->target_count, sizeof(*hosts));
    bool good = true;
    for (size_t i = 0; i < options->target_count; i++) {
        hosts[i] = host_of(options->targets[i]);
        good = good && hosts[i] != NULL;
    }
    int status = good ? look_with_view(options, hosts, argc, argv) : cli_usage();
    for (size_t i = 0; i < options->target_count; i++)
        free(hosts[i]);
    free(hosts);
    return status;
}

static int run(int argc, char **argv) {
    struct doctor_options options = {0};
    struct cli_arguments arguments;
    int status = CLI_BAD;
    if (!cli_read(argc, argv, take_option, &options, &arguments) || !are_operands_right(&arguments)) {
        status = cli_usage();
    } else {
        options.program = arguments.program;
        options.targets = arguments.operands;
        options.target_count = arguments.count;
        status = look_at_targets(&options, argc, argv);
    }
    cli_arguments_free(&arguments);
    option_settings_free(&options.settings);
    return status;
}

const struct cli_command cli_doctor = {
    .name = "doctor",
    .summary = "Say what keeps a program from the origin, and what to do about it",
    .usage = "[OPTION...] [HOST|URL...] [-- PROGRAM [ARGUMENT...]]",
    .help = "Checks the configuration that a program would get from this environment, the\n"
            "upstreams, and each HOST (or those of the configuration), and tries each URL\n"
            "with curl under the library. Run it where the program runs: in its container, as\n"
            "its user. A finding is a line that begins with \"good\", \"note\" or \"bad\". What is\n"
            "bad comes last, the cause first.\n"
            "\n"
            "After \"--\" comes a program to check: can the library reach it, and does the\n"
            "configuration serve it? It is not started. With a program or --pid and without a\n"
            "HOST or URL, only the program or process is checked.\n"
            "\n"
            "It asks each upstream for the host, for a name that does not exist and for one\n"
            "that only a cluster knows, over UDP and TCP, and it asks 192.0.2.1, where there\n"
            "is no server. A server without an answer is also asked for example.com or\n"
            "example.net. For a host that is not listed it says what libc answers. It fetches\n"
            "a URL once, or twice if the certificate is not valid. See also\n"
            "originbypass-troubleshooting(7).\n",
    .example = "originbypass doctor https://cdn.example.com/",
    .operands = CLI_OPERANDS_PROGRAM,
    .options =
        (const struct cli_option[]){
            {'p', "pid", "PID",
             "check a running process: is the library in it, is it the one that is installed, and what does the "
             "process have in force?"},
            {'j', "json", NULL,
             "write one JSON document: findings, each with verdict, check, about, finding and remedy; then the number "
             "of each verdict, and the status"},
            {'q', "quiet", NULL, "report only what is bad"},
            CLI_SETTINGS,
            CLI_END},
    .exits = (const struct cli_exit[]){{CLI_GOOD, "success: nothing is bad"},
                                       {CLI_BAD, "failure: something is bad"},
                                       CLI_EXIT_USAGE,
                                       {STATUS_RESTART, "restart needed: the process of --pid does not have the "
                                                        "library that is installed"},
                                       CLI_EXIT_END},
    .run = run,
};
