/* api_document.h - api/openapi.json, the page made of it and the pages' style, carried inside the
 * program.
 *
 * Shape: the bytes as they are and compressed; a digest of 16 hex digits.
 */
#pragma once

#include <stddef.h>

extern const unsigned char api_document[];
extern const size_t api_document_size;
extern const unsigned char api_document_gzip[];
extern const size_t api_document_gzip_size;
extern const char api_document_digest[];

extern const unsigned char api_page[];
extern const size_t api_page_size;
extern const unsigned char api_page_gzip[];
extern const size_t api_page_gzip_size;
extern const char api_page_digest[];
extern const char api_page_policy[]; /* Its Content-Security-Policy. */

extern const char plain_page_style[];
extern const char plain_page_policy[];
