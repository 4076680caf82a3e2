/* Kinds of text that are no lines of records. */
#include <string.h>
#include <strings.h>

#include "input/json.h"
#include "system.h"
#include "input/kind.h"

int kind_has_returns(const kft_head *head)
{
    const uint8_t *found = head->size > 0 ? memchr(head->data, '\r', head->size) : NULL;

    /* One at the very end ends the only line, which is no matter. */
    return found != NULL && found + 1 < head->data + head->size && memchr(head->data, '\n', head->size) == NULL;
}

/* Where the text begins. A tab first would be a line of TSV with the empty key. */
static size_t blank_size(const kft_head *head)
{
    size_t size = 0;

    while (size < head->size && (head->data[size] == ' ' || head->data[size] == '\r' || head->data[size] == '\n'))
        size++;
    return size;
}

static int opens(const kft_json *json)
{
    return json->at < json->end && (*json->at == '{' || *json->at == '[');
}

kft_json_shape kind_json(const kft_head *head)
{
    kft_json json = { head->data + blank_size(head), head->data + head->size, NULL };
    kft_json_shape document;
    kft_json_result result;
    const uint8_t *start, *line_end;

    if (!opens(&json))
        return JSON_SHAPE_NONE;
    start = json.at;
    document = *start == '{' ? JSON_SHAPE_OBJECT : JSON_SHAPE_ARRAY;
    result = json_skip(&json);
    if (result == JSON_INVALID || (result == JSON_CUT && head->whole))
        return JSON_SHAPE_NONE;
    line_end = memchr(start, '\n', (size_t)(json.at - start));
    if (result == JSON_CUT)
        return line_end != NULL ? document : JSON_SHAPE_NONE;
    /* Brackets with next to nothing between them may be words of a list. */
    if (memchr(start, '"', (size_t)(json.at - start)) == NULL && json.at - start < 8)
        return JSON_SHAPE_NONE;
    if (line_end != NULL)
        return document;
    while (json.at < json.end && (*json.at == ' ' || *json.at == '\t' || *json.at == '\r'))
        json.at++;
    if (json.at < json.end && *json.at != '\n')
        return JSON_SHAPE_NONE;
    json_skip_space(&json);
    if (json.at == json.end)
        return JSON_SHAPE_LINE;
    return opens(&json) && json_skip(&json) != JSON_INVALID ? JSON_SHAPE_LINES : JSON_SHAPE_NONE;
}

static int begins(const uint8_t *data, size_t size, const char *text)
{
    return size >= strlen(text) && strncasecmp((const char *)data, text, strlen(text)) == 0;
}

int kind_markup(const kft_head *head, kft_kind *kind)
{
    const uint8_t *data = head->data + blank_size(head);
    size_t size = head->size - blank_size(head);

    /* Lists of tags begin in the same way, but have nothing that is closed. */
    if (size == 0 || *data != '<' || memmem(data, size, "</", 2) == NULL)
        return 0;
    if (begins(data, size, "<!doctype html") || begins(data, size, "<html")) {
        *kind = (kft_kind){ "an HTML page", "if it came from the network, see in it what the server had to say" };
        return 1;
    }
    if (!begins(data, size, "<?xml "))
        return 0;
    *kind = (kft_kind){ "an XML document", "make a line of TSV, CSV or JSON of each entry first" };
    return 1;
}
