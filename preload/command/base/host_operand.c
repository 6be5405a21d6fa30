#include "originbypass/command/base/host_operand.h"

#include <string.h>

#include "originbypass/command/base/cli.h"

/* An IPv6 address has two colons at least. */
static bool has_port(const char *operand) {
    const char *colon = strchr(operand, ':');
    return colon != NULL && colon != operand && colon[1] != '\0' && colon[1 + strspn(colon + 1, "0123456789")] == '\0';
}

bool host_operand_is_right(const char *operand) {
    const char *host = strstr(operand, "://");
    if (host != NULL)
        cli_complain("%s is a URL: give only the host, %.*s", operand, (int)strcspn(host + 3, "/:?#"), host + 3);
    else if (strchr(operand, '*') != NULL)
        cli_complain("%s is a rule for many names: give the name of a host", operand);
    else if (has_port(operand))
        cli_complain("%s is a host with a port: give only the host, %.*s", operand, (int)strcspn(operand, ":"),
                     operand);
    else
        return true;
    return false;
}
