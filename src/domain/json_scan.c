/* SPDX-License-Identifier: MIT */
#include "domain/json_scan.h"

#include "base/text.h"

#include <string.h>

enum expect {
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END, /* right after '[' */
    EXPECT_KEY,          /* after ',' in an object */
    EXPECT_KEY_OR_END,   /* right after '{' */
    EXPECT_COMMA_OR_END,
    EXPECT_NOTHING /* the one value is complete */
};

/* Counted on from the last answer, so that a long line is not walked once a token. */
static int column_of(struct json_scan *scan, size_t offset)
{
    if (scan->column_at < scan->line_start || scan->column_at > offset) {
        scan->column_at = scan->line_start;
        scan->column = 1;
    }
    for (; scan->column_at < offset; scan->column_at++)
        scan->column += ((unsigned char)scan->text[scan->column_at] & 0xc0) != 0x80;
    return scan->column;
}

static bool fault(
    struct json_scan *scan, struct json_token *token, struct error *err, const char *what)
{
    token->line = scan->line;
    token->column = column_of(scan, scan->at);
    return error_set(err, ERROR_FAILED, "line %d, column %d: %s", token->line, token->column, what);
}

bool json_scan_start(struct json_scan *scan, const char *text, size_t length, struct error *err)
{
    *scan = (struct json_scan){.text = text, .length = length, .line = 1, .column = 1};
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return error_set(err, ERROR_FAILED,
            "line 1, column 1: a byte order mark, which Python's json refuses; save as plain "
            "UTF-8");
    for (size_t i = 0, n; i < length; i += n) {
        n = text_utf8_length(text + i, length - i);
        if (n == 0)
            return error_set(err, ERROR_FAILED, "line %d: byte 0x%02x is not UTF-8", scan->line,
                (unsigned)(unsigned char)text[i]);
        scan->line += text[i] == '\n';
    }
    scan->line = 1;
    return true;
}

void json_scan_free(struct json_scan *scan)
{
    text_free(&scan->decoded);
}

static void skip_blanks(struct json_scan *scan)
{
    for (; scan->at < scan->length; scan->at++) {
        char c = scan->text[scan->at];
        if (c == '\n') {
            scan->line++;
            scan->line_start = scan->at + 1;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return;
        }
    }
}

/* The character at `at` + ahead, NUL past the end (a NUL in the text is no valid token either). */
static char peek(const struct json_scan *scan, size_t ahead)
{
    return scan->at + ahead < scan->length ? scan->text[scan->at + ahead] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The value of 4 hex digits at `at` + ahead, -1 when they are not there. */
static long hex4(const struct json_scan *scan, size_t ahead)
{
    long value = 0;
    for (size_t i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        char c = peek(scan, ahead + i);
        const char *digit = c != '\0' ? strchr(digits, c) : NULL;
        if (digit == NULL)
            return -1;
        value = value * 16 + (digit - digits) % 16;
    }
    return value;
}

static void add_code_point(struct text *out, long c)
{
    if (c == 0 || (c >= 0xd800 && c <= 0xdfff))
        c = 0xfffd;
    char bytes[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3f));
    bytes[0] = (char)(lead[n] | (unsigned char)c);
    text_add_bytes(out, bytes, n);
}

/* At the backslash of an escape; moves past it. */
static bool scan_escape(struct json_scan *scan, struct json_token *token, struct error *err)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    char c = peek(scan, 1);
    const char *name = c != '\0' ? strchr(names, c) : NULL;
    if (name != NULL) {
        text_add_bytes(&scan->decoded, &values[name - names], 1);
        scan->at += 2;
        return true;
    }
    if (c != 'u')
        return fault(scan, token, err, "invalid \\escape");
    long high = hex4(scan, 2);
    if (high < 0)
        return fault(scan, token, err, "invalid \\uXXXX escape");
    long low = peek(scan, 6) == '\\' && peek(scan, 7) == 'u' ? hex4(scan, 8) : -1;
    if (high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff) {
        add_code_point(&scan->decoded, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
        scan->at += 12;
    } else {
        add_code_point(&scan->decoded, high);
        scan->at += 6;
    }
    return true;
}

static bool scan_string(struct json_scan *scan, struct json_token *token, struct error *err)
{
    scan->decoded.length = 0;
    for (scan->at++; scan->at < scan->length;) {
        char c = peek(scan, 0);
        if (c == '"') {
            scan->at++;
            text_add_bytes(&scan->decoded, "", 1);
            token->string = scan->decoded.data;
            return true;
        }
        if ((unsigned char)c < 0x20)
            return fault(scan, token, err, "a raw control character inside a string");
        if (c == '\\') {
            if (!scan_escape(scan, token, err))
                return false;
        } else {
            text_add_bytes(&scan->decoded, &c, 1);
            scan->at++;
        }
    }
    return fault(scan, token, err, "the text ends inside a string");
}

static void skip_digits(struct json_scan *scan)
{
    while (is_digit(peek(scan, 0)))
        scan->at++;
}

