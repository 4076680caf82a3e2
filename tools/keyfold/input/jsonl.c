/* JSON lines. Values other than strings keep their own spelling: numbers of any size and precision stay what they
 * were. Decoded text is never longer than its JSON form and is put back in its place in the window. */
#include <string.h>

#include "input/json.h"
#include "input/reader.h"
#include "output/escape.h"

typedef struct json_cursor {
    kft_input *input;
    uint8_t *at;
    uint8_t *end;
    const uint8_t *start;
} json_cursor;

typedef struct json_element {
    int is_string;
    uint8_t *data;     /* a string's decoded bytes, else the compact JSON text */
    size_t size;
} json_element;

/* `problem` NULL: the line ends too early. */
static int invalid(json_cursor *cursor, const char *problem)
{
    return input_bad(cursor->input, "not valid JSON at byte %zu of the line: %s",
                     (size_t)(cursor->at - cursor->start) + 1, problem != NULL ? problem : "it ends early");
}

/* Something else than `wanted` comes. */
static int expected(json_cursor *cursor, const char *wanted)
{
    return invalid(cursor, cursor->at == cursor->end ? NULL : wanted);
}

static void skip_space(json_cursor *cursor)
{
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t' ||
                                        *cursor->at == '\r'))
        cursor->at++;
}

/* Takes `byte` if it is next. */
static int take(json_cursor *cursor, uint8_t byte)
{
    skip_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != byte)
        return 0;
    cursor->at++;
    return 1;
}

/* Drops the space between the tokens of valid JSON, in place. */
static size_t compact(uint8_t *data, size_t size)
{
    size_t kept = 0;
    int quoted = 0;

    for (size_t i = 0; i < size; i++) {
        uint8_t byte = data[i];

        if (!quoted && (byte == ' ' || byte == '\t' || byte == '\r'))
            continue;
        data[kept++] = byte;
        if (byte == '"')
            quoted = !quoted;
        else if (byte == '\\' && quoted && i + 1 < size)
            data[kept++] = data[++i];
    }
    return kept;
}

/* A string without escapes, which is what most are. Returns 0 for anything else. */
static int take_plain_string(json_cursor *cursor, json_element *element)
{
    uint8_t *start = cursor->at + 1, *at = start;
    int ascii = 1;

    if (cursor->at == cursor->end || *cursor->at != '"')
        return 0;
    for (; at < cursor->end && *at != '"'; at++) {
        if (*at == '\\' || *at < 0x20)
            return 0;
        ascii &= *at < 0x80;
    }
    if (at == cursor->end || (!ascii && !is_utf8(start, (size_t)(at - start))))
        return 0;
    element->is_string = 1;
    element->data = start;
    element->size = (size_t)(at - start);
    cursor->at = at + 1;
    return 1;
}

/* Any JSON value. INPUT_RECORD or INPUT_BAD. */
static int take_element(json_cursor *cursor, json_element *element)
{
    kft_json json;
    kft_json_result result;

    skip_space(cursor);
    if (take_plain_string(cursor, element))
        return INPUT_RECORD;
    json = (kft_json){ cursor->at, cursor->end, NULL };
    result = json_skip(&json);
    element->data = cursor->at;
    cursor->at += json.at - cursor->at;
    if (result != JSON_VALID)
        return invalid(cursor, result == JSON_CUT ? NULL : json.problem);
    element->size = (size_t)(cursor->at - element->data);
    element->is_string = element->data[0] == '"';
    if (element->is_string)
        element->size = json_decode(++element->data, element->size - 2);
    else
        element->size = compact(element->data, element->size);
    return INPUT_RECORD;
}

static int decode_hex(json_cursor *cursor, json_element *element)
{
    if (!element->is_string || element->size % 2 != 0)
        return input_bad(cursor->input, "a _hex field is a string of pairs of digits");
    for (size_t i = 0; i < element->size; i += 2) {
        int high = hex_digit(element->data[i]), low = hex_digit(element->data[i + 1]);

        if (high < 0 || low < 0)
            return input_bad(cursor->input, "a _hex field is a string of pairs of digits");
        element->data[i / 2] = (uint8_t)(high << 4 | low);
    }
    element->size /= 2;
    return INPUT_RECORD;
}

/* Whether a member's name is `field` (1), `field`_hex (2), or another (0). */
static int match_field(const json_element *name, const char *field)
{
    size_t size = strlen(field);

    if (name->size < size || memcmp(name->data, field, size) != 0)
        return 0;
    if (name->size == size)
        return 1;
    return name->size == size + 4 && memcmp(name->data + size, "_hex", 4) == 0 ? 2 : 0;
}

/* What a line is about. */
typedef struct json_parts {
    json_element key, value, weight, attribute, payload;
} json_parts;

