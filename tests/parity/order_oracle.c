/*
 * Is our order of addresses the same as libc's? This program gives both the same addresses, thousands of times:
 *
 * - libc gets them from the hosts file, which is rewritten for each set and is the only source (`hosts: files` in
 *   nsswitch.conf, `multi on` in host.conf). For AF_UNSPEC, glibc reads its lines one by one, IPv4 and IPv6 mixed, and
 *   keeps the addresses in that order, including duplicates and IPv4-mapped ones. So we know exactly the order from
 *   which its sort starts, and it can be one that DNS would never give;
 * - order_addresses() gets them as an array.
 *
 * Both run in one process, and so with one gai.conf and one set of interfaces. The script `order` beside this file
 * makes hosts of every kind in namespaces. Each has its own file system at /etc, and this program refuses to write to
 * any other.
 *
 * Sets come from a generator with a seed, which is printed. They have addresses near those of the script's interfaces,
 * and of every kind that a rule examines. Half of the sets are in the order of DNS, all IPv4 before all IPv6. With
 * these, a call without a socket type, for which libc sorts every address three times, must give the same order.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "originbypass/order/order.h"

#define NAME "set.test"
#define MOST_ADDRESSES 3000

struct set {
    struct address addresses[MOST_ADDRESSES];
    size_t count;
};

static uint64_t seed;
static uint64_t random_state;

static uint64_t random_word(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static size_t random_below(size_t bound) {
    return (size_t)(random_word() % bound);
}

/* Every kind of address that a rule or a table distinguishes, and the networks of the script's interfaces. */
static const char *const networks[] = {
    "192.0.2.0/24",
    "192.0.2.64/28",
    "198.51.100.0/24",
    "198.51.100.128/25",
    "203.0.113.0/24",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "127.0.0.1/32",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "255.255.255.255/32",
    "0.0.0.0/32",
    "0.0.0.0/0",
    "2001:db8:1::/64",
    "2001:db8:1::/48",
    "2001:db8:2::/64",
    "2001:db8::/32",
    "2000::/3",
    "2001::/32",
    "2002::/16",
    "2002:c000:200::/40",
    "fc00::/7",
    "fd00:1::/64",
    "fd00:1::/48",
    "fe80::/64",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "ff02::/16",
    "ff0e::/16",
    "ff05::/16",
    "::1/128",
    "::/128",
    "::/96",
    "::ffff:0.0.0.0/96",
    "::ffff:192.0.2.0/120",
    "::ffff:127.0.0.0/104",
    "64:ff9b::/96",
    "::/0",
};

