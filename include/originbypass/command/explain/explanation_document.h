#ifndef ORIGINBYPASS_COMMAND_EXPLAIN_EXPLANATION_DOCUMENT_H
#define ORIGINBYPASS_COMMAND_EXPLAIN_EXPLANATION_DOCUMENT_H

#include "originbypass/command/explain/explanation.h"

/** As an object in a document of JSON. */
void explanation_document(const struct explanation *explanation);

#endif
