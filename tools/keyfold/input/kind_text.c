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

static int has(const uint8_t *data, size_t size, const char *text)
{
    return memmem(data, size, text, strlen(text)) != NULL;
}

/* Whether it is one element, which is closed at the very end, with others in it. Lists of tags are not. */
static int is_element(const uint8_t *data, size_t size, int whole)
{
    size_t name = 1;

    while (size > 0 && (data[size - 1] == '\n' || data[size - 1] == '\r' || data[size - 1] == ' '))
        size--;
    while (name < size && data[name] > ' ' && data[name] != '>' && data[name] != '/')
        name++;
    if (!whole)
        return has(data, size < 300 ? size : 300, " xmlns") && has(data, size, "</");
    if (size < 2 * name + 2 || data[size - 1] != '>' || memcmp(data + size - name - 2, "</", 2) != 0 ||
        memcmp(data + size - name, data + 1, name - 1) != 0)
        return 0;
    return has(data, size - name - 2, "</") || has(data, size - name - 2, "/>");
}

static int is_markup(const uint8_t *data, size_t size, int whole, kft_kind *kind)
{
    if (has(data, size, "</") && (begins(data, size, "<!doctype html") || begins(data, size, "<html"))) {
        *kind = (kft_kind){ "an HTML page", "if it came from the network, see in it what the server had to say" };
        return 1;
    }
    if (!is_element(data, size, whole) &&
        !(begins(data, size, "<?xml ") && (has(data, size, "</") || has(data, size, "/>"))))
        return 0;
    *kind = (kft_kind){ "an XML document", "make a line of TSV, CSV or JSON of each entry first" };
    return 1;
}

#define AS_LINES "or say --format lines if its lines are keys"
static const kft_kind yaml = { "YAML", "in Python, keyfold.compile(path, yaml.safe_load(...)) takes a mapping; "
                               AS_LINES };
static const kft_kind sections = { "settings in sections (TOML or INI)", "in Python, load it (tomllib, configparser) "
                                   "and hand the dict to keyfold.compile; " AS_LINES };
static const kft_kind sql = { "SQL statements", "load them into their database, and take a query's result as CSV; "
                              AS_LINES };

/* [name], and then a line with an assignment. */
static int is_sections(const uint8_t *data, size_t size)
{
    const uint8_t *line = size > 2 && *data == '[' ? memchr(data, '\n', size) : NULL;
    const uint8_t *end = data + size;

    if (line == NULL || line[-1 - (line[-1] == '\r')] != ']')
        return 0;
    for (line++; line < end && (*line == '_' || *line == '-' || *line == '.' || (*line >= '0' && *line <= '9') ||
                                (*line >= 'A' && *line <= 'Z') || (*line >= 'a' && *line <= 'z')); line++)
        continue;
    while (line < end && *line == ' ')
        line++;
    return line < end && *line == '=';
}

static const struct { const char *start, *within; const kft_kind *kind; } starts[] = {
    { "%YAML ", "", &yaml }, { "---\n", ": ", &yaml }, { "---\r\n", ": ", &yaml },
    { "-- MySQL dump", "", &sql }, { "-- MariaDB dump", "", &sql }, { "/*M!", "dump", &sql },
    { "--\n-- PostgreSQL database", "", &sql }, { "PRAGMA foreign_keys", ";", &sql },
    { "BEGIN TRANSACTION;", "CREATE", &sql }, { "CREATE TABLE ", ";", &sql }, { "INSERT INTO ", ";", &sql },
};

int kind_document(const kft_head *head, kft_kind *kind)
{
    const uint8_t *data = head->data + blank_size(head);
    size_t size = head->size - blank_size(head);

    if (size == 0)
        return 0;
    if (*data == '<')
        return is_markup(data, size, head->whole, kind);
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        if (!begins(data, size, starts[i].start) || !has(data, size, starts[i].within))
            continue;
        *kind = *starts[i].kind;
        return 1;
    }
    if (!is_sections(data, size))
        return 0;
    *kind = sections;
    return 1;
}

int kind_may_begin_document(const uint8_t *data, size_t size)
{
    if (size > 0 && memchr("<{[", *data, 3) != NULL)
        return 1;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        size_t line = strcspn(starts[i].start, "\r\n");

        if (size >= line && strncasecmp((const char *)data, starts[i].start, line) == 0)
            return 1;
    }
    return 0;
}

const kft_kind *kind_of_extension(const char *extension, size_t size)
{
    static const struct { const char *extension; const kft_kind *kind; } known[] = {
        { "yaml", &yaml }, { "yml", &yaml }, { "toml", &sections }, { "ini", &sections }, { "sql", &sql },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (size == strlen(known[i].extension) && strncasecmp(extension, known[i].extension, size) == 0)
            return known[i].kind;
    return NULL;
}
