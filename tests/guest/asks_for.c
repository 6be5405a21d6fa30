/* One call, and its result: asks_for NAME [SERVICE FAMILY SOCKTYPE PROTOCOL]
 *
 * With a service, it calls getaddrinfo(3) and prints "FAMILY SOCKTYPE PROTOCOL ADDRESS PORT" for each node, or the
 * error; the three in the arguments are numbers. Without, it calls gethostbyname(3) and prints the type of the address.
 */
#include <stdlib.h>

#include "guest.h"

static void print(const struct addrinfo *info) {
    char address[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
    getnameinfo(info->ai_addr, info->ai_addrlen, address, sizeof(address), port, sizeof(port),
                NI_NUMERICHOST | NI_NUMERICSERV);
    printf("%d %d %d %s %s\n", info->ai_family, info->ai_socktype, info->ai_protocol, address, port);
}

int main(int argc, char **argv) {
    struct addrinfo hints, *list = NULL;
    if (argc == 2) {
        const struct hostent *host = gethostbyname(argv[1]);
        printf("%d\n", host == NULL ? -1 : host->h_addrtype);
        return 0;
    }
    if (argc != 6)
        return 2;
    hints = (struct addrinfo){.ai_family = atoi(argv[3]), .ai_socktype = atoi(argv[4]), .ai_protocol = atoi(argv[5])};
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error != 0) {
        puts(gai_strerror(error));
        return 0;
    }
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
        print(info);
    freeaddrinfo(list);
    return 0;
}
