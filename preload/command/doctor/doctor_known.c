/* What is known about a program from its name, above all whether it has a resolver compiled in. */
#include "originbypass/command/doctor/doctor_known.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/file_search.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/command/programs/workers.h"

#define RESOLVER "program-resolver"
#define UPGRADE "program-upgrade"

#define AFTER_USR2                                                                                                     \
    "in an upgrade of its binary (USR2) starts the new master without LD_PRELOAD and ORIGIN_BYPASS_HOSTS, if its "     \
    "configuration does not name them",                                                                                \
        "At the top of nginx.conf, for each variable that is set: \"env LD_PRELOAD; env ORIGIN_BYPASS_HOSTS;\""

#define ASYNC_DNS                                                                                                      \
    "asks DNS itself unless its feature AsyncDns is off", "Start it with --disable-features=AsyncDns, and it asks "    \
                                                          "libc"

static const struct {
    const char *name;
    enum finding_kind kind; /* FINDING_BAD: it never asks libc for an address to connect to */
    const char *check, *what, *remedy;
} KNOWN[] = {
    {"nginx", FINDING_NOTE, RESOLVER,
     "asks libc for the names in its configuration, at start and reload. For those in variables it has a resolver of "
     "its own",
     "If proxy_pass has a variable: \"resolver 8.8.8.8 1.1.1.1 ipv6=off;\", or have no variable in it"},
    {"openresty", FINDING_NOTE, RESOLVER,
     "asks libc for the names in its configuration, at start and reload. For those in variables and in Lua it has a "
     "resolver of its own",
     "There: \"resolver 8.8.8.8 1.1.1.1 ipv6=off;\""},
    {"nginx", FINDING_NOTE, UPGRADE, AFTER_USR2},
    {"openresty", FINDING_NOTE, UPGRADE, AFTER_USR2},
    {"haproxy", FINDING_NOTE, RESOLVER,
     "asks libc at its start, unless init-addr is without libc, and then goes where a resolvers section leads, if "
     "there "
     "is one",
     "Have no resolvers section, or in it: \"nameserver google 8.8.8.8:53\""},
    {"squid", FINDING_BAD, RESOLVER, "has a resolver of its own and does not ask libc",
     "In squid.conf: \"dns_nameservers 8.8.8.8 1.1.1.1\""},
    {"traffic_server", FINDING_BAD, RESOLVER, "has a resolver of its own and does not ask libc",
     "In records.config: \"CONFIG proxy.config.dns.nameservers STRING 8.8.8.8 1.1.1.1\""},
    {"chromium", FINDING_NOTE, RESOLVER, ASYNC_DNS},
    {"chrome", FINDING_NOTE, RESOLVER, ASYNC_DNS},
    {"google-chrome", FINDING_NOTE, RESOLVER, ASYNC_DNS},
    {"envoy", FINDING_BAD, RESOLVER, "resolves with c-ares unless it is told otherwise",
     "In the cluster's typed_dns_resolver_config take envoy.network.dns_resolver.getaddrinfo, which asks libc, or give "
     "c-ares the resolvers 8.8.8.8 and 1.1.1.1"},
    {"node", FINDING_NOTE, RESOLVER, "asks libc for connections (dns.lookup), but not for dns.resolve and its kin",
     "If it uses these: \"dns.setServers(['8.8.8.8', '1.1.1.1'])\""},
    {"java", FINDING_NOTE, RESOLVER,
     "asks libc (InetAddress), but Netty's DnsNameResolver, in reactor-netty and gRPC, asks by itself",
     "There: DefaultAddressResolverGroup.INSTANCE, which asks libc"},
    {"traefik", FINDING_NOTE, RESOLVER, "is written in Go, and its releases are built without cgo",
     "See originbypass-programs(7), PROGRAMS OUT OF REACH, about Go programs"},
    {"caddy", FINDING_NOTE, RESOLVER, "is written in Go, and its releases are built without cgo",
     "In reverse_proxy: \"dynamic a\" with \"resolvers 8.8.8.8 1.1.1.1\""},
    {"busybox", FINDING_NOTE, RESOLVER, "is often linked statically, and its nslookup asks by itself",
     "Try getent ahosts instead"},
    {"dig", FINDING_BAD, RESOLVER, "asks DNS itself, which is what it is for",
     "Try getent ahosts, or originbypass resolve"},
    {"host", FINDING_BAD, RESOLVER, "asks DNS itself, which is what it is for",
     "Try getent ahosts, or originbypass resolve"},
    {"nslookup", FINDING_BAD, RESOLVER, "asks DNS itself, which is what it is for",
     "Try getent ahosts, or originbypass resolve"},
};

