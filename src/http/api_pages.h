/* api_pages.h - the API's document, for programs and for people.
 *
 * Made at build time and part of the binary: the document that a server gives out is the one
 * that its tests held it to.
 */
#pragma once

#include "http/exchange.h"

/* GET /openapi.json */
void api_pages_document(struct exchange *exchange);

/* GET /docs */
void api_pages_page(struct exchange *exchange);
