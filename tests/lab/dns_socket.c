/* Has a UDP socket to a DNS server, and waits until its standard input ends: dns_socket MODE ADDRESS
 *
 * Says "ready" once it has the socket. MODE "epoll" puts it into an epoll set, as a program's own resolver does, and
 * "poll" into none, as libc does. "unconnected" puts one into an epoll set that has no peer. "number" puts another file
 * into the set, and then gives the socket that file's number.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 53 };

static int connected_to(const char *text) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct sockaddr_in6 address6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
    if (inet_pton(AF_INET, text, &address.sin_addr) == 1) {
        int number = socket(AF_INET, SOCK_DGRAM, 0);
        return connect(number, (const void *)&address, sizeof(address)) == 0 ? number : -1;
    }
    int number = socket(AF_INET6, SOCK_DGRAM, 0);
    if (inet_pton(AF_INET6, text, &address6.sin6_addr) != 1)
        return -1;
    return connect(number, (const void *)&address6, sizeof(address6)) == 0 ? number : -1;
}

/* Bound: otherwise the kernel does not list it. */
static int bound(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    int number = socket(AF_INET, SOCK_DGRAM, 0);
    return bind(number, (const void *)&address, sizeof(address)) == 0 ? number : -1;
}

static int put_into_epoll(int number) {
    struct epoll_event event = {.events = EPOLLIN};
    int set = epoll_create1(0);
    return epoll_ctl(set, EPOLL_CTL_ADD, number, &event);
}

static int take_number_from_epoll(int number) {
    int other = eventfd(0, 0);
    return put_into_epoll(other) == 0 && dup(other) >= 0 && dup2(number, other) == other ? close(number) : -1;
}

static int use(const char *mode, int number) {
    if (strcmp(mode, "number") == 0)
        return take_number_from_epoll(number);
    return strcmp(mode, "poll") == 0 ? 0 : put_into_epoll(number);
}

int main(int count, char **arguments) {
    if (count != 3)
        return 2;
    int number = strcmp(arguments[1], "unconnected") == 0 ? bound() : connected_to(arguments[2]);
    if (number < 0 || use(arguments[1], number) != 0) {
        perror(arguments[2]);
        return 1;
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}
