#include "originbypass/order/interfaces.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "originbypass/guest/descriptor.h"

/* The message that asks the kernel for all of a kind. */
struct netlink_request {
    struct nlmsghdr header;
    struct rtgenmsg body;
};

/* libc reads with a buffer of this size, and gives up where the kernel's message is longer. */
#define REPLY_SIZE 4096

enum dump_state { DUMP_MORE, DUMP_DONE, DUMP_FAILED };

typedef void message_handler(void *context, const struct nlmsghdr *message);

static bool open_rtnetlink(struct descriptor *rtnetlink, uint32_t *port) {
    struct sockaddr_nl own = {.nl_family = AF_NETLINK};
    socklen_t size = sizeof(own);
    if (!descriptor_take(rtnetlink, socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)))
        return false;
    if (bind(rtnetlink->number, (const struct sockaddr *)&own, sizeof(own)) == 0 &&
        getsockname(rtnetlink->number, (struct sockaddr *)&own, &size) == 0) {
        *port = own.nl_pid;
        return true;
    }
    descriptor_close(rtnetlink);
    return false;
}

static bool ask_kernel(const struct descriptor *rtnetlink, uint16_t type) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct netlink_request request = {
        .header = {.nlmsg_len = sizeof(request), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.rtgen_family = AF_UNSPEC},
    };
    return descriptor_is_ours(rtnetlink) &&
           sendto(rtnetlink->number, &request, sizeof(request), MSG_NOSIGNAL, (const struct sockaddr *)&kernel,
                  sizeof(kernel)) == (ssize_t)sizeof(request);
}

/*
 * The kernel has the next part of its answer ready before we ask for it: so there is no need to wait, and no
 * danger to wait for ever, should the number lead to another socket by now.
 */
static enum dump_state read_messages(const struct descriptor *rtnetlink, uint32_t port, message_handler *handle,
                                     void *context) {
    _Alignas(struct nlmsghdr) char reply[REPLY_SIZE];
    struct sockaddr_nl sender;
    struct iovec part = {reply, sizeof(reply)};
    struct msghdr received = {.msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &part, .msg_iovlen = 1};
    if (!descriptor_is_ours(rtnetlink))
        return DUMP_FAILED;
    ssize_t size = recvmsg(rtnetlink->number, &received, MSG_DONTWAIT);
    if (size <= 0 || (received.msg_flags & MSG_TRUNC) != 0)
        return DUMP_FAILED;
    enum dump_state state = DUMP_MORE;
    for (const struct nlmsghdr *message = (const struct nlmsghdr *)(void *)reply; NLMSG_OK(message, size);
         message = NLMSG_NEXT(message, size)) {
        if (sender.nl_pid != 0 || message->nlmsg_pid != port)
            continue;
        if (message->nlmsg_type == NLMSG_ERROR)
            return DUMP_FAILED;
        if (message->nlmsg_type == NLMSG_DONE)
            state = DUMP_DONE;
        else
            handle(context, message);
    }
    return state;
}

/* Have the kernel list all of a kind. False: it does not, or stopped halfway; errno says of the socket why. */
static bool dump(uint16_t type, message_handler *handle, void *context) {
    struct descriptor rtnetlink;
    uint32_t port;
    if (!open_rtnetlink(&rtnetlink, &port))
        return false;
    enum dump_state state = ask_kernel(&rtnetlink, type) ? DUMP_MORE : DUMP_FAILED;
    while (state == DUMP_MORE)
        state = read_messages(&rtnetlink, port, handle, context);
    descriptor_close(&rtnetlink);
    return state == DUMP_DONE;
}

struct collection {
    struct interface_list list;
    size_t room;
    bool ipv6;      /* an address other than the loopback's */
    bool no_memory; /* the list is not complete */
};

static struct interface_address *append_interface(struct collection *collection) {
    struct interface_list *list = &collection->list;
    if (list->count == collection->room) {
        size_t room = collection->room == 0 ? 32 : 2 * collection->room;
        struct interface_address *grown = realloc(list->addresses, room * sizeof(*grown));
        if (grown == NULL) {
            collection->no_memory = true;
            return NULL;
        }
        list->addresses = grown;
        collection->room = room;
    }
    return &list->addresses[list->count++];
}

