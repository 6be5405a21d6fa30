/* One lookup by a C program: caller FUNCTION NAME [FAMILY [TIMES]]
 *
 * FUNCTION is getaddrinfo, gethostbyname, gethostbyname2, gethostbyname_r or gethostbyname2_r; FAMILY is unspec (the
 * default), inet or inet6. Prints the answer's addresses, one per line; or prints the name of the error and fails. With
 * TIMES it makes the call that many times, and prints the last answer.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int family_of(const char *word) {
    if (strcmp(word, "inet") == 0)
        return AF_INET;
    if (strcmp(word, "inet6") == 0)
        return AF_INET6;
    return AF_UNSPEC;
}

static const char *eai_name(int error) {
    switch (error) {
    case EAI_NONAME:
        return "EAI_NONAME";
    case EAI_NODATA:
        return "EAI_NODATA";
    case EAI_AGAIN:
        return "EAI_AGAIN";
    case EAI_FAIL:
        return "EAI_FAIL";
    default:
        return gai_strerror(error);
    }
}

static const char *herror_name(int error) {
    switch (error) {
    case HOST_NOT_FOUND:
        return "HOST_NOT_FOUND";
    case NO_DATA:
        return "NO_DATA";
    case TRY_AGAIN:
        return "TRY_AGAIN";
    case NO_RECOVERY:
        return "NO_RECOVERY";
    default:
        return hstrerror(error);
    }
}

static void print_address(int family, const void *address) {
    char text[INET6_ADDRSTRLEN];
    puts(inet_ntop(family, address, text, sizeof(text)));
}

static int print_addrinfo(const struct addrinfo *list) {
    for (const struct addrinfo *info = list; info; info = info->ai_next) {
        if (info->ai_family == AF_INET)
            print_address(AF_INET, &((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_addr);
        else
            print_address(AF_INET6, &((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_addr);
    }
    return 0;
}

static int print_hostent(const struct hostent *host, int error) {
    if (!host) {
        puts(herror_name(error));
        return 1;
    }
    for (char **address = host->h_addr_list; *address; address++)
        print_address(host->h_addrtype, *address);
    return 0;
}

static int with_getaddrinfo(const char *name, int family, int print) {
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int error = getaddrinfo(name, "443", &hints, &list);
    if (error) {
        if (print)
            puts(eai_name(error));
        return 1;
    }
    if (print)
        print_addrinfo(list);
    freeaddrinfo(list);
    return 0;
}

static int with_gethostby(const char *function, const char *name, int family, int print) {
    static char buffer[65536];
    struct hostent storage;
    struct hostent *host = NULL;
    int error = 0;
    if (strcmp(function, "gethostbyname") == 0)
        host = gethostbyname(name);
    else if (strcmp(function, "gethostbyname2") == 0)
        host = gethostbyname2(name, family);
    else if (strcmp(function, "gethostbyname_r") == 0)
        gethostbyname_r(name, &storage, buffer, sizeof(buffer), &host, &error);
    else
        gethostbyname2_r(name, family, &storage, buffer, sizeof(buffer), &host, &error);
    if (!strstr(function, "_r"))
        error = h_errno;
    return print ? print_hostent(host, error) : !host;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("usage: caller FUNCTION NAME [FAMILY [TIMES]]\n", stderr);
        return 2;
    }
    int family = family_of(argc > 3 ? argv[3] : "unspec");
    int failed = 0;
    for (int left = argc > 4 ? atoi(argv[4]) : 1; left > 0; left--) {
        if (strcmp(argv[1], "getaddrinfo") == 0)
            failed = with_getaddrinfo(argv[2], family, left == 1);
        else
            failed = with_gethostby(argv[1], argv[2], family, left == 1);
    }
    return failed;
}
