#include "originbypass/values/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DNS_PORT = 53 };

bool address_equal(const struct address *a, const struct address *b) {
    return a->family == b->family && memcmp(a->octets, b->octets, address_size(a->family)) == 0;
}

void address_text(const struct address *address, char text[static INET6_ADDRSTRLEN]) {
    inet_ntop(address->family, address->octets, text, INET6_ADDRSTRLEN);
}

bool address_of_socket(const struct sockaddr *socket_address, struct address *address) {
    const void *of_its_family = socket_address;
    address->family = socket_address->sa_family;
    if (address->family == AF_INET)
        address->ipv4 = ((const struct sockaddr_in *)of_its_family)->sin_addr;
    else if (address->family == AF_INET6)
        address->ipv6 = ((const struct sockaddr_in6 *)of_its_family)->sin6_addr;
    return address->family == AF_INET || address->family == AF_INET6;
}

bool server_address_equal(const struct server_address *a, const struct server_address *b) {
    return a->port == b->port && address_equal(&a->address, &b->address);
}

void server_address_text(const struct server_address *server, char text[static SERVER_ADDRESS_TEXT_SIZE]) {
    char address[INET6_ADDRSTRLEN];
    address_text(&server->address, address);
    if (server->port == DNS_PORT)
        snprintf(text, SERVER_ADDRESS_TEXT_SIZE, "%s", address);
    else if (server->address.family == AF_INET)
        snprintf(text, SERVER_ADDRESS_TEXT_SIZE, "%s:%u", address, server->port);
    else
        snprintf(text, SERVER_ADDRESS_TEXT_SIZE, "[%s]:%u", address, server->port);
}

static size_t socket_address_size(int family) {
    return family == AF_INET ? sizeof(struct sockaddr_in) : family == AF_INET6 ? sizeof(struct sockaddr_in6) : SIZE_MAX;
}

bool address_is_whole(const struct addrinfo *info) {
    return info->ai_addr != NULL && info->ai_addrlen >= socket_address_size(info->ai_family) &&
           info->ai_addr->sa_family == info->ai_family;
}

bool address_parse(const char *text, struct address *address) {
    *address = (struct address){.family = AF_INET};
    if (inet_pton(AF_INET, text, &address->ipv4) == 1)
        return true;
    address->family = AF_INET6;
    return inet_pton(AF_INET6, text, &address->ipv6) == 1;
}

bool address_parse_part(const char *text, size_t length, struct address *address) {
    char part[INET6_ADDRSTRLEN];
    if (length >= sizeof(part))
        return false;
    memcpy(part, text, length);
    part[length] = '\0';
    return address_parse(part, address);
}

static bool parse_port(const char *text, uint16_t *port) {
    uint32_t value = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0')
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (uint32_t)(text[i] - '0');
    *port = (uint16_t)value;
    return value > 0 && value <= UINT16_MAX;
}

/* Where the port of `V4:PORT` or `[V6]:PORT` begins; NULL: there is no port. A bare IPv6 address has two colons or
 * more.
 */
static const char *find_port(const char *text) {
    const char *colon = text[0] == '[' ? strstr(text, "]:") : strchr(text, ':');
    if (colon == NULL)
        return NULL;
    if (text[0] == '[')
        return colon + 2;
    return strchr(colon + 1, ':') == NULL ? colon + 1 : NULL;
}

/* Only the address, without its brackets, if any. False: it is not an address. */
static bool parse_host(const char *text, size_t length, struct address *address) {
    if (length < 2 || text[0] != '[' || text[length - 1] != ']')
        return address_parse_part(text, length, address);
    return address_parse_part(text + 1, length - 2, address) && address->family == AF_INET6;
}

static bool is_one_host(const struct address *address) {
    if (address->family == AF_INET) {
        in_addr_t ipv4 = ntohl(address->ipv4.s_addr);
        return ipv4 != INADDR_ANY && ipv4 != INADDR_BROADCAST && !IN_MULTICAST(ipv4);
    }
    return !IN6_IS_ADDR_UNSPECIFIED(&address->ipv6) && !IN6_IS_ADDR_MULTICAST(&address->ipv6);
}

const char *server_address_parse(const char *text, struct server_address *server) {
    const char *port = find_port(text);
    size_t length = port == NULL ? strlen(text) : (size_t)(port - 1 - text);
    server->port = DNS_PORT;
    if (strchr(text, '%') != NULL)
        return "has a scope, which is not supported";
    if (!parse_host(text, length, &server->address))
        return "is not an IP address: expected ADDRESS, ADDRESS:PORT or [V6]:PORT";
    if (port != NULL && !parse_port(port, &server->port))
        return "has a bad port: expected 1 to 65535";
    if (!is_one_host(&server->address))
        return "is not the address of one server";
    if (server->address.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&server->address.ipv6))
        return "is link-local: it would need a scope, which is not supported";
    return NULL;
}
