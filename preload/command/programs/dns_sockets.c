#include "originbypass/command/programs/dns_sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/proc_file.h"

/* A process may have made any number of them. */
enum { SOCKETS_MAX = 4096, POLLS_MAX = 256 };

enum { PORT_DNS = 53, PORT_DNS_OVER_TLS = 853 };

/* --- the sockets of its network namespace ------------------------------------------------------------------------- */

/* An address is hexadecimal, in words of 32 bits in this machine's order of octets. */
static int read_peer(const char *hexadecimal, size_t length, struct in6_addr *address) {
    size_t words = length / 8;
    char word[9] = "";
    if (length % 8 != 0 || (words != 1 && words != 4))
        return AF_UNSPEC;
    for (size_t i = 0; i < words; i++) {
        memcpy(word, hexadecimal + i * 8, 8);
        uint32_t value = (uint32_t)strtoul(word, NULL, 16);
        memcpy((char *)address + i * sizeof(value), &value, sizeof(value));
    }
    return words == 1 ? AF_INET : AF_INET6;
}

/* `SLOT: LOCAL:PORT PEER:PORT STATE QUEUES TIMER RETRANSMITTED USER TIMEOUT INODE`. False: not to a DNS server. */
static bool read_socket(char *line, struct dns_socket *socket) {
    enum { PEER = 2, INODE = 9 };
    char *rest = NULL, *fields[INODE + 1];
    size_t count = 0;
    for (char *field = strtok_r(line, " ", &rest); field != NULL && count <= INODE; field = strtok_r(NULL, " ", &rest))
        fields[count++] = field;
    const char *colon = count <= INODE ? NULL : strchr(fields[PEER], ':');
    if (colon == NULL)
        return false;
    socket->port = (unsigned)strtoul(colon + 1, NULL, 16);
    socket->inode = strtoul(fields[INODE], NULL, 10);
    socket->family = read_peer(fields[PEER], (size_t)(colon - fields[PEER]), &socket->address);
    return (socket->port == PORT_DNS || socket->port == PORT_DNS_OVER_TLS) && socket->inode != 0 &&
           socket->family != AF_UNSPEC;
}

static void read_table(const char *pid, const char *table, bool tcp, struct dns_sockets *list) {
    char *text = proc_file_text(pid, table, NULL), *rest = text;
    for (char *line; text != NULL && (line = strsep(&rest, "\n")) != NULL && list->count < SOCKETS_MAX;) {
        struct dns_socket socket = {.tcp = tcp, .descriptor = -1};
        if (!read_socket(line, &socket))
            continue;
        list->sockets = memory_resize(list->sockets, list->count + 1, sizeof(list->sockets[0]));
        list->sockets[list->count++] = socket;
    }
    free(text);
}

static int compare_inodes(const void *one, const void *other) {
    unsigned long left = ((const struct dns_socket *)one)->inode, right = ((const struct dns_socket *)other)->inode;
    return (left > right) - (left < right);
}

/* --- those that it has -------------------------------------------------------------------------------------------- */

/* The open files of a process that matter here. */
struct open_files {
    struct dns_sockets *list; /* by inode */
    int polls[POLLS_MAX];     /* numbers of its epoll sets */
    size_t poll_count;
};

static void look_at_link(struct open_files *files, int number, const char *target) {
    static const char beginning[] = "socket:[", epoll[] = "anon_inode:[eventpoll]";
    if (strcmp(target, epoll) == 0 && files->poll_count < POLLS_MAX)
        files->polls[files->poll_count++] = number;
    if (strncmp(target, beginning, strlen(beginning)) != 0)
        return;
    struct dns_socket wanted = {.inode = strtoul(target + strlen(beginning), NULL, 10)}, *found;
    found = bsearch(&wanted, files->list->sockets, files->list->count, sizeof(wanted), compare_inodes);
    if (found == NULL)
        return;
    found->is_held = true;
    found->descriptor = number;
}

static void read_links(const char *pid, struct open_files *files) {
    char *path = text_format("/proc/%s/fd", pid), target[64];
    DIR *directory = opendir(path);
    for (struct dirent *entry;
         directory != NULL && (entry = readdir(directory)) != NULL;) { // NOLINT(concurrency-mt-unsafe)
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);
        target[length < 0 ? 0 : length] = '\0';
        look_at_link(files, atoi(entry->d_name), target); // NOLINT(cert-err34-c): the kernel writes numbers
    }
    if (directory != NULL)
        closedir(directory);
    free(path);
}

/* The number may be another file's by now, if that file is still open under a second number. Before Linux 4.13 the
 * kernel does not tell the inode. */
static void mark_polled(struct dns_sockets *list, int descriptor, const unsigned long *inode) {
    for (size_t i = 0; i < list->count; i++)
        if (list->sockets[i].descriptor == descriptor && (inode == NULL || list->sockets[i].inode == *inode))
            list->sockets[i].is_polled = true;
}

/* `tfd: NUMBER events: … data: … pos:… ino:INODE sdev:…`, a line for each file of the set. */
static void read_poll_line(const char *line, struct dns_sockets *list) {
    int descriptor = -1;
    const char *field = strstr(line, " ino:");
    unsigned long inode = field == NULL ? 0 : strtoul(field + strlen(" ino:"), NULL, 16);
    if (sscanf(line, "tfd: %d", &descriptor) == 1) // NOLINT(cert-err34-c): the kernel writes numbers
        mark_polled(list, descriptor, field == NULL ? NULL : &inode);
}

static void read_poll(const char *pid, int number, struct dns_sockets *list) {
    char *file = text_format("fdinfo/%d", number), *text = proc_file_text(pid, file, NULL), *rest = text;
    for (char *line; text != NULL && (line = strsep(&rest, "\n")) != NULL;)
        read_poll_line(line, list);
    free(text);
    free(file);
}

static void drop_others(struct dns_sockets *list) {
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->sockets[i].is_held)
            list->sockets[kept++] = list->sockets[i];
    list->count = kept;
}

struct dns_sockets dns_sockets_collect(const char *pid) {
    static const struct {
        const char *name;
        bool tcp;
    } tables[] = {{"net/udp", false}, {"net/udp6", false}, {"net/tcp", true}, {"net/tcp6", true}};
    struct dns_sockets list = {0};
    struct open_files files = {.list = &list};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        read_table(pid, tables[i].name, tables[i].tcp, &list);
    if (list.count == 0)
        return list;
    qsort(list.sockets, list.count, sizeof(list.sockets[0]), compare_inodes);
    read_links(pid, &files);
    drop_others(&list);
    for (size_t i = 0; i < files.poll_count && list.count > 0; i++)
        read_poll(pid, files.polls[i], &list);
    return list;
}

void dns_sockets_free(struct dns_sockets *list) {
    free(list->sockets);
    *list = (struct dns_sockets){0};
}

char *dns_socket_text(const struct dns_socket *socket) {
    char address[INET6_ADDRSTRLEN] = "";
    bool bracketed = socket->family == AF_INET6;
    inet_ntop(socket->family, &socket->address, address, sizeof(address));
    return text_format("%s %s%s%s:%u", socket->tcp ? "TCP" : "UDP", bracketed ? "[" : "", address, bracketed ? "]" : "",
                       socket->port);
}