/* Interpreters, and what in a command line or a script shows that it asks DNS itself. */
static const struct {
    const char *name, *what, *remedy, *sign;
} ASKING[] = {
    {"ruby", "has resolv-replace, which asks DNS itself, for TCPSocket in the place of libc",
     "Do without it, or have the address in the hosts file, which it reads: originbypass run --private-hosts",
     "resolv-replace"},
    {"php", "has dns_get_record, which asks DNS itself", "Use gethostbynamel, which asks libc", "dns_get_record"},
    {"perl", "has Net::DNS, which asks DNS itself",
     "There: \"Net::DNS::Resolver->new(nameservers => ['8.8.8.8', '1.1.1.1'])\"", "Net::DNS"},
    {"python", "has dnspython, which asks DNS itself",
     "There: \"resolver.nameservers = ['8.8.8.8', '1.1.1.1']\", or take socket.getaddrinfo, which asks libc",
     "dns.resolver"},
};

enum { SCRIPT_MAX = 1024 * 1024 };

/* Matches the name, also with a version after it: squid-openssl, node20. */
static bool is_called(const char *path, const char *name) {
    const char *base = text_base_name(path);
    size_t length = strlen(name);
    return strncmp(base, name, length) == 0 && (base[length] == '\0' || strchr("-.0123456789", base[length]) != NULL);
}

static bool has_sign(const struct program *program, char *const *arguments, const char *sign) {
    static const char *const variables[] = {"RUBYOPT", "PERL5OPT"};
    bool found = strcmp(program->path, program->binary) != 0 && file_has_text(program->path, sign, SCRIPT_MAX);
    while (!found && *++arguments != NULL)
        found = strstr(*arguments, sign) != NULL || file_has_text(*arguments, sign, SCRIPT_MAX);
    for (size_t i = 0; !found && i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *value = secure_getenv(variables[i]);
        found = value != NULL && strstr(value, sign) != NULL;
    }
    return found;
}

static bool tell_by_name(const char *path, const char *shown, bool *unreached) {
    bool known = false;
    for (size_t i = 0; i < sizeof(KNOWN) / sizeof(KNOWN[0]); i++) {
        if (!is_called(path, KNOWN[i].name))
            continue;
        findings_tell(&(struct finding){KNOWN[i].kind, KNOWN[i].check, shown, KNOWN[i].remedy}, "%s", KNOWN[i].what);
        *unreached = *unreached || KNOWN[i].kind == FINDING_BAD;
        known = true;
    }
    return known;
}

static bool tell_by_sign(const char *path, const struct program *program, char *const *arguments, const char *shown) {
    bool known = false;
    for (size_t i = 0; i < sizeof(ASKING) / sizeof(ASKING[0]); i++) {
        if (!is_called(path, ASKING[i].name) || !has_sign(program, arguments, ASKING[i].sign))
            continue;
        findings_tell(&(struct finding){FINDING_NOTE, RESOLVER, shown, ASKING[i].remedy}, "%s", ASKING[i].what);
        known = true;
    }
    return known;
}

static bool tell_known(const char *path, const struct program *program, char *const *arguments, const char *shown,
                       bool *unreached) {
    return path != NULL && (tell_by_name(path, shown, unreached) || tell_by_sign(path, program, arguments, shown));
}

