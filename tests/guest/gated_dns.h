#ifndef GUEST_GATED_DNS_H
#define GUEST_GATED_DNS_H

/*
 * A DNS server at 127.0.0.1:53, in its own process, which answers only while its gate is open. So a test decides when
 * lookups end. Every name has the addresses 192.0.2.9 and 2001:db8::9, except those whose first label is "gone" (no
 * such name), "empty" (no such record), "fails" (server failure) and "alias" (a CNAME to canonical.test).
 */

/** Start it with an open gate, and write an /etc/resolv.conf that points to it. It ends with this process. */
void gated_dns_start(void);

/** End it. */
void gated_dns_stop(void);

void gated_dns_close(void);
void gated_dns_open(void);

#endif