/* Which of its two addresses libc takes: the peer's on a point-to-point link, and elsewhere both are the same. */
static const void *address_in(const struct nlmsghdr *message, const struct ifaddrmsg *body, size_t address_size) {
    const void *local = NULL;
    size_t size = IFA_PAYLOAD(message);
    for (const struct rtattr *attribute = IFA_RTA(body); RTA_OK(attribute, size);
         attribute = RTA_NEXT(attribute, size)) {
        if (RTA_PAYLOAD(attribute) < address_size)
            continue;
        if (attribute->rta_type == IFA_ADDRESS)
            return RTA_DATA(attribute);
        if (attribute->rta_type == IFA_LOCAL)
            local = RTA_DATA(attribute);
    }
    return local;
}

static void collect_address(void *context, const struct nlmsghdr *message) {
    struct collection *collection = context;
    const struct ifaddrmsg *body = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWADDR || (body->ifa_family != AF_INET && body->ifa_family != AF_INET6))
        return;
    size_t address_size = body->ifa_family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
    const void *address = address_in(message, body, address_size);
    struct interface_address *entry = address == NULL ? NULL : append_interface(collection);
    if (entry == NULL)
        return;
    *entry = (struct interface_address){
        .address = {{{[10] = 0xff, [11] = 0xff}}},
        .index = body->ifa_index,
        .prefix_length = body->ifa_prefixlen,
        .deprecated = (body->ifa_flags & (IFA_F_DEPRECATED | IFA_F_OPTIMISTIC)) != 0,
        .home = (body->ifa_flags & IFA_F_HOMEADDRESS) != 0,
    };
    memcpy(entry->address.s6_addr + sizeof(entry->address) - address_size, address, address_size);
    if (body->ifa_family == AF_INET6 && !IN6_IS_ADDR_LOOPBACK(&entry->address))
        collection->ipv6 = true;
}

static int by_address(const void *left, const void *right) {
    return memcmp(&((const struct interface_address *)left)->address,
                  &((const struct interface_address *)right)->address, sizeof(struct in6_addr));
}

bool interfaces_list(struct interface_list *list) {
    struct collection collection = {0};
    *list = (struct interface_list){0};
    errno = 0;
    bool complete = dump(RTM_GETADDR, collect_address, &collection);
    if (complete && !collection.no_memory && collection.ipv6) {
        /* libc's own qsort(3) and bsearch(3), so that of equal entries the one is found that libc finds. */
        qsort(collection.list.addresses, collection.list.count, sizeof(collection.list.addresses[0]), by_address);
        *list = collection.list;
        return true;
    }
    free(collection.list.addresses);
    return complete ? !collection.no_memory : errno != EMFILE && errno != ENFILE && errno != ENOMEM;
}

void interfaces_free(struct interface_list *list) {
    free(list->addresses);
    *list = (struct interface_list){0};
}

const struct interface_address *interfaces_find(const struct interface_list *list, const struct in6_addr *address) {
    struct interface_address wanted = {.address = *address};
    if (list->count == 0)
        return NULL;
    return bsearch(&wanted, list->addresses, list->count, sizeof(list->addresses[0]), by_address);
}

struct families {
    bool ipv4, ipv6;
};

static void note_family(void *context, const struct nlmsghdr *message) {
    struct families *families = context;
    const struct ifaddrmsg *body = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWADDR || (body->ifa_family != AF_INET && body->ifa_family != AF_INET6))
        return;
    size_t address_size = body->ifa_family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
    const struct in_addr ipv4_loopback = {htonl(INADDR_LOOPBACK)};
    const void *address = address_in(message, body, address_size);
    if (address == NULL)
        return;
    if (body->ifa_family == AF_INET)
        families->ipv4 |= memcmp(address, &ipv4_loopback, address_size) != 0;
    else
        families->ipv6 |= memcmp(address, &in6addr_loopback, address_size) != 0;
}

bool interfaces_families(bool *ipv4, bool *ipv6) {
    struct families families = {false, false};
    bool complete = dump(RTM_GETADDR, note_family, &families);
    *ipv4 = families.ipv4 || !complete;
    *ipv6 = families.ipv6 || !complete;
    return complete;
}

struct transport_handler {
    void (*found)(void *context, uint32_t index, bool native);
    void *context;
};

static void tell_transport(void *context, const struct nlmsghdr *message) {
    const struct transport_handler *handler = context;
    const struct ifinfomsg *body = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWLINK)
        return;
    bool tunnel = body->ifi_type == ARPHRD_TUNNEL || body->ifi_type == ARPHRD_TUNNEL6 || body->ifi_type == ARPHRD_SIT;
    handler->found(handler->context, (uint32_t)body->ifi_index, !tunnel);
}

void interfaces_transport(void (*found)(void *context, uint32_t index, bool native), void *context) {
    struct transport_handler handler = {found, context};
    dump(RTM_GETLINK, tell_transport, &handler);
}
