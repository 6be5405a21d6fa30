#include "originbypass/doors/hostent.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* nss_dns aligns addresses of both families to four octets, wherever the caller's buffer begins. */
#define ADDRESS_ALIGNMENT 4

/* Where each part is in the buffer, in the order of nss_dns. So a program's buffer that is large enough for libc is
 * large enough for us. */
struct layout {
    size_t targets;
    size_t addresses;
    size_t address_list;
    size_t aliases;
    size_t end;
};

static size_t aligned(const char *buffer, size_t offset, size_t alignment) {
    size_t beyond = ((uintptr_t)buffer + offset) % alignment;
    return beyond == 0 ? offset : offset + alignment - beyond;
}

/* The names in the CNAME chain after the one that was asked for. */
struct targets {
    const char *names;
    size_t octets;
    size_t count;
};

static struct targets targets_of(const struct answer *answer) {
    if (answer->name_count < 2)
        return (struct targets){.names = ""};
    const char *first = answer_first_name(answer);
    const char *second = first + strlen(first) + 1;
    const char *last = answer_canonical_name(answer);
    return (struct targets){
        .names = second,
        .octets = (size_t)(last - second) + strlen(last) + 1,
        .count = answer->name_count - 1U,
    };
}

static size_t length_without_final_dot(const char *name) {
    size_t length = strlen(name);
    return length > 0 && name[length - 1] == '.' ? length - 1 : length;
}

static struct layout lay_out(const struct answer *answer, size_t name_length, const struct targets *targets,
                             const char *buffer) {
    struct layout layout;
    size_t addresses_size = answer->address_count * address_size(answer->family);
    layout.targets = name_length + 1;
    layout.addresses = aligned(buffer, layout.targets + targets->octets, ADDRESS_ALIGNMENT);
    layout.address_list = aligned(buffer, layout.addresses + addresses_size, _Alignof(char *));
    layout.aliases = layout.address_list + (answer->address_count + 1U) * sizeof(char *);
    layout.end = layout.aliases + (targets->count + 1) * sizeof(char *);
    return layout;
}

/* Every name except the last is an alias. The last is the official one, which is returned. */
static char *fill_aliases(char **aliases, char *first, size_t target_count) {
    char *name = first;
    for (size_t i = 0; i < target_count; i++) {
        aliases[i] = name;
        name += strlen(name) + 1;
    }
    aliases[target_count] = NULL;
    return name;
}

static void fill_addresses(char **list, char *addresses, const struct answer *answer) {
    size_t size = address_size(answer->family);
    memcpy(addresses, answer_addresses(answer), answer->address_count * size);
    for (size_t i = 0; i < answer->address_count; i++)
        list[i] = addresses + i * size;
    list[answer->address_count] = NULL;
}

/*
 * In the C locale, which glibc uses for names. glibc also looks for a colon at the beginning, but no name of ours
 * begins with one.
 */
static bool begins_like_an_address(const char *name) {
    return (*name >= '0' && *name <= '9') || (*name >= 'a' && *name <= 'f') || (*name >= 'A' && *name <= 'F');
}

size_t hostent_least_size(const char *name) {
    /* An IPv6 address, a list of addresses and a list of aliases; each list ends with a NULL. */
    const size_t room = sizeof(struct in6_addr) + 3 * sizeof(char *);
    return begins_like_an_address(name) ? room + strlen(name) + 1 : 0;
}

int hostent_fill(const struct answer *answer, const char *name, struct hostent *host, char *buffer, size_t size) {
    size_t name_length = length_without_final_dot(name);
    struct targets targets = targets_of(answer);
    struct layout layout = lay_out(answer, name_length, &targets, buffer);
    if (layout.end > size)
        return ERANGE;
    memcpy(buffer, name, name_length);
    buffer[name_length] = '\0';
    memcpy(buffer + layout.targets, targets.names, targets.octets);
    host->h_aliases = (char **)(void *)(buffer + layout.aliases);
    host->h_name = fill_aliases(host->h_aliases, buffer, targets.count);
    host->h_addr_list = (char **)(void *)(buffer + layout.address_list);
    fill_addresses(host->h_addr_list, buffer + layout.addresses, answer);
    host->h_addrtype = answer->family;
    host->h_length = (int)address_size(answer->family);
    return 0;
}
