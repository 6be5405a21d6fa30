#ifndef ORIGINBYPASS_COMMAND_EXPORT_EXPORT_FORMATS_H
#define ORIGINBYPASS_COMMAND_EXPORT_EXPORT_FORMATS_H

#include "originbypass/command/export/export_format.h"

/** The formats. Each is in the file that has its name. */
extern const struct export_format export_hosts, export_hostaliases, export_nginx, export_haproxy, export_dnsmasq,
    export_coredns;

#endif
