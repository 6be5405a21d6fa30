/* Calls of the gethostbyname(3) family, and their complete results: hostents few|many|usual|sizes NAME...
 *
 * few     each name with each function in one family, and also the reentrant one in the other
 * many    each name with each function and each family
 * usual   each name with each function and the families of IP
 * sizes   the reentrant ones with a buffer of every size, up to a little more than enough, in memory that begins at
 *         several offsets from an aligned address
 *
 * h_errno is printed if its manual page gives it a meaning: after NULL, and what the reentrant functions store. errno
 * is printed only for ERANGE and similar errors, which the reentrant functions return, and only with glibc.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int families[] = {AF_INET, AF_INET6, AF_UNSPEC, AF_UNIX, -1};

static void print_names(char **names) {
    for (; *names != NULL; names++) {
        putchar(' ');
        print_text(*names);
    }
}

static void print_addresses(const struct hostent *host) {
    for (char **address = host->h_addr_list; *address != NULL; address++) {
        char text[INET6_ADDRSTRLEN] = "?";
        inet_ntop(host->h_addrtype, *address, text, sizeof(text));
        printf(" %s%s", text, (uintptr_t)*address % _Alignof(struct in_addr) == 0 ? "" : " not aligned");
    }
}

static void print_host(const struct hostent *host) {
    printf(" type %d length %d ", host->h_addrtype, host->h_length);
    print_text(host->h_name);
    fputs(" aliases", stdout);
    print_names(host->h_aliases);
    fputs(" addresses", stdout);
    print_addresses(host);
}

static void print_call(const char *function, const char *name, int family) {
    printf("%s ", function);
    print_text(name);
    printf(" family %d", family);
}

/* ---- into libc's memory ---- */

static void print_own(const char *name, const struct hostent *host) {
    fputs(" ->", stdout);
    if (host == NULL) {
        printf(" NULL h_errno %d\n", h_errno);
        return;
    }
    check_errno_kept(name);
    print_host(host);
    putchar('\n');
}

static void begin(void) {
    errno = ERRNO_BEFORE;
    h_errno = NETDB_SUCCESS;
}

static void call_gethostbyname(const char *name) {
    print_call("gethostbyname", name, AF_INET);
    begin();
    print_own(name, gethostbyname(name));
}

static void call_gethostbyname2(const char *name, int family) {
    print_call("gethostbyname2", name, family);
    begin();
    print_own(name, gethostbyname2(name, family));
}

/* ---- into the caller's memory ---- */

#define GUARD 64
#define GUARD_OCTET 0xa5

static bool is_intact(const char *guard) {
    for (size_t i = 0; i < GUARD; i++)
        if ((unsigned char)guard[i] != GUARD_OCTET)
            return false;
    return true;
}

/* Calls gethostbyname_r(3) if the family is 0, otherwise gethostbyname2_r(3), and returns its result. */
static int call_r(const char *name, bool has_family, int family, size_t offset, size_t size) {
    struct hostent host, *result = &host;
    int host_error = -2;
    char *memory = malloc(GUARD + offset + size + GUARD);
    if (memory == NULL)
        abort();
    memset(memory, GUARD_OCTET, GUARD + offset + size + GUARD);
    char *buffer = memory + GUARD + offset;
    print_call(has_family ? "gethostbyname2_r" : "gethostbyname_r", name, family);
    printf(" %zu octets at %zu", size, offset);
    begin();
    int returned = has_family ? gethostbyname2_r(name, family, &host, buffer, size, &result, &host_error)
                              : gethostbyname_r(name, &host, buffer, size, &result, &host_error);
    printf(" -> %d h_errno %d", returned, host_error);
    if (returned != 0 && TELLS_ERRNO)
        printf(" errno %d", errno);
    if (result == NULL)
        fputs(" NULL", stdout);
    else if (result != &host)
        fputs(" a result that is not the caller's", stdout);
    else {
        check_errno_kept(name);
        print_host(result);
    }
    if (!is_intact(memory + offset) || !is_intact(buffer + size))
        fprintf(stderr, "%s wrote outside of its buffer of %zu octets\n", name, size);
    putchar('\n');
    free(memory);
    return returned;
}

#define ENOUGH 65536

static void few(const char *name) {
    ALONE(call_gethostbyname(name));
    ALONE(call_gethostbyname2(name, AF_INET6));
    ALONE(call_r(name, false, AF_INET, 0, ENOUGH));
    ALONE(call_r(name, true, AF_INET, 0, ENOUGH));
    ALONE(call_r(name, true, AF_INET6, 0, ENOUGH));
}

/* With the first families. */
static void many(const char *name, size_t count) {
    call_gethostbyname(name);
    call_r(name, false, AF_INET, 0, ENOUGH);
    for (size_t i = 0; i < count; i++) {
        call_gethostbyname2(name, families[i]);
        call_r(name, true, families[i], 0, ENOUGH);
    }
}

#define BEYOND 16

static void every_size(const char *name, bool has_family, int family) {
    static const size_t offsets[] = {0, 1, 4, 6};
    for (size_t i = 0; i < COUNT(offsets); i++) {
        size_t size = 0;
        while (size < ENOUGH && call_r(name, has_family, family, offsets[i], size) == ERANGE)
            size++;
        for (size_t more = 1; more <= BEYOND; more++)
            call_r(name, has_family, family, offsets[i], size + more);
    }
}

static void sizes(const char *name) {
    every_size(name, false, AF_INET);
    every_size(name, true, AF_INET);
    every_size(name, true, AF_INET6);
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[1], "few") == 0)
            few(argv[i]);
        else if (strcmp(argv[1], "many") == 0)
            many(argv[i], COUNT(families));
        else if (strcmp(argv[1], "usual") == 0)
            many(argv[i], 2);
        else
            sizes(argv[i]);
    }
    return 0;
}
