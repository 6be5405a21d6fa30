#ifndef ORIGINBYPASS_COMMAND_BASE_HOST_OPERAND_H
#define ORIGINBYPASS_COMMAND_BASE_HOST_OPERAND_H

#include <stdbool.h>

/**
 * Whether an operand may be the name of a host. False after a complaint that says what to give instead: it is a URL, a
 * host rule with a wildcard, or a host with a port.
 */
bool host_operand_is_right(const char *operand);

#endif
