#ifndef ORIGINBYPASS_COMMAND_DNS_SERVER_LISTS_H
#define ORIGINBYPASS_COMMAND_DNS_SERVER_LISTS_H

#include <stdbool.h>

#include "originbypass/config/config.h"

/**
 * Of these upstreams, those that the library asks from this host: the ones that there is a route to (upstream/route.h),
 * or all of them if there is a route to none. The caller must free(3) the list.
 */
struct server_list *server_list_asked(const struct server_list *upstreams);

/** Whether the list names this server. */
bool server_list_has(const struct server_list *list, const struct server_address *server);

/** Whether both are addresses of one service (upstream/service.h). */
bool server_is_same_service(const struct server_address *a, const struct server_address *b);

/** Whether one of them is the same service, perhaps at its address of the other family. */
bool server_list_has_service(const struct server_list *asked, const struct server_address *server);

#endif
