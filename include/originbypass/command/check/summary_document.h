#ifndef ORIGINBYPASS_COMMAND_CHECK_SUMMARY_DOCUMENT_H
#define ORIGINBYPASS_COMMAND_CHECK_SUMMARY_DOCUMENT_H

#include "originbypass/config/config.h"
#include "originbypass/config/source.h"

/** The same as summary_print(), as members of a JSON object. */
void summary_document(const struct config *config, const struct config_source *source);

#endif
