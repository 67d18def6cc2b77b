#include "http/html.h"

void html_append(struct buffer *buffer, struct slice text)
{
    for (size_t index = 0; index < text.size; index++) {
        const char letter = text.data[index];
        switch (letter) {
        case '&':
            buffer_append(buffer, SLICE("&amp;"));
            break;
        case '<':
            buffer_append(buffer, SLICE("&lt;"));
            break;
        case '>':
            buffer_append(buffer, SLICE("&gt;"));
            break;
        case '"':
            buffer_append(buffer, SLICE("&quot;"));
            break;
        case '\'':
            buffer_append(buffer, SLICE("&#39;"));
            break;
        default:
            buffer_append_char(buffer, letter);
            break;
        }
    }
}