static struct address random_address_in(const char *network) {
    char text[INET6_ADDRSTRLEN];
    size_t length = strcspn(network, "/");
    struct address address = {.family = strchr(network, ':') != NULL ? AF_INET6 : AF_INET};
    memcpy(text, network, length);
    text[length] = '\0';
    inet_pton(address.family, text, address.octets);
    size_t bits = 8 * address_size(address.family);
    size_t fixed = strtoul(network + length + 1, NULL, 10);
    /* Sometimes more of the network's own bits are kept, so that addresses differ only in late bits. */
    if (random_below(3) == 0)
        fixed += random_below(bits - fixed + 1);
    for (size_t bit = fixed; bit < bits; bit++)
        if (random_below(2) == 1)
            address.octets[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    return address;
}

static int ipv4_before_ipv6(const void *left, const void *right) {
    const struct address *first = left;
    const struct address *second = right;
    return (first->family == AF_INET6) - (second->family == AF_INET6);
}

static void make_set(struct set *set, bool as_from_dns) {
    static const size_t usual_most[] = {3, 6, 12, 60};
    set->count = 1 + random_below(usual_most[random_below(4)]);
    for (size_t i = 0; i < set->count; i++) {
        bool again = i > 0 && random_below(10) == 0;
        set->addresses[i] = again ? set->addresses[random_below(i)]
                                  : random_address_in(networks[random_below(sizeof(networks) / sizeof(networks[0]))]);
    }
    if (as_from_dns)
        qsort(set->addresses, set->count, sizeof(set->addresses[0]), ipv4_before_ipv6);
}

static void fail(const char *what, const char *on) {
    fprintf(stderr, "order_oracle: %s: ", what);
    perror(on);
    exit(2);
}

static void write_hosts(const struct set *set) {
    FILE *hosts = fopen("/etc/hosts", "we");
    if (hosts == NULL)
        fail("cannot write", "/etc/hosts");
    for (size_t i = 0; i < set->count; i++) {
        char text[INET6_ADDRSTRLEN];
        const struct address *address = &set->addresses[i];
        fprintf(hosts, "%s " NAME "\n", inet_ntop(address->family, address->octets, text, sizeof(text)));
    }
    if (fclose(hosts) != 0)
        fail("cannot write", "/etc/hosts");
}

static struct address address_of(const struct addrinfo *node) {
    struct address address = {.family = (sa_family_t)node->ai_family};
    if (node->ai_family == AF_INET)
        address.ipv4 = ((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr;
    else
        address.ipv6 = ((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr;
    return address;
}

static struct addrinfo *ask_libc(int socket_type) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = socket_type};
    struct addrinfo *list;
    int error = getaddrinfo(NAME, NULL, &hints, &list);
    if (error != 0) {
        fprintf(stderr, "order_oracle: getaddrinfo: %s\n", gai_strerror(error));
        exit(2);
    }
    return list;
}

static bool same_address(const struct address *left, const struct address *right) {
    return left->family == right->family && memcmp(left->octets, right->octets, address_size(left->family)) == 0;
}

static void print_address(const char *before, const struct address *address) {
    char text[INET6_ADDRSTRLEN];
    printf("%s%s", before, inet_ntop(address->family, address->octets, text, sizeof(text)));
}

static void print_difference(const struct set *set, const uint16_t *order, const struct addrinfo *list) {
    printf("given:");
    for (size_t i = 0; i < set->count; i++)
        print_address(" ", &set->addresses[i]);
    printf("\nlibc: ");
    for (; list != NULL; list = list->ai_next) {
        struct address address = address_of(list);
        print_address(" ", &address);
    }
    printf("\nours: ");
    for (size_t i = 0; i < set->count; i++)
        print_address(" ", &set->addresses[order[i]]);
    printf("\n");
}

/* Whether libc's list equals ours, with each address in it `copies` times. */
static bool agrees(const struct set *set, const uint16_t *order, const struct addrinfo *list, size_t copies) {
    for (size_t i = 0; i < set->count * copies; i++, list = list->ai_next) {
        if (list == NULL)
            return false;
        struct address address = address_of(list);
        if (!same_address(&address, &set->addresses[order[i / copies]]))
            return false;
    }
    return list == NULL;
}

static bool compare_with(const struct set *set, const uint16_t *order, int socket_type) {
    struct addrinfo *list = ask_libc(socket_type);
    bool same = agrees(set, order, list, socket_type == 0 ? 3 : 1);
    if (!same)
        print_difference(set, order, list);
    freeaddrinfo(list);
    return same;
}

static bool compare(const struct set *set, bool as_from_dns) {
    uint16_t order[MOST_ADDRESSES];
    write_hosts(set);
    if (!order_addresses(set->addresses, set->count, order)) {
        printf("order_addresses() found no order\n");
        return false;
    }
    return compare_with(set, order, SOCK_STREAM) && (!as_from_dns || compare_with(set, order, 0));
}

static void require_own_etc(void) {
    struct stat etc;
    struct stat root;
    struct stat mark;
    if (stat("/etc", &etc) != 0 || stat("/", &root) != 0)
        fail("cannot look at", "/etc");
    if (etc.st_dev == root.st_dev || stat("/etc/order-oracle", &mark) != 0) {
        fprintf(stderr, "order_oracle: /etc is not the script's: run tests/parity/order\n");
        exit(2);
    }
}

static struct set set;

static bool compare_random_sets(size_t count) {
    size_t addresses = 0;
    for (size_t i = 0; i < count; i++) {
        bool as_from_dns = i % 2 == 0;
        make_set(&set, as_from_dns);
        addresses += set.count;
        if (!compare(&set, as_from_dns)) {
            printf("DIFFERENT in set %zu of seed %" PRIu64 "\n", i, seed);
            return false;
        }
    }
    printf("same: %zu sets, %zu addresses\n", count, addresses);
    return true;
}

static bool compare_one_large_set(void) {
    set.count = MOST_ADDRESSES;
    for (size_t i = 0; i < set.count; i++)
        set.addresses[i] = random_address_in(networks[random_below(sizeof(networks) / sizeof(networks[0]))]);
    bool same = compare(&set, false);
    printf("%s: one set of %d addresses\n", same ? "same" : "DIFFERENT", MOST_ADDRESSES);
    return same;
}

static void write_gai_conf(const char *text, time_t modified) {
    FILE *file = fopen("/etc/gai.conf", "we");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        fail("cannot write", "/etc/gai.conf");
    const struct timespec times[2] = {{.tv_sec = modified}, {.tv_sec = modified}};
    if (utimensat(AT_FDCWD, "/etc/gai.conf", times, 0) != 0)
        fail("cannot set the time of", "/etc/gai.conf");
}

/* One process whose gai.conf changes while it runs: we obey `reload` as libc does. */
static bool compare_across_changes(size_t sets) {
    static const struct {
        const char *what;
        const char *text; /* NULL: remove the file */
        time_t modified;
    } changes[] = {
        {"reload, IPv4 first", "reload yes\nprecedence ::ffff:0:0/96 100\n", 1000},
        {"another text", "precedence ::ffff:0:0/96 5\nlabel 2001:db8::/32 9\n", 1001},
        {"another text, the same time", "precedence ::ffff:0:0/96 100\n", 1001},
        {"no file", NULL, 0},
        {"the file is back, the same time", "precedence ::ffff:0:0/96 100\n", 1001},
        {"the file is back, another time", "precedence ::ffff:0:0/96 100\n", 1002},
        {"reload no", "reload no\nscopev4 ::ffff:10.0.0.0/104 1\n", 1003},
        {"a change that is not read any more", "reload yes\nprecedence ::ffff:0:0/96 100\n", 1004},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        if (changes[i].text == NULL)
            unlink("/etc/gai.conf");
        else
            write_gai_conf(changes[i].text, changes[i].modified);
        printf("gai.conf: %s: ", changes[i].what);
        if (!compare_random_sets(sets))
            return false;
    }
    return true;
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: order_oracle random|large|reload SEED SETS\n");
        return 2;
    }
    require_own_etc();
    seed = strtoull(arguments[2], NULL, 10);
    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    size_t sets = strtoul(arguments[3], NULL, 10);
    bool same;
    if (strcmp(arguments[1], "large") == 0)
        same = compare_one_large_set();
    else if (strcmp(arguments[1], "reload") == 0)
        same = compare_across_changes(sets);
    else
        same = compare_random_sets(sets);
    return same ? 0 : 1;
}