/* Python's grammar: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)? */
static bool scan_number(struct json_scan *scan, struct json_token *token, struct error *err)
{
    token->kind = JSON_INT;
    size_t sign = peek(scan, 0) == '-';
    if (!is_digit(peek(scan, sign)))
        return fault(scan, token, err, "a value was expected");
    scan->at += sign;
    if (peek(scan, 0) == '0')
        scan->at++;
    else
        skip_digits(scan);
    if (peek(scan, 0) == '.' && is_digit(peek(scan, 1))) {
        token->kind = JSON_FLOAT;
        scan->at++;
        skip_digits(scan);
    }
    size_t e = peek(scan, 1) == '-' || peek(scan, 1) == '+' ? 2 : 1;
    if ((peek(scan, 0) == 'e' || peek(scan, 0) == 'E') && is_digit(peek(scan, e))) {
        token->kind = JSON_FLOAT;
        scan->at += e;
        skip_digits(scan);
    }
    return true;
}

static bool scan_word(struct json_scan *scan, struct json_token *token)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } words[] = {
        {"true", JSON_TRUE},
        {"false", JSON_FALSE},
        {"null", JSON_NULL},
        {"NaN", JSON_FLOAT},
        {"Infinity", JSON_FLOAT},
        {"-Infinity", JSON_FLOAT},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t n = strlen(words[i].word);
        if (scan->length - scan->at >= n && memcmp(scan->text + scan->at, words[i].word, n) == 0) {
            token->kind = words[i].kind;
            scan->at += n;
            return true;
        }
    }
    return false;
}

static void value_done(struct json_scan *scan)
{
    scan->expect = scan->depth == 0 ? EXPECT_NOTHING : EXPECT_COMMA_OR_END;
}

static bool open_container(
    struct json_scan *scan, struct json_token *token, bool object, struct error *err)
{
    if (scan->depth == JSON_SCAN_DEPTH)
        return fault(scan, token, err, "nested too deep");
    token->kind = object ? JSON_OBJECT : JSON_ARRAY;
    scan->in_object[scan->depth++] = object;
    scan->expect = object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
    scan->at++;
    return true;
}

static bool close_container(struct json_scan *scan, struct json_token *token)
{
    token->kind = scan->in_object[scan->depth - 1] ? JSON_OBJECT_END : JSON_ARRAY_END;
    scan->depth--;
    token->depth = scan->depth;
    scan->at++;
    value_done(scan);
    return true;
}

static bool scan_value(struct json_scan *scan, struct json_token *token, struct error *err)
{
    char c = peek(scan, 0);
    if (c == '{' || c == '[')
        return open_container(scan, token, c == '{', err);
    if (c == '"') {
        token->kind = JSON_STRING;
        if (!scan_string(scan, token, err))
            return false;
    } else if (!scan_word(scan, token) && !scan_number(scan, token, err)) {
        return false;
    }
    value_done(scan);
    return true;
}

static bool scan_key(struct json_scan *scan, struct json_token *token, struct error *err)
{
    if (peek(scan, 0) != '"')
        return fault(scan, token, err, "a key in double quotes was expected");
    token->kind = JSON_KEY;
    if (!scan_string(scan, token, err))
        return false;
    token->length = (size_t)(scan->text + scan->at - token->text);
    skip_blanks(scan);
    if (peek(scan, 0) != ':')
        return fault(scan, token, err, "':' was expected after the key");
    scan->at++;
    scan->expect = EXPECT_VALUE;
    return true;
}

/* Between two members: takes the comma, so that a value or key follows. */
static bool scan_comma(struct json_scan *scan, struct json_token *token, struct error *err)
{
    bool object = scan->in_object[scan->depth - 1];
    if (peek(scan, 0) != ',')
        return fault(
            scan, token, err, object ? "',' or '}' was expected" : "',' or ']' was expected");
    size_t comma = scan->at++;
    int line = scan->line;
    size_t line_start = scan->line_start;
    skip_blanks(scan);
    if (peek(scan, 0) == (object ? '}' : ']')) {
        scan->at = comma;
        scan->line = line;
        scan->line_start = line_start;
        return fault(scan, token, err,
            object ? "a trailing comma before '}'" : "a trailing comma before ']'");
    }
    scan->expect = object ? EXPECT_KEY : EXPECT_VALUE;
    return true;
}

static bool at_end_of_container(const struct json_scan *scan)
{
    if (scan->depth == 0 || scan->expect == EXPECT_VALUE || scan->expect == EXPECT_KEY)
        return false;
    return peek(scan, 0) == (scan->in_object[scan->depth - 1] ? '}' : ']');
}

bool json_scan_next(struct json_scan *scan, struct json_token *token, struct error *err)
{
    *token = (struct json_token){.kind = JSON_END};
    skip_blanks(scan);
    if (scan->expect == EXPECT_NOTHING) {
        if (scan->at < scan->length)
            return fault(scan, token, err, "more text after the end of the JSON value");
        return true;
    }
    if (scan->at == scan->length && scan->depth == 0)
        return fault(scan, token, err, "the file is empty");
    if (scan->at == scan->length)
        return fault(scan, token, err, "the text ends too early: cut off?");
    if (scan->expect == EXPECT_COMMA_OR_END && !at_end_of_container(scan) &&
        !scan_comma(scan, token, err))
        return false;
    if (scan->at == scan->length)
        return fault(scan, token, err, "the text ends too early: cut off?");
    token->text = scan->text + scan->at;
    token->line = scan->line;
    token->column = column_of(scan, scan->at);
    token->depth = scan->depth;
    bool done = at_end_of_container(scan) ? close_container(scan, token)
                : scan->expect == EXPECT_KEY || scan->expect == EXPECT_KEY_OR_END
                    ? scan_key(scan, token, err)
                    : scan_value(scan, token, err);
    if (done && token->length == 0)
        token->length = (size_t)(scan->text + scan->at - token->text);
    return done;
}
