/* home_page.h - what a person sees who opens the server's address in a browser.
 */
#pragma once

#include "http/desk.h"

void home_page_handle(struct desk *desk, struct exchange *exchange);