static int take_object(json_cursor *cursor, json_parts *parts)
{
    const kft_input_settings *settings = cursor->input->settings;
    const struct { int wanted, most; const char *name; json_element *part; } fields[] = {   /* most: as match_field */
        { 1, 2, settings->key_field, &parts->key }, { 1, 2, settings->value_field, &parts->value },
        { settings->wants_weight, 1, settings->weight_field, &parts->weight },
        { settings->row, 2, settings->attribute_field, &parts->attribute },
        { settings->row, 2, settings->payload_field, &parts->payload },
    };
    json_element name, content;
    const char *field = "";

    if (take(cursor, '}'))
        return INPUT_RECORD;
    do {
        json_element *target = NULL;
        int match = 0;

        skip_space(cursor);
        if (cursor->at == cursor->end || *cursor->at != '"')
            return expected(cursor, "a name in double quotes is expected");
        if (take_element(cursor, &name) == INPUT_BAD)
            return INPUT_BAD;
        if (!take(cursor, ':'))
            return expected(cursor, "a colon is expected");
        if (take_element(cursor, &content) == INPUT_BAD)
            return INPUT_BAD;
        for (size_t i = 0; i < sizeof fields / sizeof fields[0] && target == NULL; i++)
            if (fields[i].wanted && (match = match_field(&name, fields[i].name)) != 0 && match <= fields[i].most) {
                target = fields[i].part;
                field = fields[i].name;
            }
        if (target == NULL)
            continue;
        if (target->data != NULL)
            return input_bad(cursor->input, "the field \"%s\" comes twice", field);
        if (match == 2 && decode_hex(cursor, &content) == INPUT_BAD)
            return INPUT_BAD;
        *target = content;
    } while (take(cursor, ','));
    return take(cursor, '}') ? INPUT_RECORD : expected(cursor, "a comma or } is expected");
}

static int take_array(json_cursor *cursor, json_parts *parts)
{
    const int weighted = cursor->input->settings->wants_weight, row = cursor->input->settings->row;

    if (take_element(cursor, &parts->key) == INPUT_BAD)
        return INPUT_BAD;
    if (take(cursor, ',') && take_element(cursor, &parts->value) == INPUT_BAD)
        return INPUT_BAD;
    if (weighted && take(cursor, ',') && take_element(cursor, &parts->weight) == INPUT_BAD)
        return INPUT_BAD;
    if (row && take(cursor, ',') && take_element(cursor, &parts->attribute) == INPUT_BAD)
        return INPUT_BAD;
    if (row && take(cursor, ',') && take_element(cursor, &parts->payload) == INPUT_BAD)
        return INPUT_BAD;
    skip_space(cursor);
    if (cursor->at < cursor->end && *cursor->at == ',')
        return input_bad(cursor->input, "an array of more than [%s]", row ? "id, name, attribute, payload"
                                        : weighted ? "key, value, weight" : "key, value");
    return take(cursor, ']') ? INPUT_RECORD : expected(cursor, "a comma or ] is expected");
}

/* An id and an attribute may be numbers. */
static int is_plain(const json_element *element)
{
    return element->is_string || (element->size > 0 && (element->data[0] == '-' ||
                                                        (element->data[0] >= '0' && element->data[0] <= '9')));
}

static int is_null(const json_element *element)
{
    return !element->is_string && element->size == 4 && memcmp(element->data, "null", 4) == 0;
}

static int check_parts(kft_input *input, const json_parts *parts, kft_record *record)
{
    const kft_input_settings *settings = input->settings;
    const int row = settings->row;

    if (parts->key.data == NULL)
        return input_bad(input, "no field \"%s\"", settings->key_field);
    if (row ? !is_plain(&parts->key) : !parts->key.is_string)
        return input_bad(input, row ? "the id is neither a string nor a number" : "the key is not a string");
    if (parts->value.data == NULL && settings->wants_value)
        return input_bad(input, row ? "no name (field \"%s\")" : "no value", settings->value_field);
    if (row && !parts->value.is_string)
        return input_bad(input, "the name is not a string");
    if (parts->weight.data == NULL && settings->wants_weight)
        return input_bad(input, "no weight");
    if (parts->attribute.data != NULL && !is_plain(&parts->attribute) && !is_null(&parts->attribute))
        return input_bad(input, "the attribute is neither a string nor a number nor null");
    record->key = parts->key.data;
    record->key_size = parts->key.size;
    record->value = parts->value.data;
    record->value_size = parts->value.size;
    record->weight = parts->weight.data;
    record->weight_size = parts->weight.size;
    if (!is_null(&parts->attribute)) {
        record->attribute = parts->attribute.data;
        record->attribute_size = parts->attribute.size;
    }
    record->payload = parts->payload.data;
    record->payload_size = parts->payload.size;
    return INPUT_RECORD;
}

int input_next_jsonl(kft_input *input, kft_record *record)
{
    json_parts parts = { .key = { 0, NULL, 0 } };
    json_cursor cursor = { input, NULL, NULL, NULL };
    size_t size;
    int result = input_next_line(input, '\n', &cursor.at, &size);

    if (result != INPUT_RECORD)
        return result;
    cursor.start = cursor.at;
    cursor.end = cursor.at + size;
    if (take(&cursor, '['))
        result = take_array(&cursor, &parts);
    else if (take(&cursor, '{'))
        result = take_object(&cursor, &parts);
    else if (cursor.at == cursor.end)
        result = input_empty_line(input);
    else
        result = take_element(&cursor, &parts.key);
    if (result != INPUT_RECORD)
        return result;
    skip_space(&cursor);
    if (cursor.at != cursor.end)
        return invalid(&cursor, "the value has ended, and more follows");
    return check_parts(input, &parts, record);
}
