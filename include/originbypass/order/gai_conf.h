#ifndef ORIGINBYPASS_ORDER_GAI_CONF_H
#define ORIGINBYPASS_ORDER_GAI_CONF_H

#include "originbypass/order/gai_tables.h"

/**
 * The tables in force: those of /etc/gai.conf as it was at the first call in this process, as with libc; where it says
 * `reload yes`, as it is now, by its modification time. Never NULL, never to be freed. Thread-safe; takes no lock.
 * errno may change.
 */
const struct gai_tables *gai_conf_tables(void);

#endif