bool doctor_known(const struct program *program, char *const *arguments, const char *shown, bool *unreached) {
    char *real = realpath(program->binary, NULL);
    bool known = tell_known(program->path, program, arguments, shown, unreached) ||
                 tell_known(real, program, arguments, shown, unreached);
    free(real);
    return known;
}

const char *doctor_known_resolver(const char *path, const char **what) {
    for (size_t i = 0; i < sizeof(KNOWN) / sizeof(KNOWN[0]); i++)
        if (strcmp(KNOWN[i].check, RESOLVER) == 0 && is_called(path, KNOWN[i].name)) {
            *what = KNOWN[i].what;
            return KNOWN[i].remedy;
        }
    return NULL;
}

/* Programs that look up a name once: what makes them do so again, what says why a reload was not completed, and where
 * to look if they have looked up nothing. */
struct keeping {
    const char *name, *remedy, *unfinished, *without_lookup;
};

static const struct keeping KEEPING[] = {
    {"nginx", "It looks names up only at its start and at a reload, so reload it (nginx -s reload)",
     "Its reload was not completed: nginx -t and its error log say why",
     "See proxy_pass and the upstream blocks: libc is not asked for an address, nor for a name in a variable"},
    {"openresty", "It looks names up only at its start and at a reload, so reload it (openresty -s reload)",
     "Its reload was not completed: openresty -t and its error log say why",
     "See proxy_pass and the upstream blocks: libc is not asked for an address, nor for a name in a variable"},
    {"haproxy",
     "It looks names up only at its start, so reload it (systemctl reload haproxy, or SIGUSR2 to its master "
     "process) or restart it",
     "Its reload was not completed: haproxy -c -f with its configuration file, and its log, say why",
     "See the server lines: libc is not asked for an address, nor with init-addr none, nor with init-addr last and an "
     "address in the server-state file; init-addr libc asks it"},
};

static const struct keeping *keeping_of(const char *pid) {
    char *path = proc_file_target(pid, "exe");
    char *name = path != NULL ? path : proc_file_text(pid, "comm", NULL);
    const struct keeping *found = NULL;
    if (name != NULL)
        name[strcspn(name, "\n")] = '\0';
    for (size_t i = 0; name != NULL && found == NULL && i < sizeof(KEEPING) / sizeof(KEEPING[0]); i++)
        if (is_called(name, KEEPING[i].name))
            found = &KEEPING[i];
    free(name);
    return found;
}

const char *doctor_known_to_keep(const char *pid) {
    const struct keeping *found = keeping_of(pid);
    return found == NULL ? NULL : found->remedy;
}

/* A master of HAProxy leaves the lookups to its worker. */
const char *doctor_known_to_have_looked_up(const char *pid) {
    const struct keeping *found = keeping_of(pid);
    struct workers workers = workers_collect(pid);
    bool is_master = found != NULL && strcmp(found->name, "haproxy") == 0 && workers.count > 0;
    workers_free(&workers);
    return found == NULL || is_master ? NULL : found->without_lookup;
}

const char *doctor_known_unfinished(const char *pid) {
    const struct keeping *found = keeping_of(pid);
    return found == NULL ? NULL : found->unfinished;
}

/* nginx says so in the title of the process. */
bool doctor_known_to_end(const char *pid) {
    char *title = proc_file_text(pid, "cmdline", NULL);
    bool ends = title != NULL && keeping_of(pid) != NULL && strstr(title, "is shutting down") != NULL;
    free(title);
    return ends;
}

static bool is_interpreter(const char *path) {
    for (size_t i = 0; i < sizeof(ASKING) / sizeof(ASKING[0]); i++)
        if (is_called(path, ASKING[i].name))
            return true;
    return false;
}

bool doctor_known_interpreter(const char *path) {
    char *real = realpath(path, NULL);
    bool known = is_interpreter(path) || (real != NULL && is_interpreter(real));
    free(real);
    return known;
}
