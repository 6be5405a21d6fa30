/* A long-running program: looks up each name that it reads, and prints its first IPv4 address, or "-".
 *
 * asks [DIRECTORY]: changes its root to this directory first.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void ask(const char *name) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
    char text[INET_ADDRSTRLEN] = "-";
    if (getaddrinfo(name, "443", &hints, &list) == 0) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_addr, text, sizeof(text));
        freeaddrinfo(list);
    }
    puts(text);
    fflush(stdout);
}

int main(int count, char **arguments) {
    char name[256];
    if (count == 2 && (chroot(arguments[1]) != 0 || chdir("/") != 0)) {
        perror(arguments[1]);
        return 1;
    }
    while (fgets(name, sizeof(name), stdin) != NULL) {
        name[strcspn(name, "\n")] = '\0';
        ask(name);
    }
    return 0;
}
